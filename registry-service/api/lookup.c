/* Finding services, in the forms and words of the documents. */
#include <inttypes.h>

#include "api/handlers.h"
#include "api/view.h"
#include "clock.h"
#include "sync/registry.h"

struct registry *lookup_registry(struct req *r)
{
    struct registry *g = registry_of(req_service(r));
    int64_t stale_s = registry_stale_s(g);

    if (stale_s >= 0)
        req_set_header(r, "X-Registry-Stale", str_printf(r->arena, "%" PRId64, stale_s));
    return g;
}

/* Nobody by that name, as far as is known yet. */
static enum err unknown(struct req *r, const struct registry *g)
{
    if (registry_is_loaded(g))
        return ERR_SERVICE_NOT_FOUND;
    req_retry_after(r, 1);
    return ERR_SERVICE_UNAVAILABLE;
}

enum err lookup_services(struct req *r)
{
    struct directory_list all = directory_list(lookup_registry(r)->directory, r->arena, STR_NULL);
    struct record_list_view view = record_list_view(r->arena, &all);

    return req_reply_json(r, 200, &RECORD_LIST_VIEW, &view);
}

enum err lookup_service(struct req *r)
{
    const struct registry *g = lookup_registry(r);
    const struct instance *i = directory_pick(g->directory, req_param(r, "name"));
    struct record_view view;

    if (!i)
        return unknown(r, g);
    view = record_view(r->arena, i);
    return req_reply_json(r, 200, &RECORD_VIEW, &view);
}

/* The envelope, but with the two texts the documents give to "error" and "message". */
static enum err refuse_discovery(struct req *r, enum err e, struct str error, struct str message,
                                 const struct instance *i)
{
    struct json_writer *w = req_json_begin(r);

    jw_object(w);
    JW_STR(w, "status", STR("error"));
    JW_STR(w, "code", str_from(err_code(e)));
    JW_STR(w, "message", message);
    JW_STR(w, "error", error);
    if (i) {
        struct record_view view = record_view(r->arena, i);
        JW_KEY(w, "service");
        json_encode(w, &RECORD_VIEW, &view);
    }
    JW_KEY(w, "details");
    jw_object(w);
    JW_STR(w, "trace_id", r->log.trace_id);
    jw_end_object(w);
    JW_TIME(w, "timestamp", r->now);
    jw_end_object(w);
    return req_json_end(r, err_http_status(e));
}

enum err lookup_discover(struct req *r)
{
    const struct registry *g = lookup_registry(r);
    struct str name = req_param(r, "name");
    const struct instance *i = directory_pick(g->directory, name);
    struct discovery_view view;

    if (!i && !registry_is_loaded(g))
        return unknown(r, g);
    if (!i)
        return refuse_discovery(
            r, ERR_SERVICE_NOT_FOUND, STR("service not found"),
            str_printf(r->arena, "Service '%.*s' is not registered", STR_ARG(name)), NULL);
    if (!i->is_healthy)
        return refuse_discovery(
            r, ERR_SERVICE_UNAVAILABLE, STR("service unhealthy"),
            str_printf(r->arena, "Service '%.*s' is registered but unhealthy", STR_ARG(name)), i);
    view = discovery_view(r->arena, i);
    return req_reply_json(r, 200, &DISCOVERY_VIEW, &view);
}

enum err CO_FN lookup_probe(struct req *r)
{
    struct registry *g = lookup_registry(r);
    struct str name = req_param(r, "name");
    const struct instance *known = directory_pick(g->directory, name);
    struct instance i;
    struct probe_view view = {.service = name};

    if (!known)
        return unknown(r, g);
    /* The directory may change while the probe waits. */
    i = *known;
    i.host = str_dup(r->arena, i.host);
    i.health_endpoint = str_dup(r->arena, i.health_endpoint);
    i.is_healthy = registry_probe(g, r->arena, &i, &view.details);
    view.status = instance_status(&i);
    view.last_check = clock_wall_us();
    return req_reply_json(r, 200, &PROBE_VIEW, &view);
}

enum err lookup_health(struct req *r)
{
    struct registry *g = lookup_registry(r);
    struct directory_list all = directory_list(g->directory, r->arena, STR_NULL);
    const struct registry_health_view view = {
        .status = STR("ok"),
        .service = str_from(req_service(r)->desc->name),
        .version = str_from(service_version()),
        .registered_services = (int64_t)service_views(r->arena, &all).count,
        .uptime = (double)(clock_mono_us() - g->started_at) / (double)US_PER_S,
    };

    return req_reply_json(r, 200, &REGISTRY_HEALTH_VIEW, &view);
}
