#include "docs/docs.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "clock.h"
#include "digest.h"
#include "docs/merge.h"
#include "encode.h"
#include "gateway.h"
#include "mem.h"
#include "service.h"

#define CALL_TIMEOUT_MS 2000
#define FRESH_MS 30000
/* While a service has not been heard of. */
#define FRESH_INCOMPLETE_MS 3000
#define ETAG_SIZE 35

/* ---- the fleet's OpenAPI document ----------------------------------------------------------- */

static const char *const services[] = {
    "auth-service",      "helpdesk-service",     "workflow-service",
    "messaging-service", "notification-service", "registry-service",
};
#define SERVICES (sizeof services / sizeof services[0])

static struct {
    struct {
        struct arena *arena; /* of the document; owned */
        const struct json *file;
    } parts[SERVICES]; /* the last that was heard of each */
    struct str merged; /* owned */
    char etag[ETAG_SIZE];
    char routes[33]; /* hash of the routes it was merged by */
    int64_t due_us;
    bool is_running;
} docs;

static struct gateway *gateway_of(const struct req *r)
{
    return req_service(r)->state;
}

static bool CO_FN fetch(struct service *s, size_t i)
{
    struct arena *a = arena_new();
    struct http_answer answer = {0};
    const struct json *file = NULL;
    const char *why;
    struct http_call call = {
        .method = "GET",
        .url = str_printf(a, "%.*s/openapi.json", STR_ARG(service_url(s, services[i]))),
        .timeout_ms = CALL_TIMEOUT_MS,
    };
    bool ok = http_client_call(s->http, a, &call, &answer) == ERR_OK && answer.status == 200 &&
              json_parse(a, answer.body, &file, &why) == ERR_OK &&
              json_type(json_get(file, "paths")) == JSON_OBJECT;
    if (!ok) {
        arena_free(a);
        return false;
    }
    arena_free(docs.parts[i].arena);
    docs.parts[i].arena = a;
    docs.parts[i].file = file;
    return true;
}

static void merge(const struct gateway *gw)
{
    struct arena *a = arena_new();
    struct docs_part parts[SERVICES];
    struct buf b;
    struct json_writer w;
    uint8_t digest[SHA256_SIZE];
    for (size_t i = 0; i < SERVICES; i++)
        parts[i] = (struct docs_part){services[i], docs.parts[i].file};
    buf_init(&b, a);
    jw_init(&w, &b);
    docs_merge(a, &w, gw->snapshot, parts, SERVICES);
    free((char *)(uintptr_t)docs.merged.p);
    char *text = mem_alloc(b.len);
    memcpy(text, b.p, b.len);
    docs.merged = str_n(text, b.len);
    sha256(docs.merged, digest);
    docs.etag[0] = '"';
    hex_encode(digest, 16, docs.etag + 1);
    docs.etag[33] = '"';
    memcpy(docs.routes, gw->snapshot->hash, sizeof docs.routes);
    arena_free(a);
}

static void CO_FN refresh(void *arg)
{
    const struct gateway *gw = arg;
    bool is_complete = true;
    for (size_t i = 0; i < SERVICES; i++)
        is_complete &= fetch(gw->service, i);
    merge(gw);
    docs.due_us = clock_mono_us() + (is_complete ? FRESH_MS : FRESH_INCOMPLETE_MS) * US_PER_MS;
    docs.is_running = false;
}

/* An old document is good enough while a new one is made; the first must be waited for. */
static enum err CO_FN prepare(struct gateway *gw)
{
    bool is_stale = clock_mono_us() >= docs.due_us || strcmp(docs.routes, gw->snapshot->hash) != 0;
    if (is_stale && !docs.is_running) {
        docs.is_running = true;
        co_start(gw->loop, refresh, gw, "openapi");
    }
    while (!docs.merged.p)
        if (co_sleep_ms(10) != ERR_OK)
            return ERR_SERVICE_UNAVAILABLE;
    return ERR_OK;
}

static bool is_known(struct req *r, const char *etag)
{
    struct str rest = req_header(r, "if-none-match"), one;
    while (rest.p && str_next(&rest, ',', &one)) {
        one = str_trim(one);
        if (str_has_prefix(one, STR("W/")))
            one = str_slice(one, 2, one.len);
        if (str_eq(one, str_from(etag)) || str_eq(one, STR("*")))
            return true;
    }
    return false;
}

