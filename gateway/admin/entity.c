#include "admin/entity.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "digest.h"

#define ID_SIZE 37

/* A version 8 UUID (RFC 9562 §5.8) from the kind and name. */
static void id_of(const char *kind, struct str name, char out[ID_SIZE])
{
    uint8_t d[SHA256_SIZE];
    char text[512];
    int n = snprintf(text, sizeof text, "%s:%.*s", kind, STR_ARG(name));
    sha256(str_n(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1), d);
    d[6] = (uint8_t)((d[6] & 0x0f) | 0x80);
    d[8] = (uint8_t)((d[8] & 0x3f) | 0x80);
    snprintf(out, ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13],
             d[14], d[15]);
}

bool entity_is_named(struct str wanted, const char *kind, struct str name, struct str id)
{
    char made[ID_SIZE];
    if ((name.len && str_eq(wanted, name)) || (id.len && str_eq(wanted, id)))
        return true;
    id_of(kind, name, made);
    return !id.len && str_eq(wanted, str_from(made));
}

static void write_id(struct json_writer *w, const char *kind, struct str name, struct str id)
{
    char made[ID_SIZE];
    id_of(kind, name, made);
    jw_str(w, id.len ? id : str_from(made));
}

static void write_ref(struct json_writer *w, const char *key, const char *kind, bool is_set,
                      struct str name, struct str id)
{
    jw_key(w, str_from(key));
    if (!is_set) {
        jw_null(w);
        return;
    }
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, kind, name, id);
    JW_STR(w, "name", name);
    jw_end_object(w);
}

void entity_service(struct json_writer *w, const struct kong_service *s)
{
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, "service", s->name, s->id);
    conf_write(w, &KONG_SERVICE, s);
    jw_end_object(w);
}

static void write_headers(struct json_writer *w, const struct kong_route *r)
{
    JW_KEY(w, "headers");
    if (!r->header_count) {
        jw_null(w);
        return;
    }
    jw_object(w);
    for (size_t i = 0; i < r->header_count; i++) {
        jw_key(w, r->headers[i].name);
        jw_array(w);
        for (size_t k = 0; k < r->headers[i].count; k++)
            jw_str(w, r->headers[i].values[k]);
        jw_end_array(w);
    }
    jw_end_object(w);
}

void entity_route(struct json_writer *w, const struct kong_route *r)
{
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, "route", kong_route_label(r), r->id);
    conf_write(w, &KONG_ROUTE, r);
    write_headers(w, r);
    write_ref(w, "service", "service", true, r->service->name, r->service->id);
    jw_end_object(w);
}

/* What a plugin without a name of its own is known by: its place. */
#define PLACE_SIZE 32
static struct str plugin_label(const struct kong_plugin *p, size_t index, char place[PLACE_SIZE])
{
    if (p->instance_name.len)
        return p->instance_name;
    snprintf(place, PLACE_SIZE, "%zu", index);
    return str_from(place);
}

bool entity_plugin_is(const struct kong_plugin *p, size_t index, struct str wanted)
{
    char made[ID_SIZE], place[PLACE_SIZE];
    if (p->instance_name.len && str_eq(wanted, p->instance_name))
        return true;
    id_of("plugin", plugin_label(p, index, place), made);
    return str_eq(wanted, p->id.len ? p->id : str_from(made));
}

void entity_plugin(struct json_writer *w, const struct kong_plugin *p, size_t index)
{
    char place[PLACE_SIZE];
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, "plugin", plugin_label(p, index, place), p->id);
    conf_write(w, &KONG_PLUGIN, p);
    JW_KEY(w, "config");
    jw_object(w);
    conf_write(w, p->plugin->schema, p->config);
    jw_end_object(w);
    const struct kong_service *s = p->service;
    const struct kong_route *r = p->route;
    const struct kong_consumer *c = p->consumer;
    write_ref(w, "service", "service", s, s ? s->name : STR_NULL, s ? s->id : STR_NULL);
    write_ref(w, "route", "route", r, r ? kong_route_label(r) : STR_NULL, r ? r->id : STR_NULL);
    write_ref(w, "consumer", "consumer", c, c ? c->username : STR_NULL, c ? c->id : STR_NULL);
    jw_end_object(w);
}

