#pragma once
/*
 * Distributed traces: W3C Trace Context, and spans for an OpenTelemetry collector.
 *
 * The identity of work in progress travels in struct log_context; this library reads it from and
 * writes it to headers, and turns finished work into spans (OTLP, JSON form). Spans wait in a
 * bounded queue for whoever sends them; what does not fit is dropped and counted. Off unless
 * trace_start was called: then ids are still carried along and nothing else is done. Used from the
 * loop thread only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "log.h"
#include "str.h"

#define TRACE_ID_LEN 32 /* lower-case hex (W3C Trace Context §3.2.2) */
#define SPAN_ID_LEN 16
#define TRACEPARENT_LEN 55

/* ---- context ------------------------------------------------------------------------------ */

struct traceparent {
    struct str trace_id, span_id; /* parts of the text */
    bool is_sampled;
};
/* False unless text is well-formed. Versions over 00 may be longer. */
bool traceparent_read(struct str text, struct traceparent *out);
/* What to hand on to those who work for c; absent without a trace. A context without a span of its
 * own gets one. */
struct str traceparent_write(struct arena *a, const struct log_context *c);

/*
 * Makes c part of the trace that the headers name, as a child of the span there; the texts are
 * borrowed. False, and c untouched, when traceparent is malformed or absent. The child has no id
 * yet. An unusable tracestate is ignored.
 */
bool trace_join(struct log_context *c, struct str traceparent, struct str tracestate);
/* Gives c a span id, and a trace of its own when it has joined none. */
void trace_identify(struct log_context *c, struct arena *a);

/* What the sampler says of a trace; is_parent_sampled counts unless is_root. Once it is on only. */
bool trace_samples(struct str trace_id, bool is_root, bool is_parent_sampled);

/* Hex of n random bytes, unique but not secret, NUL-terminated. */
void trace_random_hex(char *out, size_t n);

/* ---- spans -------------------------------------------------------------------------------- */

/* Whether spans are recorded at all; false costs one load. */
extern bool TRACE_ON;
static inline bool trace_is_on(void)
{
    return __builtin_expect(TRACE_ON, 0);
}
/* Whether work of this context is recorded. */
static inline bool trace_wants(const struct log_context *c)
{
    return trace_is_on() && c && c->trace_id.len && !c->is_unsampled;
}

/* As OTLP numbers them. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };

struct span {
    enum span_kind kind;
    struct str name;               /* of few values: "GET /api/v1/tickets" */
    const struct log_context *log; /* its ids: trace, span, parent */
    int64_t duration_us;           /* it ends now */
    const char *error;             /* why it went wrong, "" for no reason; NULL: it went well */
};
/* Does nothing unless trace_wants(s->log). Fields become attributes; empty strings are left out. */
void trace_record(const struct span *s, const struct log_field *fields, int n);

/* Work done for another: a call, a mail. Lives on the stack of who waits for it. */
struct trace_child {
    struct log_context log; /* hand this one on */
    char span_id[SPAN_ID_LEN + 1];
    int64_t started_us; /* mono; 0: not recorded */
};
/* parent may be NULL. Without recording the child is its parent. */
void trace_child_begin(struct trace_child *c, const struct log_context *parent);
void trace_child_end(const struct trace_child *c, enum span_kind kind, struct str name,
                     const char *error, const struct log_field *fields, int n);

/* ---- life --------------------------------------------------------------------------------- */

enum trace_sampler { TRACE_ALWAYS_ON, TRACE_ALWAYS_OFF, TRACE_RATIO };

struct trace_config {
    struct str service;    /* service.name */
    struct str version;    /* service.version */
    struct str instance;   /* service.instance.id */
    struct str attributes; /* of the resource: "key=value,…", values percent-encoded */
    enum trace_sampler sampler;
    bool is_parent_based; /* the sampler decides on new traces only */
    double ratio;         /* TRACE_RATIO: 0..1 */
    int queue_size;       /* spans that wait at most */
    int batch_size;       /* spans sent together at most */
    /* Called when a batch is full; may be NULL. */
    void (*on_full)(void *arg);
    void *arg;
};
/* "parentbased_always_on" and the other names of OTEL_TRACES_SAMPLER; false for an unknown one. */
bool trace_sampler_from_name(struct str name, struct trace_config *out);
void trace_start(const struct trace_config *c);
/* Forgets what has not been taken. */
void trace_stop(void);
/* Spans waiting. */
int trace_pending(void);
/* Appends one ExportTraceServiceRequest of up to batch_size spans; returns how many, 0 when there
 * are none. */
int trace_take(struct buf *out);
/* Tells what became of spans taken: "exported" or "failed". */
void trace_count(const char *result, int spans);
