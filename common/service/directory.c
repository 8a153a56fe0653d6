/* Looking other programs up: the registry's directory, followed by long polls. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "internal.h"
#include "log.h"
#include "mem.h"
#include "rand.h"
#include "strmap.h"

#define POLL_INTERVAL_MS 5000
#define WATCH_WAIT_S 25
#define CALL_TIMEOUT_MS 3000
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS 5000
/* After news: when many programs start at once, their changes come together. */
#define GATHER_MS 20
/* An answer that tells nothing new, sooner than this, is not asked for again at once. */
#define QUICK_US US_PER_S
/* How long a registry without watches is looked at instead. */
#define PLAIN_US (60 * US_PER_S)

struct watch {
    struct list node;
    struct service *service;
    struct co *co;
    service_directory_fn fn;
    void *arg;
    int poll_ms, pause_ms;
    int64_t revision;    /* told last; -1: none */
    int64_t plain_until; /* mono µs */
    bool is_away;
};

/* ---- which registry ----------------------------------------------------------------------- */

static size_t registry_count(const struct service *s)
{
    struct str rest = s->config.registry_urls, one;
    size_t n = 0;
    while (str_next(&rest, ',', &one))
        n++;
    return n;
}

struct str service_registry_url(struct service *s)
{
    struct str rest = s->config.registry_urls, one = STR_NULL;
    for (size_t i = 0; i <= s->priv->registry_index && str_next(&rest, ',', &one); i++)
        continue;
    return str_trim(one);
}

void service_registry_failed(struct service *s, struct str url)
{
    size_t n = registry_count(s);
    if (n > 1 && str_eq(url, service_registry_url(s)))
        s->priv->registry_index = (s->priv->registry_index + 1) % n;
}

/* ---- one look ----------------------------------------------------------------------------- */

static bool is_plain(const struct watch *w)
{
    return clock_mono_us() < w->plain_until;
}

static struct str question(const struct watch *w, struct arena *a, struct str base)
{
    if (is_plain(w))
        return str_printf(a, "%.*s/services", STR_ARG(base));
    if (w->revision < 0)
        return str_printf(a, "%.*s/registry/watch", STR_ARG(base));
    return str_printf(a, "%.*s/registry/watch?since=%" PRId64 "&wait=%d", STR_ARG(base),
                      w->revision, WATCH_WAIT_S);
}

/* The records of an answer that is one, else NULL. */
static const struct json *read_answer(struct arena *a, const struct http_answer *answer,
                                      int64_t *revision)
{
    const struct json *reply, *services;
    const char *why;
    if (answer->status != 200 || json_parse(a, answer->body, &reply, &why) != ERR_OK)
        return NULL;
    services = json_get(reply, "services");
    if (!json_int(json_get(reply, "revision"), revision))
        *revision = -1;
    return json_type(services) == JSON_ARRAY ? services : NULL;
}

static void note_answer(struct watch *w, bool is_away, const char *reason)
{
    if (is_away != w->is_away && is_away)
        log_warn("the registry is away; what it told last stays", LOG_CSTR("reason", reason));
    else if (is_away != w->is_away)
        log_info("the registry answers");
    w->is_away = is_away;
}

static void fail(struct watch *w, struct str base, const char *reason)
{
    note_answer(w, true, reason);
    service_registry_failed(w->service, base);
    w->revision = -1;
    w->pause_ms = w->pause_ms ? w->pause_ms * 2 : PAUSE_FIRST_MS;
    if (w->pause_ms > PAUSE_MAX_MS)
        w->pause_ms = PAUSE_MAX_MS;
}

static void succeed(struct watch *w, int64_t revision, int64_t took_us)
{
    bool is_news = revision != w->revision;
    note_answer(w, false, NULL);
    w->revision = revision;
    if (revision < 0 || is_plain(w))
        w->pause_ms = w->poll_ms;
    else
        w->pause_ms = is_news ? GATHER_MS : took_us > QUICK_US ? 0 : PAUSE_FIRST_MS;
}

