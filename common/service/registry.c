#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "internal.h"
#include "log.h"
#include "mem.h"
#include "strmap.h"

/* A lease lasts 90 s at the registry; renewed three times as often. */
#define RENEW_INTERVAL_MS 30000
#define RETRY_INTERVAL_MS 2000
#define POLL_INTERVAL_MS 5000
#define CALL_TIMEOUT_MS 3000

static enum err CO_FN call(struct service *s, struct arena *a, const char *method, struct str url,
                           struct str body, struct http_answer *out)
{
    struct http_call_header headers[] = {{"Authorization", service_authorization(s, a)},
                                         {"Content-Type", STR("application/json")}};
    struct http_call c = {.method = method,
                          .url = url,
                          .headers = headers,
                          .header_count = 2,
                          .body = body,
                          .timeout_ms = CALL_TIMEOUT_MS};
    return http_client_call(s->http, a, &c, out);
}

static struct str registration(struct service *s, struct arena *a)
{
    struct buf *b = ARENA_NEW(a, struct buf);
    struct json_writer w;
    buf_init(b, a);
    jw_init(&w, b);
    jw_object(&w);
    JW_STR(&w, "name", str_from(s->desc->name));
    JW_STR(&w, "host", s->config.advertise_host);
    JW_INT(&w, "port", s->config.port);
    JW_STR(&w, "healthEndpoint", STR("/health"));
    JW_STR(&w, "instance", str_from(s->priv->instance));
    JW_STR(&w, "version", str_from(service_version()));
    jw_end_object(&w);
    return buf_str(b);
}

static bool CO_FN renew(struct service *s)
{
    struct arena *a = arena_new();
    struct http_answer answer = {0};
    struct str url = str_printf(a, "%.*s/register", STR_ARG(s->config.registry_url));
    enum err rc = call(s, a, "POST", url, registration(s, a), &answer);
    bool ok = rc == ERR_OK && answer.status / 100 == 2;
    if (ok != s->priv->is_registered) {
        if (ok)
            log_info("registered at the registry");
        else
            log_warn("the registry does not answer", LOG_I("status", answer.status));
    }
    s->priv->is_registered = ok;
    arena_free(a);
    return ok;
}

static void CO_FN keep_lease(void *arg)
{
    struct service *s = arg;
    while (!s->is_draining) {
        int wait = renew(s) ? RENEW_INTERVAL_MS : RETRY_INTERVAL_MS;
        for (int64_t until = clock_mono_us() + wait * US_PER_MS;
             clock_mono_us() < until && !s->is_draining;)
            if (co_sleep_ms(200) != ERR_OK)
                return;
    }
}

void registry_start(struct service *s)
{
    if (s->config.registry_url.len && !(s->desc->flags & SERVICE_NO_REGISTRY))
        co_start(s->loop, keep_lease, s, "registry-lease");
}

void CO_FN registry_leave(struct service *s)
{
    if (!s->priv->is_registered)
        return;
    struct arena *a = arena_new();
    struct http_answer answer;
    struct str url = str_printf(a, "%.*s/deregister/%s?instance=%s",
                                STR_ARG(s->config.registry_url), s->desc->name, s->priv->instance);
    if (call(s, a, "DELETE", url, STR_NULL, &answer) != ERR_OK)
        log_info("left without telling the registry");
    s->priv->is_registered = false;
    arena_free(a);
}

/* ---- looking others up -------------------------------------------------------------------- */

static void remember(struct service *s, struct str name, struct str url)
{
    char *copy = mem_alloc(url.len + 1);
    memcpy(copy, url.p, url.len);
    copy[url.len] = '\0';
    free(strmap_set(s->priv->directory, name, copy));
}

/* Keeps the last known addresses while the registry is away. */
static void CO_FN poll_directory(struct service *s, void *arg)
{
    (void)arg;
    struct arena *a = arena_new();
    struct http_answer answer;
    const struct json *reply;
    const char *why;
    struct str url = str_printf(a, "%.*s/services", STR_ARG(s->config.registry_url));
    if (call(s, a, "GET", url, STR_NULL, &answer) == ERR_OK && answer.status == 200 &&
        json_parse(a, answer.body, &reply, &why) == ERR_OK) {
        const struct json *services = json_get(reply, "services");
        for (size_t i = 0; i < json_count(services); i++) {
            const struct json *one = json_at(services, i);
            struct str name = json_str(json_get(one, "name")), at = json_str(json_get(one, "url"));
            if (name.len && at.len && str_eq(json_str(json_get(one, "status")), STR("healthy")))
                remember(s, name, at);
        }
    }
    arena_free(a);
}

static struct str configured_url(const struct service *s, const char *name)
{
    const struct service_config *c = &s->config;
    const struct {
        const char *name;
        struct str url;
    } known[] = {
        {"auth-service", c->auth_service_url},
        {"helpdesk-service", c->helpdesk_service_url},
        {"workflow-service", c->workflow_service_url},
        {"messaging-service", c->messaging_service_url},
        {"notification-service", c->notification_service_url},
        {"registry-service", c->registry_url},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].url;
    return STR_NULL;
}

struct str service_url(struct service *s, const char *name)
{
    struct service_private *p = s->priv;
    if (s->config.registry_url.len && !p->directory_is_polled) {
        p->directory_is_polled = true;
        p->directory = strmap_new();
        service_every(s, POLL_INTERVAL_MS, "registry-poll", poll_directory, NULL);
    }
    const char *found = p->directory ? strmap_get(p->directory, str_from(name)) : NULL;
    return found ? str_from(found) : configured_url(s, name);
}
