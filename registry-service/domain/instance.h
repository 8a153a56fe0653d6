#pragma once
/* One registered process, and what makes a registration acceptable. Times are µs. */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

struct arena;

struct instance {
    struct str name; /* of the service */
    struct str id;   /* of the process among those of the name */
    struct str host;
    int64_t port;
    bool port_is_text; /* the port was sent as a JSON string and is answered as one */
    struct str health_endpoint, version;
    bool is_healthy;
    int64_t failures; /* health checks failed in a row */
    int64_t registered_at, renewed_at, lease_until;
    int64_t last_health_check; /* INT64_MIN: never */
};

/* "http://host:port", an IPv6 address in brackets. */
struct str instance_url(struct arena *a, const struct instance *i);
/* "host:port": the id of an instance that names none. */
struct str instance_default_id(struct arena *a, struct str host, int64_t port);
/* "healthy" or "unhealthy" */
struct str instance_status(const struct instance *i);
/* Same process at the same address: a renewal, not a new registration. */
bool instance_is_same(const struct instance *a, const struct instance *b);

/* NULL, or what is wrong with the value (static). */
const char *instance_name_problem(struct str name);
const char *instance_host_problem(struct str host);
const char *instance_endpoint_problem(struct str endpoint);

/* The better of two to send a client to: healthy first, then the one registered last. b may be
 * NULL. */
const struct instance *instance_better(const struct instance *a, const struct instance *b);
