#include "api/drawing.h"

#include "arena.h"
#include "buf.h"
#include "strmap.h"

struct str drawing_end(size_t i)
{
    return i ? STR("rejected") : STR("resolved");
}

static void free_map(void *arg)
{
    strmap_free(arg);
}

/* Node + 1 of the first step of each name. */
static struct strmap *steps_by_name(struct arena *a, const struct definition *d)
{
    struct strmap *m = strmap_new();
    arena_defer(a, free_map, m);
    for (size_t i = 0; i < d->step_count; i++)
        if (!strmap_get(m, d->steps[i].name))
            strmap_set(m, d->steps[i].name, (void *)(uintptr_t)(i + 1));
    return m;
}

struct drawing_arrow *drawing_arrows(struct arena *a, const struct definition *d, size_t *count,
                                     bool has_end[DRAWING_ENDS])
{
    struct drawing_arrow *arrows = ARENA_ARRAY(a, struct drawing_arrow, d->transition_count + 1);
    const struct strmap *steps = steps_by_name(a, d);
    *count = 0;
    for (size_t i = 0; i < d->transition_count; i++) {
        const struct definition_transition *t = &d->transitions[i];
        size_t from = (uintptr_t)strmap_get(steps, t->from);
        size_t to = t->to.p ? (uintptr_t)strmap_get(steps, t->to) : 0;
        for (size_t k = 0; k < DRAWING_ENDS && from && !t->to.p; k++)
            if (str_eq(t->outcome, drawing_end(k))) {
                to = d->step_count + k + 1;
                has_end[k] = true;
            }
        if (from && to)
            arrows[(*count)++] = (struct drawing_arrow){from - 1, to - 1, i};
    }
    return arrows;
}

enum drawing_mark drawing_mark_of(const struct drawing *d, size_t node)
{
    size_t steps = d->definition->step_count;
    if (!d->marks)
        return MARK_NONE;
    if (node < steps)
        return d->marks[node];
    return str_eq(d->outcome, drawing_end(node - steps)) ? MARK_DONE : MARK_PENDING;
}

const char *drawing_mark_word(enum drawing_mark m)
{
    static const char *const words[] = {"", "done", "current", "pending"};
    return words[m];
}

/* ---- DOT ---------------------------------------------------------------------------------- */

static void add_quoted(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, c < ' ' || c == 0x7f ? ' ' : (char)c);
    }
}

static void add_mark(struct buf *b, enum drawing_mark m)
{
    static const char *const colours[] = {"white", "palegreen", "gold", "whitesmoke"};
    buf_printf(b, ", fillcolor=\"%s\"", colours[m]);
    if (m != MARK_NONE)
        buf_printf(b, ", class=\"%s\"", drawing_mark_word(m));
}

struct str drawing_dot(struct arena *a, const struct drawing *d)
{
    const struct definition *def = d->definition;
    bool has_end[DRAWING_ENDS] = {false};
    size_t count;
    struct drawing_arrow *arrows = drawing_arrows(a, def, &count, has_end);
    struct buf b;
    buf_init(&b, a);
    BUF_LIT(&b, "digraph \"");
    add_quoted(&b, d->caption);
    BUF_LIT(&b, "\" {\n  rankdir=TB;\n  node [shape=box, style=\"rounded,filled\"];\n");
    for (size_t i = 0; i < def->step_count; i++) {
        buf_printf(&b, "  n%zu [label=\"", i);
        add_quoted(&b, def->steps[i].name);
        BUF_LIT(&b, "\\n");
        add_quoted(&b, def->steps[i].role_name);
        BUF_LIT(&b, "\"");
        if (def->steps[i].is_start)
            BUF_LIT(&b, ", penwidth=2");
        add_mark(&b, drawing_mark_of(d, i));
        BUF_LIT(&b, "];\n");
    }
    for (size_t k = 0; k < DRAWING_ENDS; k++)
        if (has_end[k]) {
            buf_printf(&b, "  n%zu [label=\"%.*s\", shape=ellipse", def->step_count + k,
                       STR_ARG(drawing_end(k)));
            add_mark(&b, drawing_mark_of(d, def->step_count + k));
            BUF_LIT(&b, "];\n");
        }
    for (size_t i = 0; i < count; i++) {
        buf_printf(&b, "  n%zu -> n%zu [label=\"", arrows[i].from, arrows[i].to);
        add_quoted(&b, def->transitions[arrows[i].transition].name);
        BUF_LIT(&b, "\"");
        if (d->taken && d->taken[arrows[i].transition])
            BUF_LIT(&b, ", penwidth=2");
        BUF_LIT(&b, "];\n");
    }
    BUF_LIT(&b, "}\n");
    return buf_str(&b);
}
