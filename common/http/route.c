#include "route.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "mem.h"

#define MAX_PARAMS 8

/* One segment of the compiled patterns. Everything is in the table's arena. */
struct node {
    struct str literal;      /* of a literal child */
    struct node *next;       /* sibling literal */
    struct node *literals;   /* children */
    struct node *parameter;  /* child for "{name}" */
    struct node *remainder;  /* child for "{name*}" */
    struct endpoint *routes; /* patterns that end here */
};

struct endpoint {
    const struct route *route;
    struct str method;
    struct endpoint *next;
};

struct route_table {
    struct arena *arena;
    struct node root;
    const struct route **routes; /* in the order of the arrays */
    size_t count;
};

/* ---- compiling ---------------------------------------------------------------------------- */

static void __attribute__((noreturn)) refuse(const struct route *r, const char *why)
{
    fprintf(stderr, "route %s %s: %s\n", r->method, r->pattern, why);
    abort();
}

static struct node *literal_child(struct route_table *t, struct node *n, struct str text)
{
    struct node **at = &n->literals;
    while (*at && !str_eq((*at)->literal, text))
        at = &(*at)->next;
    if (!*at) {
        *at = ARENA_NEW(t->arena, struct node);
        (*at)->literal = text;
    }
    return *at;
}

static struct node *only_child(struct route_table *t, struct node **child)
{
    if (!*child)
        *child = ARENA_NEW(t->arena, struct node);
    return *child;
}

static struct node *descend(struct route_table *t, struct node *n, struct str segment,
                            const struct route *r)
{
    bool is_parameter = segment.len > 2 && segment.p[0] == '{' && segment.p[segment.len - 1] == '}';
    if (segment.len == 0)
        refuse(r, "empty segment");
    if (!is_parameter) {
        if (str_index(segment, '{', 0) >= 0 || str_index(segment, '%', 0) >= 0)
            refuse(r, "a segment is a literal or one parameter");
        return literal_child(t, n, segment);
    }
    if (segment.p[segment.len - 2] == '*')
        return only_child(t, &n->remainder);
    return only_child(t, &n->parameter);
}

/* The pattern's segments; the slashes at both ends do not count. */
static struct str pattern_segments(const struct route *r)
{
    struct str s = str_from(r->pattern);
    if (s.len == 0 || s.p[0] != '/')
        refuse(r, "a pattern starts with a slash");
    s = str_slice(s, 1, s.len);
    if (s.len && s.p[s.len - 1] == '/')
        s.len--;
    return s.len ? s : STR_NULL;
}

static void add_route(struct route_table *t, const struct route *r)
{
    struct node *n = &t->root;
    struct str rest = pattern_segments(r), segment;
    int params = 0;
    bool has_ended = false;
    while (str_next(&rest, '/', &segment)) {
        if (has_ended)
            refuse(r, "nothing can follow the remaining segments");
        struct node *parent = n;
        n = descend(t, n, segment, r);
        has_ended = n == parent->remainder;
        if (n == parent->parameter || has_ended)
            params++;
    }
    if (params > MAX_PARAMS)
        refuse(r, "too many parameters");
    struct endpoint **at = &n->routes;
    for (; *at; at = &(*at)->next)
        if (str_eq((*at)->method, str_from(r->method)))
            refuse(r, "declared twice");
    *at = ARENA_NEW(t->arena, struct endpoint);
    (*at)->route = r;
    (*at)->method = str_from(r->method);
}

struct route_table *route_table_new(const struct route *const *arrays, size_t n)
{
    struct route_table *t = MEM_NEW(struct route_table);
    t->arena = arena_new();
    for (size_t i = 0; i < n; i++)
        for (const struct route *r = arrays[i]; r->method; r++)
            t->count++;
    t->routes = ARENA_ARRAY(t->arena, const struct route *, t->count + 1);
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        for (const struct route *r = arrays[i]; r->method; r++) {
            add_route(t, r);
            t->routes[at++] = r;
        }
    return t;
}

void route_table_free(struct route_table *t)
{
    if (!t)
        return;
    arena_free(t->arena);
    free(t);
}

