#pragma once
/* Identity of a request across the fleet: X-Request-ID and W3C Trace Context (version 00). */
#include <stdbool.h>

#include <stdint.h>

#include "arena.h"
#include "str.h"

struct trace {
    char trace_id[33], span_id[17]; /* lower-case hex; span_id is the gateway's own */
    char parent_id[17];             /* the client's; empty when it sent none */
    char hop_id[17]; /* what the target is told: of the attempt, or span_id when none is recorded */
    char flags[3];
    struct str request_id, state; /* state: the client's tracestate */
    bool is_continued;            /* the client sent a valid traceparent */
    bool is_recorded;             /* spans are made of this exchange */
    int64_t hop_us;               /* mono: when the attempt began; 0: none is going on */
};

/* What the client sent of each; absent or malformed ones are replaced. */
struct trace_given {
    struct str request_id, traceparent, tracestate;
};
void trace_begin(struct trace *t, struct arena *a, const struct trace_given *given);
/* Another attempt at a target begins. */
void trace_hop(struct trace *t);
/* Version 4 UUID from a fast generator: unique, not secret. */
#define TRACE_UUID_LEN 36
void trace_uuid(char out[TRACE_UUID_LEN]);
