#pragma once
/* One look at an endpoint: does it accept a connection, and which status has its answer? */
#include <stdint.h>

#include "str.h"

struct endpoint;
struct gateway;
struct probe;

enum probe_result { PROBE_OK, PROBE_TCP_FAILURE, PROBE_TIMEOUT };

/* Borrowed only for the call. */
struct probe_spec {
    struct str path; /* absent: only the connection counts */
    struct str host; /* of the request */
    int64_t timeout_ms;
};

/* status is 0 without a path. The endpoint is referenced meanwhile. */
typedef void (*probe_fn)(void *arg, enum probe_result result, int status);

/* fn is called once, perhaps before this returns; then NULL is returned. The endpoint's address
 * must be known. */
struct probe *probe_start(struct gateway *gw, struct endpoint *e, const struct probe_spec *spec,
                          probe_fn fn, void *arg);
/* fn will not be called. */
void probe_cancel(struct probe *p);
