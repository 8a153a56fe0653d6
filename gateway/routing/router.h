#pragma once
/*
 * Finds the route of a request. Paths that are regular expressions come first, by regex_priority;
 * then the longest path prefix of whole segments wins; on one prefix the
 * more specific route does: host over wildcard host over none, then more headers, then named
 * methods over none, then the order of the file. Look-up costs one hash of the path and a probe per
 * segment.
 */
#include "arena.h"
#include "config/kong.h"
#include "head.h"
#include "str.h"

struct router;

struct route_query {
    unsigned method;              /* enum kong_method, 0: a method without a name */
    unsigned protocols;           /* enum kong_protocol bits the request counts as */
    struct str host;              /* as received; a port is ignored unless the route names one */
    struct str path;              /* in normal form */
    const struct http_head *head; /* for routes that match headers */
};

struct route_hit {
    struct kong_route *route;
    size_t prefix_len; /* bytes of the path that the route's path matched, without its last slash */
    bool is_wrong_scheme; /* the route is only served over TLS */
};

/* Lives in the arena; routes are borrowed. */
struct router *router_new(struct arena *a, struct kong_route *const *routes, size_t n);
bool router_match(const struct router *r, const struct route_query *q, struct route_hit *out);
