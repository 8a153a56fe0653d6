/* gateway: the fleet's edge. Wiring only. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/node.h"
#include "clock.h"
#include "config/posted.h"
#include "config/reload.h"
#include "config/snapshot.h"
#include "docs/docs.h"
#include "limits/counter.h"
#include "limits/sync.h"
#include "log.h"
#include "plugins/token.h"
#include "proxy/client.h"
#include "registry/registry.h"
#include "service.h"
#include "tls/tls.h"

#define DRAIN_TIMEOUT_MS 15000

static struct gateway *gateway_of(const struct service *s)
{
    return s->state;
}

static bool check(struct service *s)
{
    const struct gateway_settings *own = s->own_config;
    bool is_routable = snapshot_check(s, own->config_path.p, stderr);
    return tls_check(own, stderr) && is_routable;
}

static bool serve_own_endpoints(struct gateway *gw)
{
    struct http_server_config h = HTTP_SERVER_DEFAULTS;
    h.bind = "127.0.0.1";
    h.port = 0;
    h.trusted_proxies = STR("127.0.0.1");
    gw->own_server = http_server_new(gw->loop, &h, gw->service->routes, NULL, gw->service);
    if (!http_server_listen(gw->own_server))
        return false;
    gw->own_port = http_server_port(gw->own_server);
    return true;
}

static bool listen_on(struct gateway *gw, int64_t port, bool is_tls)
{
    const struct service_config *c = &gw->service->config;
    if (clients_listen(gw, str_cstr(gw->service->arena, c->bind), (int)port, c->workers > 1,
                       is_tls))
        return true;
    fprintf(stderr, "gateway: cannot listen on %.*s:%lld: %s\n", STR_ARG(c->bind), (long long)port,
            strerror(errno));
    return false;
}

static bool listen_clients(struct gateway *gw)
{
    struct service_config *c = &gw->service->config;
    if (!listen_on(gw, c->port, false))
        return false;
    c->port = gw->port;
    if (!gw->tls)
        return true;
    if (!listen_on(gw, gw->settings->tls_port, true))
        return false;
    log_info("listening for TLS", LOG_I("port", gw->tls_port));
    return true;
}

static enum access_log access_log_of(struct str name)
{
    if (str_eq(name, STR("all")))
        return ACCESS_LOG_ALL;
    return str_eq(name, STR("off")) ? ACCESS_LOG_OFF : ACCESS_LOG_ERRORS;
}

/* In any state that init can leave. */
static void release(struct gateway *gw)
{
    reload_unwatch(gw);
    if (gw->snapshot)
        snapshot_unref(gw->snapshot);
    endpoint_table_free(gw->endpoints);
    http_server_free(gw->own_server);
    http_server_free(gw->admin_server);
    if (gw->admin_routes)
        route_table_free(gw->admin_routes);
    registry_free(gw->registry);
    evbuffer_free(gw->payload);
    buf_release(&gw->scratch);
    token_lookups_free();
    counters_free();
    docs_release();
    tls_release(gw);
}

static enum err open_all(struct gateway *gw)
{
    struct str bad;
    if (!cidr_list_parse(gw->service->arena, gw->settings->trusted_proxies, &gw->trusted_proxies,
                         &bad)) {
        fprintf(stderr, "GATEWAY_TRUSTED_PROXIES: \"%.*s\" is no address or network\n",
                STR_ARG(bad));
        return ERR_INVALID_INPUT;
    }
    if (!tls_load(gw, stderr))
        return ERR_INVALID_INPUT;
    if (!serve_own_endpoints(gw))
        return ERR_SERVICE_UNAVAILABLE;
    if (!reload_first(gw))
        return ERR_INVALID_INPUT;
    return admin_listen(gw) && listen_clients(gw) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;
}

static enum err init(struct service *s)
{
    struct gateway *gw = ARENA_NEW(s->arena, struct gateway);
    const struct service_config *c = &s->config;
    s->state = gw;
    gw->service = s;
    gw->loop = s->loop;
    gw->settings = s->own_config;
    gw->access_log = access_log_of(gw->settings->access_log);
    gw->allowed_origins = s->config.allowed_origins;
    if (s->is_production && gw->settings->hsts_max_age_s)
        gw->hsts = str_printf(s->arena, "max-age=%lld; includeSubDomains",
                              (long long)gw->settings->hsts_max_age_s);
    list_init(&gw->clients);
    buf_init(&gw->scratch, NULL);
    gw->payload = evbuffer_new();
    counters_init(c->service_secret.len ? c->service_secret : c->jwt_secret);
    gw->endpoints = endpoint_table_new(gw);
    gw->registry = registry_new(gw);
    node_metrics_register(gw);
    enum err rc = open_all(gw);
    if (rc)
        release(gw);
    else
        reload_watch(gw);
    return rc;
}

static enum err start(struct service *s)
{
    registry_watch(gateway_of(s)->registry);
    limit_sync_start(gateway_of(s));
    return ERR_OK;
}

static void CO_FN stop(struct service *s)
{
    struct gateway *gw = gateway_of(s);
    clients_drain(gw);
    for (int64_t until = clock_mono_us() + DRAIN_TIMEOUT_MS * US_PER_MS;
         (gw->client_count || token_lookups_are_running() || docs_are_running()) &&
         clock_mono_us() < until;)
        if (co_sleep_ms(10) != ERR_OK)
            break;
    clients_close(gw);
    limit_sync_stop(gw);
    registry_stop(gw->registry);
    release(gw);
}

int main(int argc, char **argv)
{
    static const struct route *const routes[] = {DOCS_ROUTES, NULL};
    static const struct service_desc desc = {
        .name = "gateway",
        .default_port = 8080,
        .flags = SERVICE_NO_DB | SERVICE_NO_MQ | SERVICE_OWN_SERVER,
        .routes = routes,
        .settings = GATEWAY_SETTINGS,
        .config_size = sizeof(struct gateway_settings),
        .check = check,
        .init = init,
        .start = start,
        .stop = stop,
    };
    posted_open();
    return service_main(argc, argv, &desc);
}
