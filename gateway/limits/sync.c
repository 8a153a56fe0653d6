#include "limits/sync.h"

#include <stdio.h>

#include "client.h"
#include "clock.h"
#include "encode.h"
#include "json.h"
#include "limits/counter.h"
#include "log.h"
#include "metrics.h"
#include "service.h"

#define BATCH 1000
#define TIMEOUT_MS 2000
#define PAUSE_MS 1000 /* after a failure */
#define KEY_SIZE (2 * sizeof(struct hash128) + 1)

static struct metric synced = {
    .name = "gateway_rate_limit_synced",
    .help = "1 while the counts of this gateway are shared with the others, 0 while it counts "
            "alone.",
    .kind = METRIC_GAUGE,
};
static struct metric failures = {
    .name = "gateway_rate_limit_sync_failures_total",
    .help = "Synchronisations that failed; their counts are told later.",
    .kind = METRIC_COUNTER,
};
static struct metric duration = {
    .name = "gateway_rate_limit_sync_seconds",
    .help = "Time of one synchronisation.",
    .kind = METRIC_HISTOGRAM,
};
static struct metric evicted = {
    .name = "gateway_rate_limit_evicted_counters",
    .help = "Counters thrown out since the start because there were too many keys.",
    .kind = METRIC_GAUGE,
};

static struct {
    struct gateway *gw;
    struct timer timer;
    bool is_running, is_away, is_stopping;
} sync;

/* ---- one batch ------------------------------------------------------------------------------ */

struct batch {
    uint32_t index[BATCH];
    struct hash128 key[BATCH];
    int64_t start[BATCH];
    size_t count;
};

/* The table may have given the place to another key meanwhile. */
static struct counter *counter_of(const struct batch *b, size_t i)
{
    struct counter *c = counter_at(b->index[i]);
    bool is_same =
        c->key.h[0] == b->key[i].h[0] && c->key.h[1] == b->key[i].h[1] && c->start == b->start[i];
    return is_same ? c : NULL;
}

static void take_batch(struct batch *b, struct json_writer *w)
{
    char key[KEY_SIZE];
    uint32_t index;
    jw_object(w);
    JW_KEY(w, "counters");
    jw_array(w);
    for (b->count = 0; b->count < BATCH && (index = counter_dequeue()) != COUNTER_NONE;) {
        struct counter *c = counter_at(index);
        if (!c->unsent || !c->is_shared)
            continue;
        size_t i = b->count++;
        b->index[i] = index;
        b->key[i] = c->key;
        b->start[i] = c->start;
        c->sending = c->unsent;
        c->unsent = 0;
        hex_encode(&c->key, sizeof c->key, key);
        jw_object(w);
        JW_STR(w, "key", str_from(key));
        JW_INT(w, "window", c->window_s);
        JW_INT(w, "window_start", c->start);
        JW_INT(w, "add", c->sending);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
}

static void put_back(const struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct counter *c = counter_of(b, i);
        if (!c)
            continue;
        c->unsent += c->sending;
        c->sending = 0;
        counter_enqueue(b->index[i]);
    }
}

static void take_totals(const struct batch *b, const struct json *totals)
{
    for (size_t i = 0; i < b->count; i++) {
        struct counter *c = counter_of(b, i);
        int64_t total = 0;
        if (!c)
            continue;
        bool is_told = json_int(json_get(json_at(totals, i), "total"), &total) && total >= 0;
        c->total = is_told && total <= UINT32_MAX / 4 ? (uint32_t)total : c->total + c->sending;
        c->sending = 0;
        if (c->unsent)
            counter_enqueue(b->index[i]);
    }
}

static enum err CO_FN call(struct service *s, struct arena *a, struct str body,
                           struct http_answer *answer)
{
    struct http_call_header headers[] = {{"Authorization", service_authorization(s, a)},
                                         {"Content-Type", STR("application/json")}};
    struct str base = service_registry_url(s);
    struct http_call c = {
        .method = "POST",
        .url = str_printf(a, "%.*s/registry/limits/sync", STR_ARG(base)),
        .headers = headers,
        .header_count = 2,
        .body = body,
        .timeout_ms = TIMEOUT_MS,
    };
    enum err rc = http_client_call(s->http, a, &c, answer);
    if (rc || answer->status >= 500)
        service_registry_failed(s, base);
    return rc;
}

