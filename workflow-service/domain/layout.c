#include "domain/layout.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

struct graph {
    struct arena *arena;
    size_t nodes, edge_count;
    struct layout_edge *edges;
    size_t *out, *first; /* edges by their beginning: those of v are out[first[v]…first[v + 1]) */
};

static void sort_edges(struct graph *g)
{
    g->out = ARENA_ARRAY(g->arena, size_t, g->edge_count + 1);
    g->first = ARENA_ARRAY(g->arena, size_t, g->nodes + 2);
    for (size_t i = 0; i < g->edge_count; i++)
        g->first[g->edges[i].from + 2]++;
    for (size_t v = 2; v < g->nodes + 2; v++)
        g->first[v] += g->first[v - 1];
    for (size_t i = 0; i < g->edge_count; i++)
        g->out[g->first[g->edges[i].from + 1]++] = i;
}

/* ---- layers ------------------------------------------------------------------------------- */

enum visit { UNSEEN, OPEN, DONE };

/* Depth first, without recursion: an edge to a node that is still open closes a circle. */
static void mark_back_edges(struct graph *g, size_t root, enum visit *seen, size_t *next)
{
    size_t *path = ARENA_ARRAY(g->arena, size_t, g->nodes + 1), depth = 0;
    if (seen[root] != UNSEEN)
        return;
    seen[root] = OPEN;
    path[depth++] = root;
    while (depth) {
        size_t v = path[depth - 1];
        if (next[v] == g->first[v + 1]) {
            seen[v] = DONE;
            depth--;
            continue;
        }
        struct layout_edge *e = &g->edges[g->out[next[v]++]];
        e->is_back = seen[e->to] == OPEN;
        if (seen[e->to] == UNSEEN) {
            seen[e->to] = OPEN;
            path[depth++] = e->to;
        }
    }
}

static void break_circles(struct graph *g, size_t first)
{
    enum visit *seen = ARENA_ARRAY(g->arena, enum visit, g->nodes + 1);
    size_t *next = ARENA_ARRAY(g->arena, size_t, g->nodes + 1);
    memcpy(next, g->first, g->nodes * sizeof *next);
    mark_back_edges(g, first, seen, next);
    for (size_t v = 0; v < g->nodes; v++)
        mark_back_edges(g, v, seen, next);
}

static void find_layers(struct graph *g, size_t *layer)
{
    size_t *waits = ARENA_ARRAY(g->arena, size_t, g->nodes + 1);
    size_t *queue = ARENA_ARRAY(g->arena, size_t, g->nodes + 1), head = 0, tail = 0;
    for (size_t i = 0; i < g->edge_count; i++)
        waits[g->edges[i].to] += !g->edges[i].is_back;
    for (size_t v = 0; v < g->nodes; v++)
        if (!waits[v])
            queue[tail++] = v;
    while (head < tail) {
        size_t v = queue[head++];
        for (size_t k = g->first[v]; k < g->first[v + 1]; k++) {
            const struct layout_edge *e = &g->edges[g->out[k]];
            if (e->is_back)
                continue;
            if (layer[e->to] < layer[v] + 1)
                layer[e->to] = layer[v] + 1;
            if (--waits[e->to] == 0)
                queue[tail++] = e->to;
        }
    }
}

/* ---- places ------------------------------------------------------------------------------- */

/* A node and where those above would like it: the sum of their places over their number. */
struct wish {
    size_t node, sum, count;
};

static int compare_wishes(const void *one, const void *two)
{
    const struct wish *a = one, *b = two;
    size_t left = a->sum * b->count, right = b->sum * a->count;
    if (a->count && b->count && left != right)
        return left < right ? -1 : 1;
    if (!a->count != !b->count)
        return a->count ? -1 : 1;
    return a->node < b->node ? -1 : a->node > b->node;
}

static void find_places(struct graph *g, struct layout *l)
{
    struct wish *wishes = ARENA_ARRAY(g->arena, struct wish, g->nodes + 1);
    struct wish *row = ARENA_ARRAY(g->arena, struct wish, g->nodes + 1);
    for (size_t layer = 0; layer < l->layer_count; layer++) {
        size_t n = 0;
        for (size_t v = 0; v < g->nodes; v++) {
            wishes[v].node = v;
            if (l->layer[v] == layer)
                row[n++] = wishes[v];
        }
        qsort(row, n, sizeof *row, compare_wishes);
        for (size_t i = 0; i < n; i++) {
            size_t v = row[i].node;
            l->place[v] = i;
            for (size_t k = g->first[v]; k < g->first[v + 1]; k++) {
                const struct layout_edge *e = &g->edges[g->out[k]];
                wishes[e->to].sum += e->is_back ? 0 : i;
                wishes[e->to].count += !e->is_back;
            }
        }
        l->width[layer] = n;
    }
}

void layout_arrange(struct arena *a, size_t nodes, struct layout_edge *edges, size_t edge_count,
                    size_t first, struct layout *out)
{
    struct graph g = {.arena = a, .nodes = nodes, .edge_count = edge_count, .edges = edges};
    *out = (struct layout){
        .layer = ARENA_ARRAY(a, size_t, nodes + 1),
        .place = ARENA_ARRAY(a, size_t, nodes + 1),
        .width = ARENA_ARRAY(a, size_t, nodes + 1),
    };
    if (nodes == 0)
        return;
    sort_edges(&g);
    break_circles(&g, first);
    find_layers(&g, out->layer);
    for (size_t v = 0; v < nodes; v++)
        if (out->layer[v] + 1 > out->layer_count)
            out->layer_count = out->layer[v] + 1;
    find_places(&g, out);
}