const struct route *route_table_at(const struct route_table *t, size_t i)
{
    return i < t->count ? t->routes[i] : NULL;
}

/* ---- matching ----------------------------------------------------------------------------- */

/* What the walk looks for; visit returns true to stop it. */
struct walk {
    struct str params[MAX_PARAMS];
    int count;
    bool (*visit)(struct walk *w, const struct node *n);
    struct str method;
    const struct route *found;
    struct buf *allow;
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether the segment spells the literal, possibly with escapes. */
static bool spells(struct str segment, struct str literal)
{
    if (segment.len == literal.len)
        return memcmp(segment.p, literal.p, literal.len) == 0;
    if (segment.len < literal.len)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < segment.len; i++, at++) {
        char c = segment.p[i];
        if (c == '%') {
            if (i + 2 >= segment.len || hex_value(segment.p[i + 1]) < 0 ||
                hex_value(segment.p[i + 2]) < 0)
                return false;
            c = (char)(hex_value(segment.p[i + 1]) * 16 + hex_value(segment.p[i + 2]));
            i += 2;
        }
        if (at == literal.len || c != literal.p[at])
            return false;
    }
    return at == literal.len;
}

/* path: the segments still to match, absent at the end. Literals come before parameters. */
static bool walk_tree(struct walk *w, const struct node *n, struct str path)
{
    if (!path.p)
        return n->routes && w->visit(w, n);
    struct str rest = path, segment;
    (void)str_next(&rest, '/', &segment);
    for (const struct node *c = n->literals; c; c = c->next)
        if (spells(segment, c->literal)) {
            if (walk_tree(w, c, rest))
                return true;
            break;
        }
    if (segment.len == 0)
        return false;
    if (n->parameter) {
        w->params[w->count++] = segment;
        if (walk_tree(w, n->parameter, rest))
            return true;
        w->count--;
    }
    if (n->remainder) {
        w->params[w->count++] = path;
        if (w->visit(w, n->remainder))
            return true;
        w->count--;
    }
    return false;
}

static const struct route *route_for(const struct node *n, struct str method)
{
    for (const struct endpoint *e = n->routes; e; e = e->next)
        if (str_eq(e->method, method))
            return e->route;
    return NULL;
}

static bool visit_method(struct walk *w, const struct node *n)
{
    w->found = route_for(n, w->method);
    if (!w->found && str_eq(w->method, STR("HEAD")))
        w->found = route_for(n, STR("GET"));
    return w->found != NULL;
}

static void allow_method(struct buf *b, struct str method)
{
    struct str rest = buf_str(b), seen;
    while (b->len && str_next(&rest, ',', &seen))
        if (str_eq(str_trim(seen), method))
            return;
    if (b->len)
        BUF_LIT(b, ", ");
    buf_add_str(b, method);
}

static bool visit_allow(struct walk *w, const struct node *n)
{
    for (const struct endpoint *e = n->routes; e; e = e->next) {
        allow_method(w->allow, e->method);
        if (str_eq(e->method, STR("GET")))
            allow_method(w->allow, STR("HEAD"));
    }
    return false;
}

void route_table_match(const struct route_table *t, struct arena *a, struct str method,
                       struct str path, struct route_match *out)
{
    out->route = NULL;
    out->allow = STR_NULL;
    if (path.len == 0 || path.p[0] != '/')
        return;
    path = str_slice(path, 1, path.len);
    if (path.len && path.p[path.len - 1] == '/')
        path.len--;
    if (path.len == 0)
        path = STR_NULL;
    struct walk w = {.visit = visit_method, .method = method};
    if (walk_tree(&w, &t->root, path)) {
        out->route = w.found;
        memcpy(out->params, w.params, sizeof *w.params * (size_t)w.count);
        for (int i = w.count; i < MAX_PARAMS; i++)
            out->params[i] = STR_NULL;
        return;
    }
    struct buf allow;
    buf_init(&allow, a);
    w = (struct walk){.visit = visit_allow, .allow = &allow};
    (void)walk_tree(&w, &t->root, path);
    if (allow.len)
        out->allow = buf_str(&allow);
}
