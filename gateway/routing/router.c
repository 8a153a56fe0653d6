#include "routing/router.h"

#include <stdlib.h>

#include "routing/path.h"
#include "routing/pattern.h"

#define MAX_SEGMENTS 32 /* deepest prefix that is looked at */

enum host_kind { HOST_ANY, HOST_WILDCARD, HOST_EXACT };

struct candidate {
    struct kong_route *route;
    struct str host; /* of HOST_WILDCARD the fixed part, with its dot */
    enum host_kind host_kind;
    bool is_suffix; /* "*.example.com": the request's host must end with host */
    struct candidate *next;
};

struct prefix {
    uint64_t hash;
    struct str path;              /* without trailing slash; empty for "/" */
    struct candidate *candidates; /* most specific first */
    bool is_used;
};

/* A path that is a regular expression, for one host. */
struct expression {
    const struct pattern *pattern;
    struct candidate *candidate;
};

struct router {
    struct expression *expressions; /* in the order in which they are tried */
    size_t expression_count;
    struct prefix *table; /* open addressing, a power of two, at most half full */
    size_t mask;
    size_t max_len; /* of a configured prefix */
};

/* FNV-1a: it extends byte by byte, so all prefixes of a path cost one pass. The keys come from the
 * operator's file, so nobody gains from finding collisions. */
#define HASH_START 0xcbf29ce484222325ULL
static inline uint64_t hash_step(uint64_t h, char c)
{
    return (h ^ (unsigned char)c) * 0x100000001b3ULL;
}

static uint64_t hash_path(struct str s)
{
    uint64_t h = HASH_START;
    for (size_t i = 0; i < s.len; i++)
        h = hash_step(h, s.p[i]);
    return h;
}

static struct prefix *slot_of(const struct router *r, uint64_t hash, struct str path)
{
    for (size_t i = (hash ^ hash >> 32) & r->mask;; i = (i + 1) & r->mask) {
        struct prefix *p = &r->table[i];
        if (!p->is_used || (p->hash == hash && str_eq(p->path, path)))
            return p;
    }
}

/* Negative when a is to be tried before b. */
static int compare(const struct candidate *a, const struct candidate *b)
{
    if (a->host_kind != b->host_kind)
        return (int)b->host_kind - (int)a->host_kind;
    if (a->host.len != b->host.len)
        return a->host.len > b->host.len ? -1 : 1;
    if (a->route->header_count != b->route->header_count)
        return a->route->header_count > b->route->header_count ? -1 : 1;
    if (!a->route->method_mask != !b->route->method_mask)
        return a->route->method_mask ? -1 : 1;
    return a->route->index - b->route->index;
}

static void prefix_add(struct prefix *p, struct candidate *c)
{
    struct candidate **at = &p->candidates;
    while (*at && compare(*at, c) <= 0)
        at = &(*at)->next;
    c->next = *at;
    *at = c;
}

static struct candidate *candidate_new(struct arena *a, struct kong_route *route, struct str host)
{
    struct candidate *c = ARENA_NEW(a, struct candidate);
    c->route = route;
    c->host = host;
    c->host_kind = host.len ? HOST_EXACT : HOST_ANY;
    if (str_has_prefix(host, STR("*"))) {
        c->host_kind = HOST_WILDCARD;
        c->is_suffix = true;
        c->host = str_slice(host, 1, host.len);
    } else if (str_has_suffix(host, STR("*"))) {
        c->host_kind = HOST_WILDCARD;
        c->host = str_slice(host, 0, host.len - 1);
    }
    return c;
}

static void add_path(struct router *r, struct arena *a, struct kong_route *route, struct str path)
{
    uint64_t hash = hash_path(path);
    struct prefix *p = slot_of(r, hash, path);
    p->hash = hash;
    p->path = path;
    p->is_used = true;
    if (path.len > r->max_len)
        r->max_len = path.len;
    const struct str *hosts = route->hosts.items;
    if (!route->hosts.count)
        prefix_add(p, candidate_new(a, route, STR_NULL));
    for (size_t i = 0; i < route->hosts.count; i++)
        prefix_add(p, candidate_new(a, route, hosts[i]));
}

/* Higher regex_priority first, then as prefixes compare. */
static int compare_expressions(const void *a, const void *b)
{
    const struct candidate *x = ((const struct expression *)a)->candidate;
    const struct candidate *y = ((const struct expression *)b)->candidate;
    if (x->route->regex_priority != y->route->regex_priority)
        return x->route->regex_priority > y->route->regex_priority ? -1 : 1;
    return compare(x, y);
}

static void add_expression(struct router *r, struct arena *a, struct kong_route *route, size_t path)
{
    const struct str *hosts = route->hosts.items;
    size_t n = route->hosts.count ? route->hosts.count : 1;
    for (size_t i = 0; i < n; i++)
        r->expressions[r->expression_count++] =
            (struct expression){route->patterns[path],
                                candidate_new(a, route, route->hosts.count ? hosts[i] : STR_NULL)};
}