static enum err reply(struct req *r, const char *type, const char *etag, struct str body)
{
    req_set_header(r, "ETag", str_from(etag));
    req_set_header(r, "Cache-Control", STR("no-cache"));
    if (is_known(r, etag))
        return req_reply_empty(r, 304);
    return req_reply(r, 200, type, body);
}

static enum err CO_FN get_openapi(struct req *r)
{
    enum err rc = prepare(gateway_of(r));
    if (rc)
        return rc;
    return reply(r, "application/json", docs.etag, str_dup(r->arena, docs.merged));
}

/* ---- the page ------------------------------------------------------------------------------- */

/* The files of web/, as they are. */
#define EMBED(symbol, path)                                                                        \
    __asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n" #symbol                       \
            "_end:\n.previous\n");                                                                 \
    extern const char symbol[] __asm__(#symbol), symbol##_end[] __asm__(#symbol "_end")

EMBED(docs_page, "docs/web/index.html");
EMBED(docs_script, "docs/web/docs.js");
EMBED(docs_style, "docs/web/docs.css");

static enum err send_file(struct req *r, const char *type, const char *from, const char *end)
{
    struct str body = str_n(from, (size_t)(end - from));
    uint8_t digest[SHA256_SIZE];
    char hex[33];
    sha256(body, digest);
    hex_encode(digest, 16, hex);
    req_set_header(r, "Content-Security-Policy",
                   STR("default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                       "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
    req_set_header(r, "X-Content-Type-Options", STR("nosniff"));
    req_set_header(r, "Referrer-Policy", STR("no-referrer"));
    return reply(r, type, arena_printf(r->arena, "\"%s\"", hex), body);
}

static enum err get_page(struct req *r)
{
    return send_file(r, "text/html; charset=utf-8", docs_page, docs_page_end);
}

static enum err get_script(struct req *r)
{
    return send_file(r, "text/javascript; charset=utf-8", docs_script, docs_script_end);
}

static enum err get_style(struct req *r)
{
    return send_file(r, "text/css; charset=utf-8", docs_style, docs_style_end);
}

/* ---- the registry's list -------------------------------------------------------------------- */

static enum err CO_FN get_services(struct req *r)
{
    struct service *s = req_service(r);
    struct str base = service_registry_url(s);
    struct http_answer answer = {0};
    struct http_call call = {
        .method = "GET",
        .url = str_printf(r->arena, "%.*s/services", STR_ARG(base)),
        .timeout_ms = CALL_TIMEOUT_MS,
    };
    enum err rc =
        base.len ? http_client_call(s->http, r->arena, &call, &answer) : ERR_SERVICE_UNAVAILABLE;
    if (rc && base.len)
        service_registry_failed(s, base);
    if (rc == ERR_OK && answer.status == 200)
        return req_reply(r, 200, "application/json", answer.body);
    req_detail_str(r, "reason",
                   rc ? str_from(err_text(rc))
                      : str_printf(r->arena, "the registry answered %d", answer.status));
    return req_failf(r, ERR_INTERNAL_ERROR, "Failed to fetch services from registry");
}

const struct route DOCS_ROUTES[] = {
    {"GET", "/openapi.json", AUTH_NONE, 0, get_openapi, "What the fleet serves, described",
     .flags = ROUTE_HIDDEN},
    {"GET", "/api/docs", AUTH_NONE, 0, get_page, "That description as a page",
     .flags = ROUTE_HIDDEN},
    {"GET", "/api/docs/docs.js", AUTH_NONE, 0, get_script, "Its script", .flags = ROUTE_HIDDEN},
    {"GET", "/api/docs/docs.css", AUTH_NONE, 0, get_style, "Its style", .flags = ROUTE_HIDDEN},
    {"GET", "/registry/services", AUTH_NONE, 0, get_services, "The instances of all services"},
    {0},
};

bool docs_are_running(void)
{
    return docs.is_running;
}

void docs_release(void)
{
    for (size_t i = 0; i < SERVICES; i++)
        arena_free(docs.parts[i].arena);
    free((char *)(uintptr_t)docs.merged.p);
    memset(&docs, 0, sizeof docs);
}
