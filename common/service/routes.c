#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "internal.h"
#include "log.h"
#include "trace.h"

/* ---- metrics ------------------------------------------------------------------------------ */

static struct metric request_duration = {
    .name = "http_server_request_duration_seconds",
    .help = "Time from the complete head of a request to its queued reply.",
    .kind = METRIC_HISTOGRAM,
    .labels = "method,route,code",
};
static struct metric requests = {
    .name = "http_requests_total",
    .help = "Requests answered.",
    .kind = METRIC_COUNTER,
    .labels = "method,route,code",
};
static struct metric active_requests = {
    .name = "http_server_active_requests",
    .help = "Requests in flight.",
    .kind = METRIC_GAUGE,
};
static struct metric pool_size = {
    .name = "db_pool_size",
    .help = "Database connections that the pool may have.",
    .kind = METRIC_GAUGE,
};
static struct metric pool_in_use = {
    .name = "db_pool_in_use",
    .help = "Database connections at work.",
    .kind = METRIC_GAUGE,
};
static struct metric pool_idle = {
    .name = "db_pool_idle",
    .help = "Database connections that wait for work.",
    .kind = METRIC_GAUGE,
};
static struct metric pool_waiting = {
    .name = "db_pool_waiting",
    .help = "Coroutines that wait for a database connection.",
    .kind = METRIC_GAUGE,
};
static struct metric redelivered = {
    .name = "amqp_redelivered_total",
    .help = "Messages the broker delivered again.",
    .kind = METRIC_COUNTER,
};
static struct metric outbox_pending = {
    .name = "outbox_pending",
    .help = "Outbox rows not yet confirmed by the broker.",
    .kind = METRIC_GAUGE,
};
static struct metric outbox_oldest = {
    .name = "outbox_oldest_seconds",
    .help = "Age of the oldest outbox row.",
    .kind = METRIC_GAUGE,
};
static struct metric build_info = {
    .name = "build_info",
    .help = "Always 1; the labels tell the build.",
    .kind = METRIC_GAUGE,
    .labels = "service,version,commit",
};

static void set_gauge(struct metric *m, double value)
{
    metric_set(metric_series(m, NULL), value);
}

static void refresh_pool(const struct db *db)
{
    struct db_stats stats;
    db_stats(db, &stats);
    int idle = stats.connected - stats.in_use;
    set_gauge(&pool_size, stats.pool_size);
    set_gauge(&pool_in_use, stats.in_use);
    set_gauge(&pool_idle, idle > 0 ? idle : 0);
    set_gauge(&pool_waiting, stats.waiting);
}

static void refresh_broker(const struct mq *mq)
{
    struct mq_stats stats;
    mq_stats(mq, &stats);
    struct metric_series *s = metric_series(&redelivered, NULL);
    metric_add(s, (double)stats.redelivered - metric_value(s));
}

static void refresh_gauges(void *arg)
{
    struct service *s = arg;
    if (s->server)
        set_gauge(&active_requests, http_server_active(s->server));
    if (s->db)
        refresh_pool(s->db);
    if (s->mq)
        refresh_broker(s->mq);
    if (s->relay) {
        int64_t pending;
        double oldest;
        outbox_relay_stats(s->relay, &pending, &oldest);
        set_gauge(&outbox_pending, (double)pending);
        set_gauge(&outbox_oldest, oldest);
    }
}

void routes_register_metrics(struct service *s)
{
    struct str labels[] = {str_from(s->desc->name), STR(TTS_VERSION), STR(TTS_COMMIT)};
    metric_set(metric_series(&build_info, labels), 1);
    metrics_register_process();
    metrics_on_render(refresh_gauges, s);
}

const char *service_version(void)
{
    return TTS_VERSION;
}

static void log_request(struct req *r, int status, int64_t duration_us, int64_t bytes)
{
    enum log_level level = status >= 500 ? LOG_ERROR : LOG_INFO;
    bool is_probe = r->route && (r->route->flags & ROUTE_HIDDEN) && status < 400;
    const struct log_field fields[] = {
        LOG_STR("method", r->method), LOG_CSTR("route", r->route ? r->route->pattern : ""),
        LOG_I("status", status),      LOG_I("dur_ms", duration_us / US_PER_MS),
        LOG_I("bytes", bytes),        LOG_STR("peer", r->peer),
    };
    log_record(is_probe ? LOG_DEBUG : level, "request", fields, sizeof fields / sizeof fields[0]);
}