static void note_state(bool is_away, const char *why)
{
    if (is_away != sync.is_away && is_away)
        log_warn("rate limits are counted alone", LOG_CSTR("reason", why));
    else if (is_away != sync.is_away)
        log_info("rate limits are shared again");
    sync.is_away = is_away;
    metric_set(metric_series(&synced, NULL), is_away ? 0 : 1);
    if (is_away)
        metric_add(metric_series(&failures, NULL), 1);
}

/* false when the registry could not take it. */
static bool CO_FN sync_batch(struct arena *a)
{
    struct batch *b = ARENA_NEW(a, struct batch);
    struct buf body;
    struct json_writer w;
    struct http_answer answer = {0};
    const struct json *reply = NULL;
    const char *why = "unexpected answer";
    buf_init(&body, a);
    jw_init(&w, &body);
    take_batch(b, &w);
    if (!b->count)
        return true;
    int64_t begun = clock_mono_us();
    enum err rc = call(sync.gw->service, a, buf_str(&body), &answer);
    const struct json *totals = NULL;
    if (!rc && answer.status == 200 && json_parse(a, answer.body, &reply, &why) == ERR_OK)
        totals = json_get(reply, "counters");
    bool ok = json_type(totals) == JSON_ARRAY && json_count(totals) == b->count;
    /* What the registry will never take must not keep the rest from being told. */
    bool is_refused = !rc && (answer.status == 400 || answer.status == 422);
    if (ok || is_refused)
        take_totals(b, ok ? totals : NULL);
    else
        put_back(b);
    metric_observe(metric_series(&duration, NULL),
                   (double)(clock_mono_us() - begun) / (double)US_PER_S);
    note_state(!ok, rc ? err_text(rc) : is_refused ? "a batch was refused" : why);
    return ok || is_refused;
}

/* ---- when ----------------------------------------------------------------------------------- */

static void CO_FN run(void *arg)
{
    (void)arg;
    bool ok = true;
    for (bool is_more = true; is_more && ok;) {
        struct arena *a = arena_new();
        ok = sync_batch(a);
        arena_free(a);
        /* What was counted since this began is for the next time. */
        is_more = sync.is_stopping && counters_are_queued();
    }
    sync.is_running = false;
    if (counters_are_queued() && !sync.is_stopping)
        timer_start(&sync.timer, ok ? sync.gw->settings->rate_limit_sync_ms : PAUSE_MS);
}

static void on_timer(void *arg)
{
    (void)arg;
    if (sync.is_running || sync.is_stopping)
        return;
    sync.is_running = true;
    co_start(sync.gw->loop, run, NULL, "rate-limit-sync");
}

static void on_counted(void *arg)
{
    (void)arg;
    if (!sync.is_running && !sync.is_stopping && !timer_is_active(&sync.timer))
        timer_start(&sync.timer, sync.gw->settings->rate_limit_sync_ms);
}

static void refresh_gauges(void *arg)
{
    (void)arg;
    metric_set(metric_series(&evicted, NULL), (double)counter_stats.evicted);
}

void limit_sync_start(struct gateway *gw)
{
    sync.gw = gw;
    metrics_on_render(refresh_gauges, NULL);
    if (!gw->service->config.registry_url.len)
        return;
    timer_init(&sync.timer, gw->loop, on_timer, NULL);
    counters_on_queued(on_counted, NULL);
    if (counters_are_queued())
        on_counted(NULL);
}

void CO_FN limit_sync_stop(struct gateway *gw)
{
    if (!sync.gw || !gw->service->config.registry_url.len)
        return;
    timer_stop(&sync.timer);
    sync.is_stopping = true;
    while (sync.is_running)
        if (co_sleep_ms(5) != ERR_OK)
            break;
    if (counters_are_queued() && !sync.is_away)
        run(NULL);
    timer_release(&sync.timer);
}
