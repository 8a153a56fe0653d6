#pragma once
/* The handlers of the route table and the schemas of what they take. One block a file. */
#include "req.h"

/* lease.c: what services do */
struct register_body {
    struct str name, host;
    const struct json *port; /* a number or a string */
    struct str health_endpoint, instance, version;
};
extern const struct json_schema REGISTER_BODY;
struct renew_body {
    struct str name, instance;
};
extern const struct json_schema RENEW_BODY;
enum err CO_FN lease_register(struct req *r);
enum err CO_FN lease_renew(struct req *r);
enum err CO_FN lease_deregister(struct req *r);

struct buf;
struct registry;

/* lookup.c: what clients ask, on the documents' surface */
/* The registry that answers, with X-Registry-Stale when it cannot be sure of its table. */
struct registry *lookup_registry(struct req *r);
enum err lookup_services(struct req *r);
enum err lookup_service(struct req *r);
enum err lookup_discover(struct req *r);
enum err CO_FN lookup_probe(struct req *r);
enum err lookup_health(struct req *r);

/* limits.c: what gateways count together */
struct limits_body {
    struct json_array counters; /* struct limit_counter */
};
extern const struct json_schema LIMITS_BODY, LIMITS_VIEW;
enum err CO_FN limits_sync(struct req *r);

/* watch.c: being told of changes; how the registry itself is */
struct watch_query {
    int64_t since, wait_s;
};
struct report_body {
    struct str name, host;
    int64_t port;
};
extern const struct json_schema WATCH_QUERY, REPORT_BODY;
enum err CO_FN watch_poll(struct req *r);
enum err watch_events(struct req *r);
enum err CO_FN watch_report(struct req *r);
enum err watch_status(struct req *r);
/* The directory as watchers get it; arg is the registry. */
void watch_render(void *arg, struct buf *out);
void watch_register_metrics(struct registry *g);

/* services.c: the canonical surface */
enum err services_list(struct req *r);
enum err services_get(struct req *r);
