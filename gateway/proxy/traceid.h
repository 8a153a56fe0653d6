#pragma once
/* Identity of a request across the fleet: X-Request-ID and W3C Trace Context (version 00). */
#include <stdbool.h>

#include "arena.h"
#include "str.h"

struct trace {
    char trace_id[33], span_id[17]; /* lower-case hex; span_id is the gateway's own */
    char flags[3];
    struct str request_id;
    bool is_continued; /* the client sent a valid traceparent */
};

/* given: the client's X-Request-ID and traceparent, absent or malformed ones are replaced. */
void trace_begin(struct trace *t, struct arena *a, struct str request_id, struct str traceparent);
/* Version 4 UUID from a fast generator: unique, not secret. */
#define TRACE_UUID_LEN 36
void trace_uuid(char out[TRACE_UUID_LEN]);
