/* Finished work as OTLP spans, in batches that wait to be sent. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "encode.h"
#include "json.h"
#include "list.h"
#include "mem.h"
#include "metrics.h"
#include "sampler.h"

#define MAX_VALUE 1024 /* bytes of one attribute that reach the collector */
#define STATUS_ERROR 2 /* OTLP */

bool TRACE_ON;

struct batch {
    struct list node;
    struct buf spans; /* JSON, separated by commas */
    int count;
};

static struct list batches = {&batches, &batches}; /* the last one is being filled */
static int pending, queue_size, batch_size;
static void (*on_full)(void *arg);
static void *full_arg;
static struct buf resource; /* JSON */

static struct metric SPANS = {
    .name = "otel_spans_total",
    .help = "Spans of traces, by what became of them: exported, dropped or failed.",
    .kind = METRIC_COUNTER,
    .labels = "result",
};

void trace_count(const char *result, int spans)
{
    const struct str label = str_from(result);
    metric_add(metric_series(&SPANS, &label), spans);
}

/* ---- attributes --------------------------------------------------------------------------- */

static void put_str(struct json_writer *w, struct str key, struct str value)
{
    if (!value.len)
        return;
    jw_object(w);
    JW_STR(w, "key", key);
    JW_KEY(w, "value");
    jw_object(w);
    JW_STR(w, "stringValue", value.len > MAX_VALUE ? str_n(value.p, MAX_VALUE) : value);
    jw_end_object(w);
    jw_end_object(w);
}

/* 64-bit integers are strings in JSON (Protocol Buffers, JSON mapping). */
static void put_field(struct json_writer *w, const struct log_field *f)
{
    if (f->kind == LOG_FIELD_STR) {
        put_str(w, str_from(f->key), f->s);
        return;
    }
    jw_object(w);
    JW_STR(w, "key", str_from(f->key));
    JW_KEY(w, "value");
    jw_object(w);
    if (f->kind == LOG_FIELD_BOOL) {
        JW_BOOL(w, "boolValue", f->i != 0);
    } else {
        char text[24];
        JW_STR(w, "intValue",
               str_n(text, (size_t)snprintf(text, sizeof text, "%lld", (long long)f->i)));
    }
    jw_end_object(w);
    jw_end_object(w);
}

static void put_resource_attributes(struct json_writer *w, struct arena *a, struct str list)
{
    struct str item, key, value;
    while (list.p && str_next(&list, ',', &item)) {
        struct str rest = str_trim(item);
        if (!str_next(&rest, '=', &key) || !rest.p || !str_trim(key).len ||
            !percent_decode(a, str_trim(rest), false, &value))
            continue;
        put_str(w, str_trim(key), value);
    }
}

static void write_resource(const struct trace_config *c)
{
    struct arena *a = arena_new();
    struct json_writer w;
    buf_clear(&resource);
    jw_init(&w, &resource);
    jw_array(&w);
    put_str(&w, STR("service.name"), c->service);
    put_str(&w, STR("service.version"), c->version);
    put_str(&w, STR("service.instance.id"), c->instance);
    put_resource_attributes(&w, a, c->attributes);
    jw_end_array(&w);
    arena_free(a);
}

/* ---- the queue ---------------------------------------------------------------------------- */

static struct batch *open_batch(void)
{
    if (!list_is_empty(&batches)) {
        struct batch *last = LIST_ENTRY(batches.prev, struct batch, node);
        if (last->count < batch_size)
            return last;
    }
    struct batch *b = MEM_NEW(struct batch);
    buf_init(&b->spans, NULL);
    list_append(&batches, &b->node);
    return b;
}

/* One that is in the list no longer. */
static void free_batch(struct batch *b)
{
    pending -= b->count;
    buf_release(&b->spans);
    free(b);
}

int trace_pending(void)
{
    return pending;
}

