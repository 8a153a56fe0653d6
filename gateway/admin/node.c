#include "admin/node.h"

#include "gateway.h"
#include "metrics.h"
#include "proxy/client.h"
#include "service.h"

static struct metric connections = {
    .name = "kong_nginx_connections_total",
    .help = "Connections of clients by state; accepted and handled count those of all time.",
    .kind = METRIC_GAUGE,
    .labels = "subsystem,state",
};
static struct metric requests = {
    .name = "kong_nginx_requests_total",
    .help = "Requests of clients.",
    .kind = METRIC_GAUGE,
};
static struct metric datastore = {
    .name = "kong_datastore_reachable",
    .help = "Always 1: the configuration is a file.",
    .kind = METRIC_GAUGE,
};
static struct metric node_info = {
    .name = "kong_node_info",
    .help = "Always 1; the labels tell the node.",
    .kind = METRIC_GAUGE,
    .labels = "version",
};

int node_busy_clients(const struct gateway *gw)
{
    int busy = 0;
    LIST_EACH(n, &gw->clients)
    busy += LIST_ENTRY(n, struct client, link)->x.has_begun;
    return busy;
}

static void set(const char *state, int64_t value)
{
    const struct str labels[] = {STR("http"), str_from(state)};
    metric_set(metric_series(&connections, labels), (double)value);
}

static void refresh(void *arg)
{
    const struct gateway *gw = arg;
    int busy = node_busy_clients(gw);
    set("accepted", gw->accepted_total);
    set("handled", gw->accepted_total);
    set("active", gw->client_count);
    set("writing", busy);
    set("waiting", gw->client_count - busy);
    metric_set(metric_series(&requests, NULL), (double)gw->request_total);
}

void node_metrics_register(struct gateway *gw)
{
    const struct str version = str_from(service_version());
    metric_set(metric_series(&datastore, NULL), 1);
    metric_set(metric_series(&node_info, &version), 1);
    metrics_on_render(refresh, gw);
}
