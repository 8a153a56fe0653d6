#include "docs/merge.h"

#include "head.h"
#include "service.h"
#include "strmap.h"

struct merging {
    struct arena *arena;
    struct json_writer *w;
    const struct snapshot *snapshot;
    struct str service, prefix; /* "helpdesk-service", "helpdesk" */
};

/* ---- paths ---------------------------------------------------------------------------------- */

/* A path that the template stands for: every parameter is "1". */
static struct str sample_of(struct arena *a, struct str template)
{
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < template.len; i++) {
        if (template.p[i] != '{') {
            buf_add_char(&b, template.p[i]);
            continue;
        }
        buf_add_char(&b, '1');
        while (i < template.len && template.p[i] != '}')
            i++;
    }
    return buf_str(&b);
}

/* The route that takes this request to the service, NULL when none or another service's does. */
static const struct kong_route *route_to(const struct merging *m, unsigned method, struct str path,
                                         size_t *prefix_len)
{
    static const struct http_head none;
    struct route_query q = {.method = method,
                            .protocols = KONG_HTTP | KONG_HTTPS | KONG_WS | KONG_WSS,
                            .path = path,
                            .head = &none};
    struct route_hit hit;
    if (!router_match(m->snapshot->router, &q, &hit) || !hit.route->service->upstream ||
        !str_eq(hit.route->service->upstream->name, m->service))
        return NULL;
    *prefix_len = hit.prefix_len;
    return hit.route;
}

/* Whether a client that asks for path reaches the service's own target. */
static bool leads_to(const struct merging *m, unsigned method, struct str path, struct str target)
{
    size_t cut;
    struct str sample = sample_of(m->arena, path);
    const struct kong_route *r = route_to(m, method, sample, &cut);
    if (!r)
        return false;
    struct str rest = r->strip_path ? str_slice(sample, cut, sample.len) : sample;
    struct str seen = str_printf(m->arena, "%.*s%.*s", STR_ARG(r->service->path), STR_ARG(rest));
    return str_eq(seen, sample_of(m->arena, target));
}

/* The path under which clients reach the service's own path; absent when they do not. The same one
 * if that works, else the shortest of those that routes strip. */
static struct str public_path(const struct merging *m, unsigned method, struct str own)
{
    const struct kong_file *f = m->snapshot->file;
    struct str best = STR_NULL;
    if (leads_to(m, method, own, own))
        return own;
    for (size_t i = 0; i < f->route_count; i++) {
        const struct kong_route *r = f->all_routes[i];
        bool may_lead = r->strip_path && str_has_prefix(own, r->service->path);
        for (size_t k = 0; may_lead && k < r->paths.count; k++) {
            struct str path = ((const struct str *)r->paths.items)[k];
            if (r->patterns[k])
                continue;
            if (path.len && path.p[path.len - 1] == '/')
                path.len--;
            struct str rest = str_slice(own, r->service->path.len, own.len);
            struct str tried = str_printf(m->arena, "%.*s%.*s", STR_ARG(path), STR_ARG(rest));
            bool is_better = !best.p || tried.len < best.len;
            if (is_better && tried.len && leads_to(m, method, tried, own))
                best = tried;
        }
    }
    return best;
}

/* ---- values --------------------------------------------------------------------------------- */

#define SCHEMA_REF "#/components/schemas/"

/* Two services may give one name to different things. */
static struct str renamed(const struct merging *m, struct str schema)
{
    if (str_eq(schema, STR("Error")))
        return schema;
    return str_printf(m->arena, "%.*s.%.*s", STR_ARG(m->prefix), STR_ARG(schema));
}

static void copy(const struct merging *m, const struct json *v)
{
    struct str key;
    size_t n = json_count(v);
    switch (json_type(v)) {
    case JSON_OBJECT:
        jw_object(m->w);
        for (size_t i = 0; i < n; i++) {
            const struct json *member = json_member(v, i, &key);
            struct str text = json_str(member);
            jw_key(m->w, key);
            if (str_eq(key, STR("$ref")) && str_has_prefix(text, STR(SCHEMA_REF)))
                jw_str(m->w, str_printf(m->arena, SCHEMA_REF "%.*s",
                                        STR_ARG(renamed(
                                            m, str_slice(text, sizeof SCHEMA_REF - 1, text.len)))));
            else if (str_eq(key, STR("operationId")) && text.p)
                jw_str(m->w, str_printf(m->arena, "%.*s_%.*s", STR_ARG(m->prefix), STR_ARG(text)));
            else
                copy(m, member);
        }
        jw_end_object(m->w);
        return;
    case JSON_ARRAY:
        jw_array(m->w);
        for (size_t i = 0; i < n; i++)
            copy(m, json_at(v, i));
        jw_end_array(m->w);
        return;
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
    case JSON_STRING:
        jw_value(m->w, v);
        return;
    }
}