int trace_take(struct buf *out)
{
    if (list_is_empty(&batches))
        return 0;
    struct batch *b = LIST_ENTRY(list_pop(&batches), struct batch, node);
    int n = b->count;
    BUF_LIT(out, "{\"resourceSpans\":[{\"resource\":{\"attributes\":");
    buf_add_str(out, buf_str(&resource));
    BUF_LIT(out, "},\"scopeSpans\":[{\"scope\":{\"name\":\"tts\"},\"spans\":[");
    buf_add_str(out, buf_str(&b->spans));
    BUF_LIT(out, "]}]}]}");
    free_batch(b);
    return n;
}

/* ---- spans -------------------------------------------------------------------------------- */

static void put_time(struct json_writer *w, int64_t us)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld000", (long long)us);
    jw_str(w, str_n(text, (size_t)n));
}

static void put_status(struct json_writer *w, const char *error)
{
    JW_KEY(w, "status");
    jw_object(w);
    if (error) {
        JW_INT(w, "code", STATUS_ERROR);
        if (*error)
            JW_STR(w, "message", str_from(error));
    }
    jw_end_object(w);
}

static void write_span(struct buf *out, const struct span *s, const struct log_field *fields, int n)
{
    const struct log_context *c = s->log;
    struct json_writer w;
    int64_t now = clock_wall_us();
    jw_init(&w, out);
    jw_object(&w);
    JW_STR(&w, "traceId", c->trace_id);
    JW_STR(&w, "spanId", c->span_id);
    if (c->parent_id.len)
        JW_STR(&w, "parentSpanId", c->parent_id);
    if (c->trace_state.len)
        JW_STR(&w, "traceState", c->trace_state);
    JW_STR(&w, "name", s->name);
    JW_INT(&w, "kind", s->kind);
    JW_KEY(&w, "startTimeUnixNano");
    put_time(&w, now - s->duration_us);
    JW_KEY(&w, "endTimeUnixNano");
    put_time(&w, now);
    JW_KEY(&w, "attributes");
    jw_array(&w);
    for (int i = 0; i < n; i++)
        put_field(&w, &fields[i]);
    jw_end_array(&w);
    put_status(&w, s->error);
    jw_end_object(&w);
}

void trace_record(const struct span *s, const struct log_field *fields, int n)
{
    if (!trace_wants(s->log) || s->log->span_id.len != SPAN_ID_LEN)
        return;
    if (pending >= queue_size) {
        trace_count("dropped", 1);
        return;
    }
    struct batch *b = open_batch();
    if (b->count)
        buf_add_char(&b->spans, ',');
    write_span(&b->spans, s, fields, n);
    b->count++;
    pending++;
    if (b->count == batch_size && on_full)
        on_full(full_arg);
}

void trace_child_begin(struct trace_child *c, const struct log_context *parent)
{
    c->log = parent ? *parent : (struct log_context){0};
    c->started_us = 0;
    if (!trace_wants(parent))
        return;
    c->started_us = clock_mono_us();
    trace_random_hex(c->span_id, SPAN_ID_LEN / 2);
    c->log.parent_id = parent->span_id;
    c->log.span_id = str_n(c->span_id, SPAN_ID_LEN);
}

void trace_child_end(const struct trace_child *c, enum span_kind kind, struct str name,
                     const char *error, const struct log_field *fields, int n)
{
    if (!c->started_us)
        return;
    const struct span s = {.kind = kind,
                           .name = name,
                           .log = &c->log,
                           .duration_us = clock_mono_us() - c->started_us,
                           .error = error};
    trace_record(&s, fields, n);
}

/* ---- life --------------------------------------------------------------------------------- */

void trace_start(const struct trace_config *c)
{
    queue_size = c->queue_size;
    batch_size = c->batch_size < c->queue_size ? c->batch_size : c->queue_size;
    on_full = c->on_full;
    full_arg = c->arg;
    sampler_set(c);
    write_resource(c);
    TRACE_ON = true;
}

void trace_stop(void)
{
    TRACE_ON = false;
    for (struct list *n; (n = list_pop(&batches));)
        free_batch(LIST_ENTRY(n, struct batch, node));
    buf_release(&resource);
}
