#include "admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/entity.h"
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

static const struct snapshot *snapshot_of(const struct req *r)
{
    return gateway_of(r)->snapshot;
}

static struct json_writer *begin_list(struct req *r)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "data");
    jw_array(w);
    return w;
}

static enum err end_list(struct req *r, struct json_writer *w)
{
    jw_end_array(w);
    JW_NULL(w, "next");
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- services, routes, plugins -------------------------------------------------------------- */

static enum err list_services(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->services.count; i++)
        entity_service(w, &((const struct kong_service *)f->services.items)[i]);
    return end_list(r, w);
}

static const struct kong_service *find_service(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    for (size_t i = 0; i < f->services.count; i++) {
        const struct kong_service *s = &((const struct kong_service *)f->services.items)[i];
        if (entity_is_named(req_param(r, "id"), "service", s->name, s->id))
            return s;
    }
    return NULL;
}

static enum err get_service(struct req *r)
{
    const struct kong_service *s = find_service(r);
    if (!s)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    entity_service(req_json_begin(r), s);
    return req_json_end(r, 200);
}

static enum err list_service_routes(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    const struct kong_service *s = find_service(r);
    if (!s)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->route_count; i++)
        if (f->all_routes[i]->service == s)
            entity_route(w, f->all_routes[i]);
    return end_list(r, w);
}

static enum err list_service_plugins(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    const struct kong_service *s = find_service(r);
    if (!s)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->plugin_count; i++)
        if (f->all_plugins[i]->service == s)
            entity_plugin(w, f->all_plugins[i], i);
    return end_list(r, w);
}

static enum err list_routes(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->route_count; i++)
        entity_route(w, f->all_routes[i]);
    return end_list(r, w);
}

static const struct kong_route *find_route(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    for (size_t i = 0; i < f->route_count; i++)
        if (entity_is_named(req_param(r, "id"), "route", kong_route_label(f->all_routes[i]),
                            f->all_routes[i]->id))
            return f->all_routes[i];
    return NULL;
}

static enum err get_route(struct req *r)
{
    const struct kong_route *route = find_route(r);
    if (!route)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    entity_route(req_json_begin(r), route);
    return req_json_end(r, 200);
}

static enum err list_route_plugins(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    const struct kong_route *route = find_route(r);
    if (!route)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->plugin_count; i++)
        if (f->all_plugins[i]->route == route)
            entity_plugin(w, f->all_plugins[i], i);
    return end_list(r, w);
}

static enum err list_plugins(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->plugin_count; i++)
        entity_plugin(w, f->all_plugins[i], i);
    return end_list(r, w);
}

static enum err list_enabled(struct req *r)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_KEY(w, "enabled_plugins");
    jw_array(w);
    for (size_t i = 0; plugin_at(i); i++)
        jw_str(w, str_from(plugin_at(i)->name));
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- upstreams ------------------------------------------------------------------------------ */

static enum err list_upstreams(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->upstreams.count; i++)
        entity_upstream(w, &((const struct kong_upstream *)f->upstreams.items)[i]);
    return end_list(r, w);
}

static const struct kong_upstream *find_upstream(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    for (size_t i = 0; i < f->upstreams.count; i++) {
        const struct kong_upstream *u = &((const struct kong_upstream *)f->upstreams.items)[i];
        if (entity_is_named(req_param(r, "id"), "upstream", u->name, u->id))
            return u;
    }
    return NULL;
}

static enum err get_upstream(struct req *r)
{
    const struct kong_upstream *u = find_upstream(r);
    if (!u)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    entity_upstream(req_json_begin(r), u);
    return req_json_end(r, 200);
}

static enum err write_targets(struct req *r, bool with_health)
{
    const struct kong_upstream *u = find_upstream(r);
    if (!u)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < u->upstream->count; i++)
        entity_target(w, u, &u->upstream->targets[i], with_health);
    return end_list(r, w);
}

static enum err list_targets(struct req *r)
{
    return write_targets(r, false);
}

static enum err list_health(struct req *r)
{
    return write_targets(r, true);
}

/* ---- consumers ------------------------------------------------------------------------------ */

static enum err list_consumers(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->consumers.count; i++)
        entity_consumer(w, &((const struct kong_consumer *)f->consumers.items)[i]);
    return end_list(r, w);
}

static const struct kong_consumer *find_consumer(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    for (size_t i = 0; i < f->consumers.count; i++) {
        const struct kong_consumer *c = &((const struct kong_consumer *)f->consumers.items)[i];
        if (entity_is_named(req_param(r, "id"), "consumer", c->username, c->id))
            return c;
    }
    return NULL;
}

static enum err get_consumer(struct req *r)
{
    const struct kong_consumer *c = find_consumer(r);
    if (!c)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    entity_consumer(req_json_begin(r), c);
    return req_json_end(r, 200);
}

static enum err list_consumer_jwt(struct req *r)
{
    const struct kong_file *f = snapshot_of(r)->file;
    const struct kong_consumer *c = find_consumer(r);
    if (!c)
        return req_failf(r, ERR_NOT_FOUND, "Not found");
    struct json_writer *w = begin_list(r);
    for (size_t i = 0; i < f->secret_count; i++)
        if (f->all_secrets[i]->consumer == c)
            entity_jwt_secret(w, f->all_secrets[i]);
    return end_list(r, w);
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
    int busy = 0;
    LIST_EACH(n, &gw->clients)
    busy += LIST_ENTRY(n, struct client, link)->x.has_begun;
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

/* Kong answers its file as YAML text inside JSON. JSON is YAML, so the export is written as JSON.
 */
static enum err get_config(struct req *r)
{
    struct buf text;
    struct json_writer inner, *w = req_json_begin(r);
    buf_init(&text, r->arena);
    jw_init(&inner, &text);
    entity_file(&inner, snapshot_of(r)->file);
    jw_object(w);
    JW_STR(w, "config", buf_str(&text));
    jw_end_object(w);
    return req_json_end(r, 200);
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
    READ("/routes/{id}/plugins", list_route_plugins, "Its plugins"),
    READ("/plugins", list_plugins, "Plugins in use"),
    READ("/plugins/enabled", list_enabled, "Plugins there are"),
    READ("/upstreams", list_upstreams, "Upstreams"),
    READ("/upstreams/{id}", get_upstream, "An upstream by name or id"),
    READ("/upstreams/{id}/targets", list_targets, "Its targets at present"),
    READ("/upstreams/{id}/health", list_health, "Their health"),
    READ("/consumers", list_consumers, "Consumers"),
    READ("/consumers/{id}", get_consumer, "A consumer by name or id"),
    READ("/consumers/{id}/jwt", list_consumer_jwt, "Its credentials, masked"),
    READ("/status", get_status, "Connections, requests, configuration"),
    READ("/metrics", get_metrics, "Prometheus metrics"),
    READ("/config", get_config, "The route file in effect, secrets masked"),
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
    h.reuse_port = s->config.workers > 1;
    gw->admin_server = http_server_new(gw->loop, &h, gw->admin_routes, NULL, s);
    if (http_server_listen(gw->admin_server))
        return true;
    fprintf(stderr, "gateway: cannot listen on %s:%d: %s\n", h.bind, h.port, strerror(errno));
    return false;
}