/* Probes are not worth a trace. */
static void record_request(const struct req *r, int status, int64_t duration_us, int64_t bytes)
{
    if (!trace_wants(&r->log) || (r->route && (r->route->flags & ROUTE_HIDDEN)))
        return;
    struct str route = r->route ? str_from(r->route->pattern) : STR_NULL;
    const struct span s = {
        .kind = SPAN_SERVER,
        .name = route.len ? str_printf(r->arena, "%.*s %.*s", STR_ARG(r->method), STR_ARG(route))
                          : STR("HTTP"),
        .log = &r->log,
        .duration_us = duration_us,
        .error = status >= 500 ? "" : NULL};
    const struct log_field fields[] = {
        LOG_STR("http.request.method", r->method),  LOG_STR("http.route", route),
        LOG_I("http.response.status_code", status), LOG_I("http.response.body.size", bytes),
        LOG_STR("client.address", r->peer),         LOG_STR("tts.request_id", r->log.request_id),
        LOG_I("tts.user_id", r->log.user_id),
    };
    trace_record(&s, fields, sizeof fields / sizeof fields[0]);
}

void routes_request_finished(struct req *r, int status, int64_t duration_us, int64_t bytes)
{
    char code[12];
    struct str labels[] = {r->method,
                           r->route ? str_from(r->route->pattern) : STR("unmatched"),
                           {code, (size_t)snprintf(code, sizeof code, "%d", status)}};
    if (!r->route)
        labels[0] = STR("other");
    metric_observe(metric_series(&request_duration, labels),
                   (double)duration_us / (double)US_PER_S);
    metric_add(metric_series(&requests, labels), 1);
    log_request(r, status, duration_us, bytes);
    record_request(r, status, duration_us, bytes);
    const struct service_desc *desc = req_service(r)->desc;
    if (desc->answered)
        desc->answered(r, status);
}

/* ---- handlers ----------------------------------------------------------------------------- */

struct service *req_service(const struct req *r)
{
    return r->app;
}

enum err req_db(struct req *r, struct db_session **out)
{
    struct service *s = req_service(r);
    if (!r->db) {
        struct db_session *session = ARENA_NEW(r->arena, struct db_session);
        db_session_init(session, s->db, r->arena);
        r->db = session;
    }
    *out = r->db;
    if (s->db && db_is_up(s->db))
        return ERR_OK;
    req_retry_after(r, 2);
    return ERR_SERVICE_UNAVAILABLE;
}

static enum err get_health(struct req *r)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "status", STR("ok"));
    JW_STR(w, "service", str_from(req_service(r)->desc->name));
    JW_STR(w, "version", STR(TTS_VERSION));
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err get_version(struct req *r)
{
    struct service *s = req_service(r);
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "service", str_from(s->desc->name));
    JW_STR(w, "version", STR(TTS_VERSION));
    JW_STR(w, "commit", STR(TTS_COMMIT));
    int latest = 0;
    for (const struct db_migration *const *set = s->desc->migrations; set && *set; set++)
        for (const struct db_migration *m = *set; m->sql; m++)
            latest = m->version;
    JW_INT(w, "schema", latest);
    jw_end_object(w);
    return req_json_end(r, 200);
}

static bool write_check(struct json_writer *w, const char *name, enum err rc, int64_t took_us)
{
    jw_key(w, str_from(name));
    jw_object(w);
    JW_STR(w, "status", rc ? STR("failed") : STR("ok"));
    if (rc)
        JW_STR(w, "error", str_from(err_text(rc)));
    JW_KEY(w, "latency_ms");
    jw_double(w, (double)took_us / US_PER_MS);
    jw_end_object(w);
    return rc == ERR_OK;
}

static enum err check_migrations(struct service *s)
{
    return s->priv->is_migrated ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
}

static enum err check_broker(struct service *s)
{
    return mq_is_up(s->mq) ? ERR_OK : ERR_QUEUE_CONNECTION_FAILED;
}

