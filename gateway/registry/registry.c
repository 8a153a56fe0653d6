#include "registry/registry.h"

#include <stdlib.h>

#include "client.h"
#include "clock.h"
#include "config/snapshot.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "service.h"

#define WEIGHT 100
#define REPORT_TIMEOUT_MS 2000
/* Reports are hints: when a whole fleet is gone, not every one is worth a request. */
#define REPORTS_MAX 8

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
    int reports; /* on their way */
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
static void take(void *arg, const struct json *services)
{
    struct registry_view *r = arg;
    struct arena *a = arena_new();
    struct instance *list = ARENA_ARRAY(a, struct instance, json_count(services) + 1);
    size_t n = 0;
    for (size_t i = 0; i < json_count(services); i++) {
        if (!read_instance(json_at(services, i), &list[n]) || str_eq(list[n].name, STR("gateway")))
            continue;
        list[n].name = str_dup(a, list[n].name);
        list[n].address.host = str_dup(a, list[n].address.host);
        n++;
    }
    arena_free(r->arena);
    r->arena = a;
    r->instances = list;
    r->count = n;
    r->seen_at = clock_wall_us();
    registry_apply(r, r->gw->snapshot);
}

void registry_watch(struct registry_view *r)
{
    service_watch_directory(r->gw->service, (int)r->gw->settings->registry_poll_ms, take, r);
}

/* ---- reports -------------------------------------------------------------------------------- */

struct report {
    struct registry_view *view;
    struct arena *arena; /* of the report */
    struct instance about;
};

static struct str report_body(const struct report *p)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, p->arena);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "name", p->about.name);
    JW_STR(&w, "host", p->about.address.host);
    JW_INT(&w, "port", p->about.address.port);
    jw_end_object(&w);
    return buf_str(&b);
}

/* Nothing depends on the answer: the registry checks everybody once in a while anyway. */
static void CO_FN send_report(void *arg)
{
    struct report *p = arg;
    struct registry_view *r = p->view;
    struct service *s = r->gw->service;
    const struct http_call_header headers[] = {
        {"Authorization", service_authorization(s, p->arena)}};
    const struct http_call call = {
        .method = "POST",
        .url = str_printf(p->arena, "%.*s/registry/report", STR_ARG(service_registry_url(s))),
        .headers = headers,
        .header_count = 1,
        .body = report_body(p),
        .timeout_ms = REPORT_TIMEOUT_MS,
    };
    struct http_answer answer = {0};
    enum err rc = http_client_call(s->http, p->arena, &call, &answer);
    log_debug("failure reported", LOG_STR("name", p->about.name), LOG_CSTR("result", err_code(rc)),
              LOG_I("status", answer.status));
    arena_free(p->arena);
    r->reports--;
}

static const struct instance *find(const struct registry_view *r, struct str host, int port)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->instances[i].address.port == port && str_eq(r->instances[i].address.host, host))
            return &r->instances[i];
    return NULL;
}

void registry_report(struct registry_view *r, struct str host, int port)
{
    const struct instance *about = find(r, host, port);
    if (!about || r->reports >= REPORTS_MAX || r->gw->service->is_draining)
        return;
    struct arena *a = arena_new();
    struct report *p = ARENA_NEW(a, struct report);
    *p = (struct report){r, a, *about};
    p->about.name = str_dup(a, about->name);
    p->about.address.host = str_dup(a, about->address.host);
    r->reports++;
    co_start(r->gw->loop, send_report, p, "registry-report");
}

void CO_FN registry_stop(struct registry_view *r)
{
    while (r->reports && co_sleep_ms(10) == ERR_OK)
        continue;
}
