#include <stdio.h>

#include "buf.h"
#include "clock.h"
#include "internal.h"
#include "log.h"
#include "rand.h"

/* A lease lasts 90 s at the registry; renewed three times as often. */
#define RENEW_INTERVAL_MS 30000
#define RETRY_INTERVAL_MS 2000
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

static struct str lease(struct service *s, struct arena *a)
{
    struct buf *b = ARENA_NEW(a, struct buf);
    struct json_writer w;
    buf_init(b, a);
    jw_init(&w, b);
    jw_object(&w);
    JW_STR(&w, "name", str_from(s->desc->name));
    JW_STR(&w, "instance", str_from(s->priv->instance));
    jw_end_object(&w);
    return buf_str(b);
}

static bool CO_FN send_lease(struct service *s, struct arena *a, bool is_renewal, int *status)
{
    struct http_answer answer = {0};
    struct str base = service_registry_url(s);
    struct str url = str_printf(a, "%.*s/%s", STR_ARG(base), is_renewal ? "renew" : "register");
    enum err rc = is_renewal ? call(s, a, "PUT", url, lease(s, a), &answer)
                             : call(s, a, "POST", url, registration(s, a), &answer);
    *status = answer.status;
    if (rc || answer.status >= 500)
        service_registry_failed(s, base);
    return rc == ERR_OK && answer.status / 100 == 2;
}

/* Renews only what is registered: a registration counts as healthy at once, whatever checks say. A
 * registry that has forgotten it, or knows no renewals, gets a registration. */
static bool CO_FN renew(struct service *s)
{
    struct arena *a = arena_new();
    int status = 0;
    bool was_registered = s->priv->is_registered;
    bool ok = was_registered && send_lease(s, a, true, &status);
    if (!ok && (!was_registered || status / 100 == 4))
        ok = send_lease(s, a, false, &status);
    if (ok != was_registered) {
        if (ok)
            log_info("registered at the registry");
        else
            log_warn("the registry does not answer", LOG_I("status", status));
    }
    s->priv->is_registered = ok;
    arena_free(a);
    return ok;
}

/* Renewals of many programs that started together spread out. */
static int renew_pause_ms(void)
{
    return RENEW_INTERVAL_MS - (int)(rand_u64() % (RENEW_INTERVAL_MS / 10));
}

static void CO_FN keep_lease(void *arg)
{
    struct service *s = arg;
    while (!s->is_draining) {
        int wait = renew(s) ? renew_pause_ms() : RETRY_INTERVAL_MS;
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
                                STR_ARG(service_registry_url(s)), s->desc->name, s->priv->instance);
    if (call(s, a, "DELETE", url, STR_NULL, &answer) != ERR_OK)
        log_info("left without telling the registry");
    s->priv->is_registered = false;
    arena_free(a);
}