static size_t count_expressions(struct kong_route *const *routes, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; routes[i]->patterns && k < routes[i]->paths.count; k++)
            if (routes[i]->patterns[k])
                count += routes[i]->hosts.count ? routes[i]->hosts.count : 1;
    return count;
}

struct router *router_new(struct arena *a, struct kong_route *const *routes, size_t n)
{
    struct router *r = ARENA_NEW(a, struct router);
    size_t paths = 0, size = 16;
    for (size_t i = 0; i < n; i++)
        paths += routes[i]->paths.count ? routes[i]->paths.count : 1;
    while (size < 2 * paths)
        size *= 2;
    r->table = ARENA_ARRAY(a, struct prefix, size);
    r->mask = size - 1;
    r->expressions = ARENA_ARRAY(a, struct expression, count_expressions(routes, n) + 1);
    for (size_t i = 0; i < n; i++) {
        const struct str *list = routes[i]->paths.items;
        if (!routes[i]->paths.count)
            add_path(r, a, routes[i], STR(""));
        for (size_t k = 0; k < routes[i]->paths.count; k++) {
            if (routes[i]->patterns && routes[i]->patterns[k])
                add_expression(r, a, routes[i], k);
            else
                add_path(r, a, routes[i], path_without_slash(list[k]));
        }
    }
    qsort(r->expressions, r->expression_count, sizeof *r->expressions, compare_expressions);
    return r;
}

static struct str without_port(struct str host)
{
    ptrdiff_t close = str_has_prefix(host, STR("[")) ? str_index(host, ']', 0) : 0;
    ptrdiff_t colon = close < 0 ? -1 : str_index(host, ':', (size_t)close);
    return colon < 0 ? host : str_slice(host, 0, (size_t)colon);
}

static bool host_matches(const struct candidate *c, struct str host)
{
    if (c->host_kind == HOST_ANY)
        return true;
    struct str bare = without_port(host);
    if (c->host_kind == HOST_EXACT)
        return str_ieq(c->host, bare) || str_ieq(c->host, host);
    if (bare.len <= c->host.len)
        return false;
    size_t from = c->is_suffix ? bare.len - c->host.len : 0;
    return str_ieq(c->host, str_slice(bare, from, from + c->host.len));
}

static bool headers_match(const struct kong_route *route, const struct http_head *head)
{
    for (size_t i = 0; i < route->header_count; i++) {
        const struct kong_header_match *m = &route->headers[i];
        struct str value = http_head_get(head, m->name);
        bool is_match = false;
        for (size_t k = 0; value.p && k < m->count; k++)
            is_match |= str_ieq(value, m->values[k]);
        if (!is_match)
            return false;
    }
    return true;
}

static bool candidate_matches(const struct candidate *c, const struct route_query *q,
                              bool *is_wrong_scheme)
{
    struct kong_route *route = c->route;
    if (route->method_mask && !(route->method_mask & q->method))
        return false;
    bool is_served = route->protocol_mask & q->protocols;
    bool is_tls_only = !(route->protocol_mask & (KONG_HTTP | KONG_WS));
    *is_wrong_scheme = !is_served;
    return (is_served || is_tls_only) && host_matches(c, q->host) && headers_match(route, q->head);
}

static bool prefix_match(const struct prefix *p, const struct route_query *q, struct route_hit *out)
{
    bool is_wrong_scheme;
    for (const struct candidate *c = p->candidates; c; c = c->next) {
        if (!candidate_matches(c, q, &is_wrong_scheme))
            continue;
        *out = (struct route_hit){c->route, p->path.len, is_wrong_scheme};
        return true;
    }
    return false;
}

static bool expression_match(const struct router *r, const struct route_query *q,
                             struct route_hit *out)
{
    bool is_wrong_scheme;
    for (size_t i = 0; i < r->expression_count; i++) {
        const struct expression *e = &r->expressions[i];
        if (!candidate_matches(e->candidate, q, &is_wrong_scheme))
            continue;
        ptrdiff_t len = pattern_match(e->pattern, q->path);
        if (len < 0)
            continue;
        *out = (struct route_hit){e->candidate->route, (size_t)len, is_wrong_scheme};
        return true;
    }
    return false;
}

bool router_match(const struct router *r, const struct route_query *q, struct route_hit *out)
{
    struct {
        uint64_t hash;
        size_t len;
    } stops[MAX_SEGMENTS];
    if (expression_match(r, q, out))
        return true;
    size_t n = 0, limit = q->path.len < r->max_len ? q->path.len : r->max_len;
    uint64_t h = HASH_START;
    stops[n].hash = h;
    stops[n++].len = 0;
    for (size_t i = 0; i < limit && n < MAX_SEGMENTS; i++) {
        h = hash_step(h, q->path.p[i]);
        if (i + 1 == q->path.len || q->path.p[i + 1] == '/') {
            stops[n].hash = h;
            stops[n++].len = i + 1;
        }
    }
    while (n--) {
        const struct prefix *p = slot_of(r, stops[n].hash, str_slice(q->path, 0, stops[n].len));
        if (p->is_used && prefix_match(p, q, out))
            return true;
    }
    return false;
}
