/* Being told of changes, and how the registry itself is. */
#include "api/handlers.h"
#include "api/view.h"
#include "clock.h"
#include "metrics.h"
#include "sync/registry.h"

#define POLL_DEFAULT_S 30
#define POLL_MAX_S 60
/* For encoding and sending the answer when the wait is over. */
#define ANSWER_TIME_US (10 * US_PER_S)

static const struct json_field WATCH_FIELDS[] = {
    {"since", JK_INT, offsetof(struct watch_query, since), 0, 0, -1,
     .doc = "the revision already known; none: answer at once"},
    {"wait", JK_INT, offsetof(struct watch_query, wait_s), 0, 0, POLL_MAX_S,
     .doc = "seconds to wait for a newer one; default 30"},
};
JSON_SCHEMA(WATCH_QUERY, "WatchQuery", struct watch_query, WATCH_FIELDS);

static const struct json_field REPORT_FIELDS[] = {
    {"name", JK_STR, offsetof(struct report_body, name), JF_REQUIRED | JF_NON_EMPTY},
    {"host", JK_STR, offsetof(struct report_body, host), JF_REQUIRED | JF_NON_EMPTY},
    {"port", JK_INT, offsetof(struct report_body, port), JF_REQUIRED, 1, 65535},
};
JSON_SCHEMA(REPORT_BODY, "FailureReport", struct report_body, REPORT_FIELDS);

void watch_render(void *arg, struct buf *out)
{
    const struct registry *g = arg;
    struct arena *a = arena_new();
    struct directory_list all = directory_list(g->directory, a, STR_NULL);
    const struct directory_view view = {.revision = g->revision,
                                        .records = record_list_view(a, &all)};
    struct json_writer w;

    jw_init(&w, out);
    json_encode(&w, &DIRECTORY_VIEW, &view);
    arena_free(a);
}

/* Watchers of a replica that stops, or has too many, do better at another one. */
static enum err check_room(struct req *r, const struct registry *g)
{
    if (registry_is_loaded(g) && !g->service->is_draining && !watch_set_is_full(g->watchers))
        return ERR_OK;
    req_retry_after(r, 1);
    return ERR_SERVICE_UNAVAILABLE;
}

enum err CO_FN watch_poll(struct req *r)
{
    const struct watch_query *q = r->query_args;
    struct registry *g = lookup_registry(r);
    int64_t since = q->since == JSON_NO_INT ? -1 : q->since;
    int64_t wait_us = (q->wait_s == JSON_NO_INT ? POLL_DEFAULT_S : q->wait_s) * US_PER_S;
    enum err rc = check_room(r, g);

    if (rc)
        return rc;
    co_set_deadline(co_self(), clock_mono_us() + wait_us + ANSWER_TIME_US);
    rc = watch_set_wait(g->watchers, since, wait_us / US_PER_MS);
    if (rc)
        return rc;
    req_set_header(r, "Cache-Control", STR("no-store"));
    return req_reply(r, 200, "application/json", watch_set_text(g->watchers));
}

enum err watch_events(struct req *r)
{
    struct registry *g = lookup_registry(r);
    struct str last_id = req_header(r, "Last-Event-ID");
    int64_t seen = -1;
    struct bufferevent *bev;
    enum err rc = check_room(r, g);

    if (rc)
        return rc;
    if (last_id.p && !str_to_i64(last_id, &seen))
        seen = -1;
    req_set_header(r, "Cache-Control", STR("no-store"));
    if (str_eq(r->method, STR("HEAD")))
        return req_reply(r, 200, "text/event-stream", STR(""));
    bev = req_hijack_stream(r, 200, "text/event-stream");
    if (!bev)
        return ERR_CANCELLED;
    watch_set_stream(g->watchers, bev, seen);
    return ERR_OK;
}

enum err CO_FN watch_report(struct req *r)
{
    const struct report_body *body = r->body;
    enum err rc =
        registry_report(registry_of(req_service(r)), r->arena, body->name, body->host, body->port);

    return rc ? rc : req_reply_empty(r, 202);
}

/* ---- how it is ---------------------------------------------------------------------------- */

static void count(const struct registry *g, struct arena *a, struct status_view *v)
{
    const struct directory_list all = directory_list(g->directory, a, STR_NULL);
    int64_t overdue_before = clock_wall_us() + registry_overdue_us(g);
    struct instance *ignored;

    v->instances = (int64_t)all.count;
    for (size_t i = 0; i < all.count; i++) {
        v->healthy += all.items[i]->is_healthy;
        v->overdue += all.items[i]->lease_until < overdue_before;
    }
    v->pending = (int64_t)(directory_pending(g->directory, a, PENDING_SAVE, &ignored) +
                           directory_pending(g->directory, a, PENDING_REMOVE, &ignored));
    v->streams = (int64_t)watch_set_streams(g->watchers);
    v->polls = (int64_t)watch_set_polls(g->watchers);
}

static struct status_view status_of(const struct registry *g, struct arena *a)
{
    int64_t stale_s = registry_stale_s(g);
    struct status_view v = {
        .revision = g->revision,
        .is_stale = stale_s >= 0,
        .stale_s = stale_s < 0 ? 0 : stale_s,
        .is_listening = g->listener && db_listener_is_up(g->listener),
        .is_preserving = g->is_preserving,
        .uptime = (double)(clock_mono_us() - g->started_at) / (double)US_PER_S,
    };

    count(g, a, &v);
    return v;
}

enum err watch_status(struct req *r)
{
    const struct status_view v = status_of(registry_of(req_service(r)), r->arena);

    return req_reply_json(r, 200, &STATUS_VIEW, &v);
}

static struct metric instances = {
    .name = "registry_instances",
    .help = "Registered instances by state; overdue ones were not renewed in time.",
    .kind = METRIC_GAUGE,
    .labels = "state",
};
static struct metric watchers = {
    .name = "registry_watchers",
    .help = "Event streams and waiting long polls.",
    .kind = METRIC_GAUGE,
    .labels = "kind",
};
static struct metric revision = {
    .name = "registry_revision",
    .help = "Revision of the directory.",
    .kind = METRIC_GAUGE,
};
static struct metric preserving = {
    .name = "registry_preserving",
    .help = "1 while no lease ends because most are overdue at once.",
    .kind = METRIC_GAUGE,
};
static struct metric stale = {
    .name = "registry_stale_seconds",
    .help = "Since the table was last seen; 0 while it is.",
    .kind = METRIC_GAUGE,
};
static struct metric pending = {
    .name = "registry_pending",
    .help = "Changes not yet written to the table.",
    .kind = METRIC_GAUGE,
};

static void set_labelled(struct metric *m, struct str label, int64_t value)
{
    metric_set(metric_series(m, &label), (double)value);
}

static void refresh(void *arg)
{
    struct arena *a = arena_new();
    const struct status_view v = status_of(arg, a);

    set_labelled(&instances, STR("healthy"), v.healthy);
    set_labelled(&instances, STR("unhealthy"), v.instances - v.healthy);
    set_labelled(&instances, STR("overdue"), v.overdue);
    set_labelled(&watchers, STR("stream"), v.streams);
    set_labelled(&watchers, STR("poll"), v.polls);
    metric_set(metric_series(&revision, NULL), (double)v.revision);
    metric_set(metric_series(&preserving, NULL), v.is_preserving);
    metric_set(metric_series(&stale, NULL), (double)v.stale_s);
    metric_set(metric_series(&pending, NULL), (double)v.pending);
    arena_free(a);
}

void watch_register_metrics(struct registry *g)
{
    metrics_on_render(refresh, g);
}
