/* From nodes and data to text. */
#include "buf.h"
#include "encode.h"
#include "node.h"

#define STEPS_MAX 50000 /* nodes shown: sections over lists in each other multiply */

struct rendering {
    struct arena *arena;
    const struct mustache *m;
    enum mustache_escape escape;
    struct buf out;
    const struct json *stack[MUSTACHE_DEPTH_MAX + 1];
    size_t depth;
    int steps;
};

/* ---- data --------------------------------------------------------------------------------- */

static const struct json *member(const struct json *v, struct str part)
{
    char key[NAME_MAX_BYTES + 1];
    memcpy(key, part.p, part.len);
    key[part.len] = '\0';
    return json_get(v, key);
}

/* The first part is looked for from the innermost section outwards, the others only inside it. */
static const struct json *look_up(const struct rendering *r, struct str name)
{
    const struct json *v = NULL;
    struct str rest = name, part;
    if (str_eq(name, STR(".")))
        return r->depth ? r->stack[r->depth - 1] : NULL;
    if (!str_next(&rest, '.', &part))
        return NULL;
    for (size_t i = r->depth; i > 0 && !v; i--)
        v = member(r->stack[i - 1], part);
    while (v && str_next(&rest, '.', &part))
        v = member(v, part);
    return v;
}

static bool is_something(const struct json *v)
{
    bool b = false;
    double d = 0;
    if (!v)
        return false;
    switch (json_type(v)) {
    case JSON_NULL:
        return false;
    case JSON_BOOL:
        return json_bool(v, &b) && b;
    case JSON_NUMBER:
        return json_double(v, &d) && d != 0;
    case JSON_STRING:
        return json_str(v).len > 0;
    case JSON_ARRAY:
        return json_count(v) > 0;
    case JSON_OBJECT:
        return true;
    }
    return false;
}

static struct str text_of(struct rendering *r, const struct json *v)
{
    struct json_writer w;
    struct buf b;
    if (!v || json_type(v) == JSON_NULL || json_type(v) == JSON_ARRAY ||
        json_type(v) == JSON_OBJECT)
        return STR("");
    if (json_type(v) == JSON_STRING)
        return json_str(v);
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_value(&w, v);
    return buf_str(&b);
}

/* ---- nodes -------------------------------------------------------------------------------- */

static enum err render_range(struct rendering *r, size_t from, size_t to);

static enum err render_with(struct rendering *r, const struct json *v, size_t from, size_t to)
{
    r->stack[r->depth++] = v;
    enum err rc = render_range(r, from, to);
    r->depth--;
    return rc;
}

static enum err render_section(struct rendering *r, const struct node *n, size_t at)
{
    const struct json *v = look_up(r, n->text);
    if (n->kind == NODE_INVERTED)
        return is_something(v) ? ERR_OK : render_range(r, at + 1, n->end);
    if (!is_something(v))
        return ERR_OK;
    if (json_type(v) != JSON_ARRAY)
        return render_with(r, v, at + 1, n->end);
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < json_count(v); i++)
        rc = render_with(r, json_at(v, i), at + 1, n->end);
    return rc;
}

static enum err render_range(struct rendering *r, size_t from, size_t to)
{
    enum err rc = ERR_OK;
    for (size_t i = from; rc == ERR_OK && i < to; i++) {
        const struct node *n = &r->m->nodes[i];
        if (++r->steps > STEPS_MAX)
            return ERR_PAYLOAD_TOO_LARGE;
        switch (n->kind) {
        case NODE_TEXT:
            buf_add_str(&r->out, n->text);
            break;
        case NODE_VALUE:
            if (r->escape == MUSTACHE_HTML) {
                html_escape(&r->out, text_of(r, look_up(r, n->text)));
                break;
            }
            __attribute__((fallthrough));
        case NODE_RAW:
            buf_add_str(&r->out, text_of(r, look_up(r, n->text)));
            break;
        case NODE_SECTION:
        case NODE_INVERTED:
            rc = render_section(r, n, i);
            i = n->end;
            break;
        case NODE_END:
            break;
        }
        if (r->out.len > MUSTACHE_OUTPUT_MAX)
            return ERR_PAYLOAD_TOO_LARGE;
    }
    return rc;
}

enum err mustache_render(struct arena *a, const struct mustache *m, const struct json *view,
                         enum mustache_escape escape, struct str *out)
{
    struct rendering r = {.arena = a, .m = m, .escape = escape};
    buf_init(&r.out, a);
    r.stack[r.depth++] = view;
    enum err rc = render_range(&r, 0, m->count);
    if (rc == ERR_OK)
        *out = buf_str(&r.out);
    return rc;
}
