/* The admin API's collections and their elements. */
#include "admin/lists.h"

#include "admin/entity.h"
#include "admin/page.h"
#include "config/snapshot.h"
#include "gateway.h"
#include "service.h"

static const struct kong_file *file_of(const struct req *r)
{
    const struct gateway *gw = req_service(r)->state;
    return gw->snapshot->file;
}

static enum err not_found(struct req *r)
{
    return req_failf(r, ERR_NOT_FOUND, "Not found");
}

/* Which element of a collection a path means. */
#define FIND(var, type, list, kind, label)                                                         \
    for (size_t i = 0; i < (list).count; i++) {                                                    \
        const struct type *var = &((const struct type *)(list).items)[i];                          \
        if (entity_is_named(req_param(r, "id"), kind, label, var->id))                             \
            return var;                                                                            \
    }                                                                                              \
    return NULL

static const struct kong_service *find_service(struct req *r)
{
    FIND(s, kong_service, file_of(r)->services, "service", s->name);
}

static const struct kong_upstream *find_upstream(struct req *r)
{
    FIND(u, kong_upstream, file_of(r)->upstreams, "upstream", u->name);
}

static const struct kong_consumer *find_consumer(struct req *r)
{
    FIND(c, kong_consumer, file_of(r)->consumers, "consumer",
         c->username.len ? c->username : c->custom_id);
}

static const struct kong_route *find_route(struct req *r)
{
    const struct kong_file *f = file_of(r);
    for (size_t i = 0; i < f->route_count; i++)
        if (entity_is_named(req_param(r, "id"), "route", kong_route_label(f->all_routes[i]),
                            f->all_routes[i]->id))
            return f->all_routes[i];
    return NULL;
}

/* ---- services and routes -------------------------------------------------------------------- */

enum err list_services(struct req *r)
{
    const struct kong_file *f = file_of(r);
    struct page p;
    if (!page_begin(&p, r))
        return ERR_OK;
    for (size_t i = 0; i < f->services.count; i++)
        if (page_takes(&p))
            entity_service(p.w, &((const struct kong_service *)f->services.items)[i]);
    return page_end(&p);
}

enum err get_service(struct req *r)
{
    const struct kong_service *s = find_service(r);
    if (!s)
        return not_found(r);
    entity_service(req_json_begin(r), s);
    return req_json_end(r, 200);
}

/* Of a service, or all of them. */
static enum err write_routes(struct req *r, const struct kong_service *s)
{
    const struct kong_file *f = file_of(r);
    struct page p;
    if (!page_begin(&p, r))
        return ERR_OK;
    for (size_t i = 0; i < f->route_count; i++)
        if ((!s || f->all_routes[i]->service == s) && page_takes(&p))
            entity_route(p.w, f->all_routes[i]);
    return page_end(&p);
}

enum err list_service_routes(struct req *r)
{
    const struct kong_service *s = find_service(r);
    return s ? write_routes(r, s) : not_found(r);
}

enum err list_routes(struct req *r)
{
    return write_routes(r, NULL);
}

enum err get_route(struct req *r)
{
    const struct kong_route *route = find_route(r);
    if (!route)
        return not_found(r);
    entity_route(req_json_begin(r), route);
    return req_json_end(r, 200);
}

enum err get_route_service(struct req *r)
{
    const struct kong_route *route = find_route(r);
    if (!route)
        return not_found(r);
    entity_service(req_json_begin(r), route->service);
    return req_json_end(r, 200);
}

/* ---- plugins -------------------------------------------------------------------------------- */

/* Those limited to what is given; with nothing given all of them. */
static enum err write_plugins(struct req *r, const struct kong_service *s,
                              const struct kong_route *route, const struct kong_consumer *c)
{
    const struct kong_file *f = file_of(r);
    struct page p;
    if (!page_begin(&p, r))
        return ERR_OK;
    for (size_t i = 0; i < f->plugin_count; i++) {
        const struct kong_plugin *one = f->all_plugins[i];
        bool is_meant = (!s || one->service == s) && (!route || one->route == route) &&
                        (!c || one->consumer == c);
        if (is_meant && page_takes(&p))
            entity_plugin(p.w, one, i);
    }
    return page_end(&p);
}

enum err list_plugins(struct req *r)
{
    return write_plugins(r, NULL, NULL, NULL);
}

enum err list_service_plugins(struct req *r)
{
    const struct kong_service *s = find_service(r);
    return s ? write_plugins(r, s, NULL, NULL) : not_found(r);
}