void entity_upstream(struct json_writer *w, const struct kong_upstream *u)
{
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, "upstream", u->name, u->id);
    conf_write(w, &KONG_UPSTREAM, u);
    jw_end_object(w);
}

void entity_target(struct json_writer *w, const struct kong_upstream *u,
                   const struct upstream_target *t, bool with_health)
{
    const struct endpoint *e = t->endpoint;
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, "target", str_from(e->text), STR_NULL);
    JW_STR(w, "target", str_from(e->text));
    JW_INT(w, "weight", t->weight);
    write_ref(w, "upstream", "upstream", true, u->name, u->id);
    JW_STR(w, "source", u->upstream->is_registered ? STR("registry") : STR("file"));
    if (with_health) {
        JW_STR(w, "health", str_from(upstream_target_state(t)));
        JW_KEY(w, "data");
        jw_object(w);
        JW_STR(w, "host", str_from(e->host));
        JW_INT(w, "port", e->port);
        JW_INT(w, "in_flight", e->in_flight);
        JW_INT(w, "idle_connections", e->idle_count);
        JW_INT(w, "failures", e->failures);
        jw_end_object(w);
    }
    jw_end_object(w);
}

void entity_consumer(struct json_writer *w, const struct kong_consumer *c)
{
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, "consumer", c->username.len ? c->username : c->custom_id, c->id);
    conf_write(w, &KONG_CONSUMER, c);
    jw_end_object(w);
}

void entity_jwt_secret(struct json_writer *w, const struct kong_jwt_secret *s)
{
    const struct kong_consumer *c = s->consumer;
    jw_object(w);
    JW_KEY(w, "id");
    write_id(w, "jwt", s->key, s->id);
    conf_write(w, &KONG_JWT_SECRET, s);
    write_ref(w, "consumer", "consumer", true, c->username, c->id);
    jw_end_object(w);
}

static void begin_collection(struct json_writer *w, const char *name)
{
    jw_key(w, str_from(name));
    jw_array(w);
}

static void write_configured_targets(struct json_writer *w, const struct kong_file *f)
{
    begin_collection(w, "targets");
    for (size_t i = 0; i < f->target_count; i++) {
        jw_object(w);
        conf_write(w, &KONG_TARGET, f->all_targets[i]);
        JW_STR(w, "upstream", f->all_targets[i]->upstream_ref);
        jw_end_object(w);
    }
    jw_end_array(w);
}

void entity_file(struct json_writer *w, const struct kong_file *f)
{
    jw_object(w);
    JW_STR(w, "_format_version", f->format_version);
    begin_collection(w, "services");
    for (size_t i = 0; i < f->services.count; i++)
        entity_service(w, &((const struct kong_service *)f->services.items)[i]);
    jw_end_array(w);
    begin_collection(w, "routes");
    for (size_t i = 0; i < f->route_count; i++)
        entity_route(w, f->all_routes[i]);
    jw_end_array(w);
    begin_collection(w, "upstreams");
    for (size_t i = 0; i < f->upstreams.count; i++)
        entity_upstream(w, &((const struct kong_upstream *)f->upstreams.items)[i]);
    jw_end_array(w);
    write_configured_targets(w, f);
    begin_collection(w, "consumers");
    for (size_t i = 0; i < f->consumers.count; i++)
        entity_consumer(w, &((const struct kong_consumer *)f->consumers.items)[i]);
    jw_end_array(w);
    begin_collection(w, "jwt_secrets");
    for (size_t i = 0; i < f->secret_count; i++)
        entity_jwt_secret(w, f->all_secrets[i]);
    jw_end_array(w);
    begin_collection(w, "plugins");
    for (size_t i = 0; i < f->plugin_count; i++)
        entity_plugin(w, f->all_plugins[i], i);
    jw_end_array(w);
    jw_end_object(w);
}
