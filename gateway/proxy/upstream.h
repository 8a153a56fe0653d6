#pragma once
/*
 * A balanced set of endpoints under one name. Its targets are the configured ones until the
 * registry knows instances of that name.
 */
#include <stdbool.h>
#include <stddef.h>

#include "proxy/endpoint.h"
#include "proxy/health.h"

struct upstream_target {
    struct endpoint *endpoint; /* referenced */
    struct health *health;     /* of the endpoint; NULL when the upstream watches nothing */
    int weight;                /* 0: takes no requests */
    int current;               /* of smooth weighted round robin */
};

struct upstream_address {
    struct str host;
    int port, weight;
};

struct upstream {
    struct str name, host_header; /* borrowed; host_header absent: the endpoint's host:port */
    bool is_least_connections, is_registered;
    const struct kong_upstream *hashed; /* borrowed; says what is hashed, NULL when nothing is */
    const struct kong_health *rules;    /* borrowed; NULL when they ask for nothing */
    struct upstream_target *targets;    /* owned */
    size_t count;
    const struct upstream_address *configured; /* borrowed */
    size_t configured_count;
};

/* host_header, is_least_connections, hashed and rules are set before. */
void upstream_init(struct upstream *u, struct endpoint_table *t, struct str name,
                   const struct upstream_address *configured, size_t n);
void upstream_release(struct upstream *u);
/* Instances from the registry; n == 0 returns to the configured addresses. Unchanged targets keep
 * their place in the rotation. */
void upstream_set_instances(struct upstream *u, struct endpoint_table *t,
                            const struct upstream_address *instances, size_t n);
/*
 * The next endpoint to try, not among those tried and not taken out by the upstream's healthchecks;
 * one that failed its last request only when nothing else is left. NULL when there is none, or when
 * the healthy ones are fewer than the threshold of the healthchecks. key: of consistent hashing,
 * NULL without.
 */
struct endpoint *upstream_pick(struct upstream *u, const uint64_t *key,
                               struct endpoint *const *tried, size_t tried_count, int64_t now_us);
/* Whether upstream_pick would find one. */
bool upstream_has_other(const struct upstream *u, struct endpoint *const *tried, size_t tried_count,
                        int64_t now_us);

/* What a request met there, for passive healthchecks. */
void upstream_report(const struct upstream *u, struct endpoint *e, enum health_event event);
void upstream_report_status(const struct upstream *u, struct endpoint *e, int status);
/* Kong's word: HEALTHY, UNHEALTHY or DNS_ERROR. */
const char *upstream_target_state(const struct upstream_target *t);
