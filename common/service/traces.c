/* Sends the spans of finished work to an OpenTelemetry collector, in the background. */
#include <stdlib.h>

#include "buf.h"
#include "clock.h"
#include "encode.h"
#include "internal.h"
#include "log.h"
#include "trace.h"

#define TRACES_PATH "v1/traces"
#define ATTEMPTS 3
#define RETRY_FIRST_MS 1000
#define FLUSH_TIMEOUT_MS 3000
#define COMPLAIN_EVERY_US (60 * US_PER_S)
#define MAX_HEADERS 16

struct traces {
    struct service *service;
    struct str url;
    struct http_call_header headers[MAX_HEADERS];
    size_t header_count;
    struct co_wait *nap, *flush;
    bool is_full, is_stopping, has_ended;
    int64_t complained_us;
    struct buf request;
};

/* ---- settings ----------------------------------------------------------------------------- */

static bool read_ratio(struct str text, double *out)
{
    char copy[32], *end;
    *out = 1;
    if (!text.len)
        return true;
    if (text.len >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    *out = strtod(copy, &end);
    return !*end && *out >= 0 && *out <= 1;
}

/* "name=value,…": false when it is something else. headers may be NULL. */
static bool read_headers(struct arena *a, struct str list, struct http_call_header *headers,
                         size_t *count)
{
    struct str item, name, value;
    *count = 0;
    while (list.len && str_next(&list, ',', &item)) {
        struct str rest = str_trim(item);
        if (!rest.len)
            continue;
        if (!str_next(&rest, '=', &name) || !rest.p || !str_trim(name).len ||
            *count == MAX_HEADERS || !percent_decode(a, str_trim(rest), false, &value))
            return false;
        headers[(*count)++] = (struct http_call_header){str_cstr(a, str_trim(name)), value};
    }
    return true;
}

bool traces_check(const struct otel_config *c, FILE *err)
{
    struct http_call_header headers[MAX_HEADERS];
    struct arena *a = arena_new();
    size_t count;
    double ratio;
    bool is_ratio = read_ratio(c->sampler_arg, &ratio);
    bool are_headers = read_headers(a, c->headers, headers, &count);
    if (!is_ratio)
        fprintf(err,
                "config: OTEL_TRACES_SAMPLER_ARG is \"%.*s\" but must be a number from 0 to 1\n",
                STR_ARG(c->sampler_arg));
    if (!are_headers)
        fprintf(err, "config: OTEL_EXPORTER_OTLP_HEADERS must be name=value pairs, at most %d\n",
                MAX_HEADERS);
    arena_free(a);
    return is_ratio && are_headers;
}

static struct str url_of(struct arena *a, const struct otel_config *c)
{
    if (c->is_disabled || str_eq(c->exporter, STR("none")))
        return STR_NULL;
    if (c->traces_endpoint.len || !c->endpoint.len)
        return c->traces_endpoint;
    const char *slash = str_has_suffix(c->endpoint, STR("/")) ? "" : "/";
    return str_printf(a, "%.*s%s" TRACES_PATH, STR_ARG(c->endpoint), slash);
}

/* ---- sending ------------------------------------------------------------------------------ */

static void complain(struct traces *t, enum err rc, int status)
{
    int64_t now = clock_mono_us();
    if (t->complained_us && now - t->complained_us < COMPLAIN_EVERY_US)
        return;
    t->complained_us = now;
    log_warn("traces cannot be sent", LOG_CSTR("reason", rc ? err_text(rc) : "refused"),
             LOG_I("status", status));
}

/* What the specification calls retryable, and a collector that is away. */
static bool may_pass(enum err rc, int status)
{
    return rc || status == 429 || status == 502 || status == 503 || status == 504;
}

/* One attempt with what t->request holds; false when it failed. */
static bool CO_FN send_once(struct traces *t, struct arena *a, bool *may_retry)
{
    const struct http_call call = {.method = "POST",
                                   .url = t->url,
                                   .headers = t->headers,
                                   .header_count = t->header_count,
                                   .body = buf_str(&t->request),
                                   .timeout_ms = (int)t->service->config.otel.timeout_ms};
    struct http_answer answer;
    enum err rc = http_client_call(t->service->http, a, &call, &answer);
    bool is_sent = rc == ERR_OK && answer.status / 100 == 2;
    *may_retry = rc != ERR_CANCELLED && may_pass(rc, answer.status) && !t->is_stopping;
    if (!is_sent && !*may_retry)
        complain(t, rc, answer.status);
    return is_sent;
}

static bool CO_FN send_batch(struct traces *t)
{
    int64_t pause = RETRY_FIRST_MS;
    bool is_sent = false, may_retry = true;
    for (int i = 0; !is_sent && may_retry && i < ATTEMPTS; i++, pause *= 2) {
        struct arena *a = arena_new();
        is_sent = send_once(t, a, &may_retry);
        arena_free(a);
        if (!is_sent && may_retry && (i + 1 == ATTEMPTS || co_sleep_ms(pause) != ERR_OK))
            complain(t, ERR_SERVICE_UNAVAILABLE, 0);
    }
    return is_sent;
}

static void CO_FN send_all(struct traces *t)
{
    for (;;) {
        buf_clear(&t->request);
        int n = trace_take(&t->request);
        if (n == 0)
            return;
        trace_count(send_batch(t) ? "exported" : "failed", n);
    }
}

static void CO_FN rest(struct traces *t)
{
    struct co_wait w;
    if (t->is_full || t->is_stopping)
        return;
    co_wait_init(&w);
    t->nap = &w;
    (void)!co_wait(&w, t->service->config.otel.delay_ms);
    t->nap = NULL;
}

static void CO_FN run(void *arg)
{
    struct traces *t = arg;
    while (!t->is_stopping && !co_is_cancelled(co_self())) {
        rest(t);
        t->is_full = false;
        send_all(t);
    }
    t->has_ended = true;
    if (t->flush)
        co_wake(t->flush, ERR_OK);
}

static void wake(struct traces *t)
{
    if (t->nap)
        co_wake(t->nap, ERR_OK);
}

static void on_full(void *arg)
{
    struct traces *t = arg;
    t->is_full = true;
    wake(t);
}

/* ---- life --------------------------------------------------------------------------------- */

void traces_start(struct service *s)
{
    const struct otel_config *c = &s->config.otel;
    struct str url = url_of(s->arena, c);
    if (!url.len)
        return;
    struct traces *t = ARENA_NEW(s->arena, struct traces);
    t->service = s;
    t->url = url;
    (void)read_headers(s->arena, c->headers, t->headers, &t->header_count);
    buf_init(&t->request, NULL);
    struct trace_config trace = {.service = c->service_name.len ? c->service_name
                                                                : str_from(s->desc->name),
                                 .version = str_from(service_version()),
                                 .instance = str_from(s->priv->instance),
                                 .attributes = c->resource_attributes,
                                 .queue_size = (int)c->queue_size,
                                 .batch_size = (int)c->batch_size,
                                 .on_full = on_full,
                                 .arg = t};
    (void)trace_sampler_from_name(c->sampler, &trace);
    (void)read_ratio(c->sampler_arg, &trace.ratio);
    trace_start(&trace);
    s->priv->traces = t;
    co_start(s->loop, run, t, "traces");
}

void traces_flush(struct service *s)
{
    struct traces *t = s->priv->traces;
    struct co_wait w;
    if (!t)
        return;
    t->is_stopping = true;
    wake(t);
    co_wait_init(&w);
    t->flush = &w;
    if (!t->has_ended && co_wait(&w, FLUSH_TIMEOUT_MS) != ERR_OK)
        log_warn("the last traces were not sent", LOG_I("spans", trace_pending()));
    t->flush = NULL;
}

void traces_stop(struct service *s)
{
    if (!s->priv->traces)
        return;
    trace_stop();
    buf_release(&s->priv->traces->request);
    s->priv->traces = NULL;
}