/* ---- the document --------------------------------------------------------------------------- */

static unsigned method_of(struct arena *a, struct str lower)
{
    char *upper = str_cstr(a, lower);
    for (char *p = upper; *p; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
    return kong_method_of(str_from(upper));
}

/* The operations of one own path; its methods may lead by different routes. */
static void merge_path(const struct merging *m, struct strmap *seen, struct str own,
                       const struct json *item)
{
    struct str name, open = STR_NULL;
    for (size_t i = 0; i < json_count(item); i++) {
        const struct json *operation = json_member(item, i, &name);
        unsigned method = method_of(m->arena, name);
        struct str path = method ? public_path(m, method, own) : STR_NULL;
        bool is_first = path.p && !open.p && !strmap_get(seen, path);
        if (!path.p || (!is_first && !str_eq(path, open)))
            continue;
        if (is_first) {
            open = path;
            strmap_set(seen, path, seen);
            jw_key(m->w, path);
            jw_object(m->w);
            JW_STR(m->w, "x-service", m->service);
        }
        jw_key(m->w, name);
        copy(m, operation);
    }
    if (open.p)
        jw_end_object(m->w);
}

static struct merging merging_of(struct arena *a, struct json_writer *w, const struct snapshot *s,
                                 const struct docs_part *part)
{
    struct str service = str_from(part->service);
    ptrdiff_t dash = str_index(service, '-', 0);
    return (struct merging){a, w, s, service,
                            dash > 0 ? str_slice(service, 0, (size_t)dash) : service};
}

static void write_schemas(struct arena *a, struct json_writer *w, const struct snapshot *s,
                          const struct docs_part *parts, size_t n)
{
    bool has_error = false;
    JW_KEY(w, "schemas");
    jw_object(w);
    for (size_t i = 0; i < n; i++) {
        struct merging m = merging_of(a, w, s, &parts[i]);
        const struct json *schemas = json_get(json_get(parts[i].file, "components"), "schemas");
        for (size_t k = 0; k < json_count(schemas); k++) {
            struct str key;
            const struct json *schema = json_member(schemas, k, &key);
            bool is_error = str_eq(key, STR("Error"));
            if (is_error && has_error)
                continue;
            has_error |= is_error;
            jw_key(w, renamed(&m, key));
            copy(&m, schema);
        }
    }
    jw_end_object(w);
}

void docs_merge(struct arena *a, struct json_writer *w, const struct snapshot *s,
                const struct docs_part *parts, size_t n)
{
    struct strmap *seen = strmap_new();
    const struct json *security = NULL;
    jw_object(w);
    JW_STR(w, "openapi", STR("3.1.0"));
    JW_KEY(w, "info");
    jw_object(w);
    JW_STR(w, "title", STR("TTS"));
    JW_STR(w, "version", str_from(service_version()));
    JW_STR(w, "description", STR("Everything the fleet serves through its gateway."));
    jw_end_object(w);
    JW_KEY(w, "paths");
    jw_object(w);
    for (size_t i = 0; i < n; i++) {
        struct merging m = merging_of(a, w, s, &parts[i]);
        const struct json *paths = json_get(parts[i].file, "paths");
        for (size_t k = 0; k < json_count(paths); k++) {
            struct str own;
            const struct json *item = json_member(paths, k, &own);
            merge_path(&m, seen, own, item);
        }
        if (!security)
            security = json_get(json_get(parts[i].file, "components"), "securitySchemes");
    }
    jw_end_object(w);
    JW_KEY(w, "components");
    jw_object(w);
    write_schemas(a, w, s, parts, n);
    if (security) {
        JW_KEY(w, "securitySchemes");
        jw_value(w, security);
    }
    jw_end_object(w);
    jw_end_object(w);
    strmap_free(seen);
}
