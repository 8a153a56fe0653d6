/* prometheus: Kong's metric families, so that dashboards made for Kong work. */
#include <stddef.h>
#include <stdio.h>

#include "clock.h"
#include "config/snapshot.h"
#include "metrics.h"
#include "plugins/plugin.h"
#include "proxy/exchange.h"

struct prometheus_config {
    int line;
    bool per_consumer, status_code_metrics, latency_metrics, bandwidth_metrics,
        upstream_health_metrics;
};

#define AT(member) offsetof(struct prometheus_config, member)

/* clang-format off */
static const struct conf_field prometheus_fields[] = {
    {"per_consumer", CONF_BOOL, AT(per_consumer), 0, "false"},
    {"status_code_metrics", CONF_BOOL, AT(status_code_metrics), 0, "true"},
    {"latency_metrics", CONF_BOOL, AT(latency_metrics), 0, "true"},
    {"bandwidth_metrics", CONF_BOOL, AT(bandwidth_metrics), 0, "true"},
    {"upstream_health_metrics", CONF_BOOL, AT(upstream_health_metrics), 0, "true"},
};
/* clang-format on */
static CONF_SCHEMA(prometheus_schema, struct prometheus_config, prometheus_fields);

static const double KONG_BUCKETS[] = {1, 2, 5, 7, 10, 15, 20, 30, 50, 75, 100, 200, 500, 750, 1000};
static const double UPSTREAM_BUCKETS[] = {25,   50,   80,   100,   250,   400,  700,
                                          1000, 2000, 5000, 10000, 30000, 60000};
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct metric requests = {
    .name = "kong_http_requests_total",
    .help = "HTTP status codes per service and route.",
    .kind = METRIC_COUNTER,
    .labels = "service,route,code,source,workspace,consumer",
};
static struct metric kong_latency = {
    .name = "kong_kong_latency_ms",
    .help = "Time the gateway itself took.",
    .kind = METRIC_HISTOGRAM,
    .labels = "service,route,workspace",
    .buckets = KONG_BUCKETS,
    .bucket_count = COUNT(KONG_BUCKETS),
};
static struct metric upstream_latency = {
    .name = "kong_upstream_latency_ms",
    .help = "Time from the request sent to the response's head.",
    .kind = METRIC_HISTOGRAM,
    .labels = "service,route,workspace",
    .buckets = UPSTREAM_BUCKETS,
    .bucket_count = COUNT(UPSTREAM_BUCKETS),
};
static struct metric request_latency = {
    .name = "kong_request_latency_ms",
    .help = "Time from the first byte of a request to the end of its response.",
    .kind = METRIC_HISTOGRAM,
    .labels = "service,route,workspace",
    .buckets = UPSTREAM_BUCKETS,
    .bucket_count = COUNT(UPSTREAM_BUCKETS),
};
static struct metric bandwidth = {
    .name = "kong_bandwidth_bytes",
    .help = "Payload bytes.",
    .kind = METRIC_COUNTER,
    .labels = "service,route,direction,workspace,consumer",
};

/* The series of a route, looked up once. */
#define MAX_CODES 16
struct route_metrics {
    struct metric_series *kong, *upstream, *request, *ingress, *egress;
    struct {
        int status;
        bool is_local;
        struct metric_series *series;
    } codes[MAX_CODES];
    int code_count;
};

static struct str service_label(const struct exchange *x)
{
    return x->route ? x->route->service->name : STR("");
}

static struct str route_label(const struct exchange *x)
{
    return x->route ? kong_route_label(x->route) : STR("");
}

static struct route_metrics *route_metrics_new(const struct exchange *x)
{
    struct route_metrics *m = ARENA_NEW(x->snapshot->arena, struct route_metrics);
    struct str latency[] = {service_label(x), route_label(x), STR("default")};
    struct str bytes[] = {latency[0], latency[1], STR("ingress"), STR("default"), STR("")};
    m->kong = metric_series(&kong_latency, latency);
    m->upstream = metric_series(&upstream_latency, latency);
    m->request = metric_series(&request_latency, latency);
    m->ingress = metric_series(&bandwidth, bytes);
    bytes[2] = STR("egress");
    m->egress = metric_series(&bandwidth, bytes);
    return m;
}

static struct metric_series *code_series(const struct exchange *x, struct route_metrics *m,
                                         struct str consumer)
{
    for (int i = 0; !consumer.len && i < m->code_count; i++)
        if (m->codes[i].status == x->status && m->codes[i].is_local == x->is_local)
            return m->codes[i].series;
    char code[12];
    int n = snprintf(code, sizeof code, "%d", x->status);
    struct str labels[] = {service_label(x),       route_label(x),
                           str_n(code, (size_t)n), x->is_local ? STR("kong") : STR("service"),
                           STR("default"),         consumer};
    struct metric_series *s = metric_series(&requests, labels);
    if (!consumer.len && m->code_count < MAX_CODES) {
        m->codes[m->code_count].status = x->status;
        m->codes[m->code_count].is_local = x->is_local;
        m->codes[m->code_count++].series = s;
    }
    return s;
}

static double ms(int64_t us)
{
    return (double)us / (double)US_PER_MS;
}

static void prometheus_log(struct exchange *x, const struct kong_plugin *p)
{
    const struct prometheus_config *c = p->config;
    void **slot = x->route ? &x->route->metrics : &x->snapshot->unrouted_metrics;
    if (!*slot)
        *slot = route_metrics_new(x);
    struct route_metrics *m = *slot;
    if (c->status_code_metrics) {
        struct str consumer = c->per_consumer && x->consumer ? x->consumer->username : STR("");
        metric_add(code_series(x, m, consumer), 1);
    }
    if (c->latency_metrics) {
        int64_t now = clock_mono_us(), waited = 0;
        if (!x->is_local && x->sent_us) {
            waited = x->answered_us - x->sent_us;
            metric_observe(m->upstream, ms(waited));
        }
        metric_observe(m->request, ms(now - x->begun_us));
        metric_observe(m->kong, ms(x->answered_us - x->begun_us - waited));
    }
    if (c->bandwidth_metrics) {
        metric_add(m->ingress, (double)x->request_bytes);
        metric_add(m->egress, (double)x->response_bytes);
    }
}

extern const struct plugin PLUGIN_PROMETHEUS;
const struct plugin PLUGIN_PROMETHEUS = {
    .name = "prometheus",
    .priority = 13,
    .schema = &prometheus_schema,
    .may_scope_consumer = true,
    .log = prometheus_log,
};