static enum err check_started(struct service *s)
{
    return s->is_ready ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
}

static bool CO_FN run_checks(struct service *s, struct json_writer *w,
                             const struct service_check *checks)
{
    bool ok = true;
    for (const struct service_check *c = checks; c && c->name; c++) {
        int64_t before = clock_mono_us();
        enum err rc = c->check(s);
        ok &= write_check(w, c->name, rc, clock_mono_us() - before);
    }
    return ok;
}

static enum err CO_FN get_ready(struct req *r)
{
    static const struct service_check DATABASE[] = {
        {"migrations", check_migrations}, {"database", probe_database}, {0}};
    static const struct service_check BROKER[] = {{"broker", check_broker}, {0}};
    static const struct service_check STARTED[] = {{"started", check_started}, {0}};
    struct service *s = req_service(r);
    struct buf checks;
    struct json_writer inner;
    buf_init(&checks, r->arena);
    jw_init(&inner, &checks);
    jw_object(&inner);
    bool ok = run_checks(s, &inner, STARTED);
    if (s->db)
        ok &= run_checks(s, &inner, DATABASE);
    if (s->mq)
        ok &= run_checks(s, &inner, BROKER);
    ok &= run_checks(s, &inner, s->desc->checks);
    jw_end_object(&inner);
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    ok &= !s->is_draining;
    JW_STR(w, "status", s->is_draining ? STR("draining") : ok ? STR("ready") : STR("unready"));
    JW_STR(w, "service", str_from(s->desc->name));
    JW_RAW(w, "checks", buf_str(&checks));
    jw_end_object(w);
    if (!ok)
        req_retry_after(r, 2);
    return req_json_end(r, ok ? 200 : 503);
}

static enum err get_metrics(struct req *r)
{
    struct buf b;
    buf_init(&b, r->arena);
    metrics_render(&b);
    return req_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&b));
}

static const char *permission_label(int p)
{
    return permission_name(p);
}

void routes_write_openapi(struct service *s, struct json_writer *w)
{
    openapi_write(w, s->routes, s->desc->name, TTS_VERSION, permission_label);
}

static enum err get_openapi(struct req *r)
{
    routes_write_openapi(req_service(r), req_json_begin(r));
    return req_json_end(r, 200);
}

static const struct route COMMON_ROUTES[] = {
    {"GET", "/health", AUTH_NONE, 0, get_health, "Liveness; touches no dependency",
     .flags = ROUTE_HIDDEN},
    {"GET", "/ready", AUTH_NONE, 0, get_ready, "Readiness, check by check", .flags = ROUTE_HIDDEN},
    {"GET", "/metrics", AUTH_NONE, 0, get_metrics, "Prometheus metrics", .flags = ROUTE_HIDDEN},
    {"GET", "/version", AUTH_NONE, 0, get_version, "Version of program and schema",
     .flags = ROUTE_HIDDEN},
    {"GET", "/openapi.json", AUTH_NONE, 0, get_openapi, "This interface, described",
     .flags = ROUTE_HIDDEN},
    {0},
};

static bool is_overridden(const struct route *const *own, const struct route *common)
{
    for (; *own; own++)
        for (const struct route *r = *own; r->method; r++)
            if (strcmp(r->method, common->method) == 0 && strcmp(r->pattern, common->pattern) == 0)
                return true;
    return false;
}

struct route_table *routes_compile(struct service *s)
{
    static const struct route *const NONE[] = {NULL};
    const struct route *const *own = s->desc->routes ? s->desc->routes : NONE;
    struct route *common =
        ARENA_ARRAY(s->arena, struct route, sizeof COMMON_ROUTES / sizeof COMMON_ROUTES[0]);
    const struct route **arrays;
    size_t count = 0, n = 0;

    while (own[count])
        count++;
    arrays = ARENA_ARRAY(s->arena, const struct route *, count + 1);
    for (size_t i = 0; i < count; i++)
        arrays[i] = own[i];
    for (const struct route *r = COMMON_ROUTES; r->method; r++)
        if (!is_overridden(own, r))
            common[n++] = *r;
    arrays[count] = common;
    return route_table_new(arrays, count + 1);
}