static void CO_FN look(struct watch *w)
{
    struct service *s = w->service;
    struct arena *a = arena_new();
    struct str base = service_registry_url(s);
    const struct http_call call = {
        .method = "GET",
        .url = question(w, a, base),
        .timeout_ms = CALL_TIMEOUT_MS + (w->revision >= 0 ? WATCH_WAIT_S * 1000 : 0),
    };
    struct http_answer answer = {0};
    int64_t revision, started = clock_mono_us();
    enum err rc = http_client_call(s->http, a, &call, &answer);
    const struct json *services = rc ? NULL : read_answer(a, &answer, &revision);
    if (services) {
        succeed(w, revision, clock_mono_us() - started);
        w->fn(w->arg, services);
    } else if (rc == ERR_OK && answer.status == 404 && !is_plain(w)) {
        w->plain_until = clock_mono_us() + PLAIN_US;
        w->revision = -1;
    } else if (rc != ERR_CANCELLED) {
        fail(w, base, rc ? err_text(rc) : "unexpected answer");
    }
    arena_free(a);
}

/* ---- watches ------------------------------------------------------------------------------ */

static void CO_FN follow(void *arg)
{
    struct watch *w = arg;
    w->co = co_self();
    while (!w->service->is_draining) {
        look(w);
        /* A little apart from the others that lost the same registry. */
        int jitter = w->is_away ? (int)(rand_u64() % (unsigned)(w->pause_ms + 1)) / 2 : 0;
        if (w->pause_ms && co_sleep_ms(w->pause_ms - jitter) != ERR_OK)
            break;
    }
    w->co = NULL;
}

void service_watch_directory(struct service *s, int poll_ms, service_directory_fn fn, void *arg)
{
    if (!s->config.registry_urls.len || s->is_draining)
        return;
    struct watch *w = ARENA_NEW(s->arena, struct watch);
    *w = (struct watch){.service = s, .fn = fn, .arg = arg, .poll_ms = poll_ms, .revision = -1};
    list_append(&s->priv->watches, &w->node);
    co_start(s->loop, follow, w, "registry-watch");
}

void directory_init(struct service *s)
{
    list_init(&s->priv->watches);
}

void directory_stop(struct service *s)
{
    LIST_EACH(node, &s->priv->watches)
    {
        struct watch *w = LIST_ENTRY(node, struct watch, node);
        if (w->co)
            co_cancel(w->co);
    }
}

/* ---- addresses of other programs ---------------------------------------------------------- */

static void forget_all(struct service_private *p)
{
    size_t it = 0;
    struct str name;
    void *url;
    while (p->directory && strmap_next(p->directory, &it, &name, &url))
        free(url);
    strmap_free(p->directory);
    p->directory = NULL;
}

/* Of several instances the one registered last. */
static void remember(void *arg, const struct json *services)
{
    struct service_private *p = ((struct service *)arg)->priv;
    forget_all(p);
    p->directory = strmap_new();
    for (size_t i = 0; i < json_count(services); i++) {
        const struct json *one = json_at(services, i);
        struct str name = json_str(json_get(one, "name")), url = json_str(json_get(one, "url"));
        if (!name.len || !url.len || !str_eq(json_str(json_get(one, "status")), STR("healthy")))
            continue;
        char *copy = mem_zalloc(url.len + 1);
        memcpy(copy, url.p, url.len);
        free(strmap_set(p->directory, name, copy));
    }
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
    if (!p->directory_is_watched) {
        p->directory_is_watched = true;
        service_watch_directory(s, POLL_INTERVAL_MS, remember, s);
    }
    const char *found = p->directory ? strmap_get(p->directory, str_from(name)) : NULL;
    return found ? str_from(found) : configured_url(s, name);
}

void directory_release(struct service *s)
{
    forget_all(s->priv);
}
