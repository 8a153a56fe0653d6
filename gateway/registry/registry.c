#include "registry/registry.h"

#include <stdlib.h>

#include "client.h"
#include "clock.h"
#include "config/snapshot.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "service.h"

#define TIMEOUT_MS 3000
#define WEIGHT 100

struct instance {
    struct str name;
    struct upstream_address address;
};

struct registry_view {
    struct gateway *gw;
    struct arena *arena; /* of the instances; replaced with each answer */
    struct instance *instances;
    size_t count;
    int64_t seen_at;
    bool is_away;
};

struct registry_view *registry_new(struct gateway *gw)
{
    struct registry_view *r = MEM_NEW(struct registry_view);
    r->gw = gw;
    return r;
}

void registry_free(struct registry_view *r)
{
    if (!r)
        return;
    arena_free(r->arena);
    free(r);
}

int64_t registry_seen_at(const struct registry_view *r)
{
    return r->seen_at;
}

void registry_apply(const struct registry_view *r, struct snapshot *s)
{
    if (!r->seen_at)
        return;
    struct arena *a = arena_new();
    struct upstream_address *list = ARENA_ARRAY(a, struct upstream_address, r->count + 1);
    for (size_t u = 0; u < s->upstream_count; u++) {
        size_t n = 0;
        for (size_t i = 0; i < r->count; i++)
            if (str_eq(r->instances[i].name, s->upstreams[u].name))
                list[n++] = r->instances[i].address;
        upstream_set_instances(&s->upstreams[u], r->gw->endpoints, list, n);
    }
    arena_free(a);
}

/* Older clients register their port as a string, and get it back as one. */
static bool read_port(const struct json *v, int *out)
{
    int64_t port;
    struct str text = json_str(v);
    if (text.p ? !str_to_i64(text, &port) : !json_int(v, &port))
        return false;
    *out = (int)port;
    return port > 0 && port <= 65535;
}

static bool read_instance(const struct json *v, struct instance *out)
{
    out->name = json_str(json_get(v, "name"));
    out->address.host = json_str(json_get(v, "host"));
    out->address.weight = WEIGHT;
    return out->name.len && out->address.host.len &&
           str_eq(json_str(json_get(v, "status")), STR("healthy")) &&
           read_port(json_get(v, "port"), &out->address.port);
}

/* The gateway is not its own upstream: its endpoints live on a port of this process. */
static void take(struct registry_view *r, struct arena *a, const struct json *services)
{
    struct instance *list = ARENA_ARRAY(a, struct instance, json_count(services) + 1);
    size_t n = 0;
    for (size_t i = 0; i < json_count(services); i++)
        if (read_instance(json_at(services, i), &list[n]) && !str_eq(list[n].name, STR("gateway")))
            n++;
    arena_free(r->arena);
    r->arena = a;
    r->instances = list;
    r->count = n;
    r->seen_at = clock_wall_us();
    registry_apply(r, r->gw->snapshot);
}

static void CO_FN look(struct service *s, void *arg)
{
    struct registry_view *r = arg;
    struct arena *a = arena_new();
    struct http_answer answer = {0};
    const struct json *reply = NULL;
    const char *why;
    struct http_call call = {
        .method = "GET",
        .url = str_printf(a, "%.*s/services", STR_ARG(s->config.registry_url)),
        .timeout_ms = TIMEOUT_MS,
    };
    enum err rc = http_client_call(s->http, a, &call, &answer);
    bool ok = rc == ERR_OK && answer.status == 200 &&
              json_parse(a, answer.body, &reply, &why) == ERR_OK &&
              json_type(json_get(reply, "services")) == JSON_ARRAY;
    if (ok == r->is_away) {
        r->is_away = !ok;
        if (ok)
            log_info("the registry answers");
        else
            log_warn("the registry is away; upstreams keep their targets",
                     LOG_CSTR("reason", rc ? err_text(rc) : "unexpected answer"));
    }
    if (ok)
        take(r, a, json_get(reply, "services"));
    else
        arena_free(a);
}

void registry_poll(struct registry_view *r)
{
    struct service *s = r->gw->service;
    if (s->config.registry_url.len)
        service_every(s, (int)r->gw->settings->registry_poll_ms, "registry-poll", look, r);
}
