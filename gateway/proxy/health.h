#pragma once
/*
 * Whether a target of an upstream may be used, by Kong's healthchecks: so many failures in a row,
 * met by requests (passive) or by checks (active), take it out, so many successes in a row bring it
 * back. The counters belong to the target's endpoint and outlive a reload.
 */
#include <stdbool.h>
#include <stdint.h>

#include "config/kong.h"
#include "list.h"

struct endpoint;

struct health {
    struct list link; /* in endpoint->healths */
    char *upstream;   /* owned; the name of the upstream it is a target of */
    bool is_down;
    int64_t successes, tcp_failures, timeouts, http_failures; /* in a row */
    /* mono µs */
    int64_t check_due_us; /* of the next active check; 0: not planned yet */
    int64_t trial_due_us; /* while it is down and nothing checks: the next request to try it */
    int trials;
    bool is_checking;
};

enum health_event { HEALTH_SUCCESS, HEALTH_TCP_FAILURE, HEALTH_TIMEOUT, HEALTH_HTTP_FAILURE };

/* The health of an endpoint as a target of the named upstream, created at first use. */
struct health *health_of(struct endpoint *e, struct str upstream);
void health_free(struct health *h);

/* The rules ask for something at all. */
bool health_is_watched(const struct kong_health *rules);
/* Seconds between two active checks in the present state, 0 for none. */
int64_t health_check_interval(const struct health *h, const struct kong_health *rules);
/* What a check (is_active) or a request met. */
void health_report(struct health *h, const struct kong_health *rules, bool is_active,
                   enum health_event event, int64_t now_us);
/* A response with this status, which may mean neither success nor failure. */
void health_report_status(struct health *h, const struct kong_health *rules, bool is_active,
                          int status, int64_t now_us);
/* It is up; or down without a check that could tell when it is up again, and due for a request that
 * finds out. */
bool health_may_use(const struct health *h, const struct kong_health *rules, int64_t now_us);
/* A request goes there: of those that find out there is one at a time. */
void health_take(struct health *h, int64_t now_us);
