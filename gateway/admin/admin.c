#include "admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/config.h"
#include "admin/lists.h"
#include "admin/node.h"
#include "clock.h"
#include "config/snapshot.h"
#include "metrics.h"
#include "proxy/client.h"
#include "registry/registry.h"
#include "service.h"

static struct gateway *gateway_of(const struct req *r)
{
    return req_service(r)->state;
}

/* ---- the process ---------------------------------------------------------------------------- */

static enum err get_root(struct req *r)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "tagline", STR("TTS gateway"));
    JW_STR(w, "version", str_from(service_version()));
    JW_KEY(w, "configuration");
    jw_object(w);
    JW_STR(w, "database", STR("off"));
    JW_INT(w, "proxy_port", gateway_of(r)->port);
    jw_end_object(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err get_status(struct req *r)
{
    struct gateway *gw = gateway_of(r);
    int busy = node_busy_clients(gw);
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "server");
    jw_object(w);
    JW_INT(w, "connections_accepted", gw->accepted_total);
    JW_INT(w, "connections_handled", gw->accepted_total);
    JW_INT(w, "connections_active", gw->client_count);
    JW_INT(w, "connections_writing", busy);
    JW_INT(w, "connections_waiting", gw->client_count - busy);
    JW_INT(w, "total_requests", gw->request_total);
    jw_end_object(w);
    JW_KEY(w, "database");
    jw_object(w);
    JW_BOOL(w, "reachable", true);
    jw_end_object(w);
    JW_KEY(w, "registry");
    jw_object(w);
    int64_t seen = registry_seen_at(gw->registry);
    JW_TIME(w, "seen_at", seen ? seen : JSON_NO_TIME);
    jw_end_object(w);
    JW_STR(w, "configuration_hash", str_from(gw->snapshot->hash));
    JW_TIME(w, "configuration_loaded_at", gw->snapshot->loaded_at);
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err get_metrics(struct req *r)
{
    struct buf b;
    buf_init(&b, r->arena);
    metrics_render(&b);
    return req_reply(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&b));
}

#define READ(pattern, handler, summary)                                                            \
    {                                                                                              \
        "GET", pattern, AUTH_NONE, 0, handler, summary                                             \
    }

/* clang-format off */
static const struct route ADMIN_ROUTES[] = {
    READ("/", get_root, "What this is"),
    READ("/services", list_services, "Services"),
    READ("/services/{id}", get_service, "A service by name or id"),
    READ("/services/{id}/routes", list_service_routes, "Its routes"),
    READ("/services/{id}/plugins", list_service_plugins, "Its plugins"),
    READ("/routes", list_routes, "Routes"),
    READ("/routes/{id}", get_route, "A route by name or id"),
    READ("/routes/{id}/service", get_route_service, "Its service"),
    READ("/routes/{id}/plugins", list_route_plugins, "Its plugins"),
    READ("/plugins", list_plugins, "Plugins in use"),
    READ("/plugins/enabled", list_enabled, "Plugins there are"),
    READ("/plugins/{id}", get_plugin, "A plugin by instance name or id"),
    READ("/upstreams", list_upstreams, "Upstreams"),
    READ("/upstreams/{id}", get_upstream, "An upstream by name or id"),
    READ("/upstreams/{id}/targets", list_targets, "Its targets at present"),
    READ("/upstreams/{id}/health", list_health, "Their health"),
    READ("/consumers", list_consumers, "Consumers"),
    READ("/consumers/{id}", get_consumer, "A consumer by name or id"),
    READ("/consumers/{id}/jwt", list_consumer_jwt, "Its credentials, masked"),
    READ("/consumers/{id}/plugins", list_consumer_plugins, "Its plugins"),
    READ("/jwts", list_jwts, "All credentials, masked"),
    READ("/schemas/{id}", get_schema, "What an entity is made of"),
    READ("/schemas/plugins/{id}", get_plugin_schema, "What a plugin's configuration is made of"),
    READ("/status", get_status, "Connections, requests, configuration"),
    READ("/metrics", get_metrics, "Prometheus metrics"),
    READ("/config", config_get, "The configuration in effect, secrets masked"),
    {"POST", "/config", AUTH_NONE, 0, config_post, "Puts a configuration into effect until SIGHUP",
     .success = 201, .max_body = 8 * 1024 * 1024},
    {0},
};
/* clang-format on */

bool admin_listen(struct gateway *gw)
{
    static const struct route *const arrays[] = {ADMIN_ROUTES};
    struct service *s = gw->service;
    struct http_server_config h = HTTP_SERVER_DEFAULTS;
    gw->admin_routes = route_table_new(arrays, 1);
    h.bind = str_cstr(s->arena, gw->settings->admin_bind);
    h.port = (int)gw->settings->admin_port;
    h.trusted_proxies = STR("127.0.0.1,::1"); /* what comes through one is not from here */
    h.reuse_port = s->config.workers > 1;
    gw->admin_server = http_server_new(gw->loop, &h, gw->admin_routes, NULL, s);
    if (http_server_listen(gw->admin_server))
        return true;
    fprintf(stderr, "gateway: cannot listen on %s:%d: %s\n", h.bind, h.port, strerror(errno));
    return false;
}