enum err list_route_plugins(struct req *r)
{
    const struct kong_route *route = find_route(r);
    return route ? write_plugins(r, NULL, route, NULL) : not_found(r);
}

enum err list_consumer_plugins(struct req *r)
{
    const struct kong_consumer *c = find_consumer(r);
    return c ? write_plugins(r, NULL, NULL, c) : not_found(r);
}

enum err get_plugin(struct req *r)
{
    const struct kong_file *f = file_of(r);
    for (size_t i = 0; i < f->plugin_count; i++) {
        if (!entity_plugin_is(f->all_plugins[i], i, req_param(r, "id")))
            continue;
        entity_plugin(req_json_begin(r), f->all_plugins[i], i);
        return req_json_end(r, 200);
    }
    return not_found(r);
}

enum err list_enabled(struct req *r)
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

enum err list_upstreams(struct req *r)
{
    const struct kong_file *f = file_of(r);
    struct page p;
    if (!page_begin(&p, r))
        return ERR_OK;
    for (size_t i = 0; i < f->upstreams.count; i++)
        if (page_takes(&p))
            entity_upstream(p.w, &((const struct kong_upstream *)f->upstreams.items)[i]);
    return page_end(&p);
}

enum err get_upstream(struct req *r)
{
    const struct kong_upstream *u = find_upstream(r);
    if (!u)
        return not_found(r);
    entity_upstream(req_json_begin(r), u);
    return req_json_end(r, 200);
}

static enum err write_targets(struct req *r, bool with_health)
{
    const struct kong_upstream *u = find_upstream(r);
    if (!u)
        return not_found(r);
    struct page p;
    if (!page_begin(&p, r))
        return ERR_OK;
    for (size_t i = 0; i < u->upstream->count; i++)
        if (page_takes(&p))
            entity_target(p.w, u, &u->upstream->targets[i], with_health);
    return page_end(&p);
}

enum err list_targets(struct req *r)
{
    return write_targets(r, false);
}

enum err list_health(struct req *r)
{
    return write_targets(r, true);
}

/* ---- consumers ------------------------------------------------------------------------------ */

enum err list_consumers(struct req *r)
{
    const struct kong_file *f = file_of(r);
    struct page p;
    if (!page_begin(&p, r))
        return ERR_OK;
    for (size_t i = 0; i < f->consumers.count; i++)
        if (page_takes(&p))
            entity_consumer(p.w, &((const struct kong_consumer *)f->consumers.items)[i]);
    return page_end(&p);
}

enum err get_consumer(struct req *r)
{
    const struct kong_consumer *c = find_consumer(r);
    if (!c)
        return not_found(r);
    entity_consumer(req_json_begin(r), c);
    return req_json_end(r, 200);
}

static enum err write_secrets(struct req *r, const struct kong_consumer *c)
{
    const struct kong_file *f = file_of(r);
    struct page p;
    if (!page_begin(&p, r))
        return ERR_OK;
    for (size_t i = 0; i < f->secret_count; i++)
        if ((!c || f->all_secrets[i]->consumer == c) && page_takes(&p))
            entity_jwt_secret(p.w, f->all_secrets[i]);
    return page_end(&p);
}

enum err list_consumer_jwt(struct req *r)
{
    const struct kong_consumer *c = find_consumer(r);
    return c ? write_secrets(r, c) : not_found(r);
}

enum err list_jwts(struct req *r)
{
    return write_secrets(r, NULL);
}

/* ---- schemas -------------------------------------------------------------------------------- */

static enum err write_schema(struct req *r, const struct conf_schema *schema)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    conf_describe(w, schema);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err get_schema(struct req *r)
{
    static const struct {
        struct str name;
        const struct conf_schema *schema;
    } entities[] = {
        {STR("services"), &KONG_SERVICE},   {STR("routes"), &KONG_ROUTE},
        {STR("upstreams"), &KONG_UPSTREAM}, {STR("targets"), &KONG_TARGET},
        {STR("consumers"), &KONG_CONSUMER}, {STR("jwt_secrets"), &KONG_JWT_SECRET},
        {STR("plugins"), &KONG_PLUGIN},
    };
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
        if (str_eq(entities[i].name, req_param(r, "id")))
            return write_schema(r, entities[i].schema);
    return not_found(r);
}

enum err get_plugin_schema(struct req *r)
{
    const char *note = NULL;
    const struct plugin *p = plugin_find(req_param(r, "id"), &note);
    return p ? write_schema(r, p->schema) : not_found(r);
}
