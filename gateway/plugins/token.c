#include "plugins/token.h"

#include <stdlib.h>

#include "api_token.h"
#include "client.h"
#include "clock.h"
#include "digest.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "proxy/client.h"
#include "service.h"
#include "strmap.h"

#define MAX_KEPT 4096
#define KEEP_S 60
/* Anybody can make up tokens; those must not fill the table. */
#define KEEP_INACTIVE_S 5
#define SWEEP_INTERVAL_US (100 * US_PER_MS)
/* A JWT is handed out only while it still has this long to live. */
#define MARGIN_S 5
#define CALL_TIMEOUT_MS 5000

struct token_lookup {
    char key[SHA256_SIZE]; /* of the token: the token itself is not kept */
    struct str token;      /* owned; only while the call runs */
    struct gateway *gw;
    enum token_verdict verdict;
    struct str jwt; /* owned */
    int64_t expires_us;
    bool is_running;     /* its coroutine is */
    struct list waiting; /* struct exchange, by wait_link */
};

static struct strmap *lookups;
static int running;
static int64_t swept_us;

static struct str key_of(const struct token_lookup *l)
{
    return str_n(l->key, sizeof l->key);
}

static void lookup_free(struct token_lookup *l)
{
    free((char *)(uintptr_t)l->jwt.p);
    free((char *)(uintptr_t)l->token.p);
    free(l);
}

/* ---- the call ------------------------------------------------------------------------------- */

static struct str copy(struct str s)
{
    char *p = mem_alloc(s.len + 1);
    memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return str_n(p, s.len);
}

static void take_answer(struct token_lookup *l, const struct json *reply)
{
    bool is_active = false;
    int64_t life_s = 0;
    struct str access = json_str(json_get(reply, "access"));
    if (!json_bool(json_get(reply, "active"), &is_active))
        return;
    l->verdict = TOKEN_INACTIVE;
    l->expires_us = clock_mono_us() + KEEP_INACTIVE_S * US_PER_S;
    if (!is_active)
        return;
    if (!access.len || !json_int(json_get(reply, "expires_in"), &life_s))
        life_s = 0;
    l->verdict = TOKEN_ACTIVE;
    l->jwt = copy(access);
    life_s -= MARGIN_S;
    if (life_s > KEEP_S)
        life_s = KEEP_S;
    l->expires_us = clock_mono_us() + (life_s > 0 ? life_s : 0) * US_PER_S;
}

static enum err CO_FN call(struct token_lookup *l, struct arena *a)
{
    struct service *s = l->gw->service;
    struct buf body;
    struct json_writer w;
    struct http_answer answer = {0};
    const struct json *reply = NULL;
    const char *why;
    buf_init(&body, a);
    jw_init(&w, &body);
    jw_object(&w);
    JW_STR(&w, "token", l->token);
    jw_end_object(&w);
    struct http_call_header headers[] = {{"Authorization", service_authorization(s, a)},
                                         {"Content-Type", STR("application/json")}};
    struct http_call c = {
        .method = "POST",
        .url =
            str_printf(a, "%.*s/api/v1/tokens/introspect", STR_ARG(service_url(s, "auth-service"))),
        .headers = headers,
        .header_count = 2,
        .body = buf_str(&body),
        .timeout_ms = CALL_TIMEOUT_MS,
    };
    enum err rc = http_client_call(s->http, a, &c, &answer);
    if (rc)
        return rc;
    if (answer.status != 200 || json_parse(a, answer.body, &reply, &why) != ERR_OK)
        return ERR_BAD_GATEWAY;
    take_answer(l, reply);
    return l->verdict == TOKEN_PENDING ? ERR_BAD_GATEWAY : ERR_OK;
}

static void CO_FN look_up(void *arg)
{
    struct token_lookup *l = arg;
    struct arena *a = arena_new();
    enum err rc = call(l, a);
    if (rc) {
        log_warn("a personal token cannot be checked", LOG_CSTR("reason", err_text(rc)));
        l->verdict = TOKEN_UNKNOWN;
        l->expires_us = clock_mono_us();
    }
    arena_free(a);
    free((char *)(uintptr_t)l->token.p);
    l->token = STR_NULL;
    struct list *n;
    while ((n = list_pop(&l->waiting)))
        client_event(LIST_ENTRY(n, struct exchange, wait_link)->client, EXCHANGE_RESUMED);
    l->is_running = false;
    running--;
}

/* ---- what is known -------------------------------------------------------------------------- */

static bool is_over(const struct token_lookup *l, int64_t now_us)
{
    return !l->is_running && l->expires_us <= now_us;
}

static void sweep(int64_t now_us, bool with_all)
{
    struct token_lookup **dead = mem_alloc((strmap_count(lookups) + 1) * sizeof *dead);
    struct str key;
    void *value;
    size_t it = 0, n = 0;
    while (strmap_next(lookups, &it, &key, &value))
        if (with_all || is_over(value, now_us))
            dead[n++] = value;
    for (size_t i = 0; i < n; i++) {
        strmap_remove(lookups, key_of(dead[i]));
        lookup_free(dead[i]);
    }
    free(dead);
}

static struct token_lookup *begin(struct gateway *gw, struct str token, const uint8_t *digest)
{
    struct token_lookup *l = MEM_NEW(struct token_lookup);
    memcpy(l->key, digest, sizeof l->key);
    l->gw = gw;
    l->token = copy(token);
    l->verdict = TOKEN_PENDING;
    l->is_running = true;
    running++;
    list_init(&l->waiting);
    strmap_set(lookups, key_of(l), l);
    co_start(gw->loop, look_up, l, "token-lookup");
    return l;
}

/* The answer an exchange has waited for counts even when it is not worth keeping. */
static enum token_verdict conclude(struct exchange *x, const struct token_lookup *l,
                                   struct str *jwt)
{
    if (l->verdict == TOKEN_ACTIVE)
        *jwt = str_dup(x->arena, l->jwt);
    return l->verdict;
}

enum token_verdict token_look_up(struct exchange *x, struct str token, struct str *jwt)
{
    uint8_t digest[SHA256_SIZE];
    int64_t now_us = clock_mono_us();
    struct token_lookup *l = x->lookup;
    if (l) {
        x->lookup = NULL;
        return conclude(x, l, jwt);
    }
    if (!api_token_is_well_formed(token))
        return TOKEN_INACTIVE;
    if (!lookups)
        lookups = strmap_new();
    sha256(token, digest);
    l = strmap_get(lookups, str_n((const char *)digest, sizeof digest));
    if (l && is_over(l, now_us)) {
        strmap_remove(lookups, key_of(l));
        lookup_free(l);
        l = NULL;
    }
    if (!l && strmap_count(lookups) >= MAX_KEPT && now_us - swept_us >= SWEEP_INTERVAL_US) {
        sweep(now_us, false);
        swept_us = now_us;
    }
    if (!l && strmap_count(lookups) >= MAX_KEPT)
        return TOKEN_UNKNOWN;
    if (!l)
        l = begin(x->gw, token, digest);
    if (l->verdict != TOKEN_PENDING)
        return conclude(x, l, jwt);
    x->lookup = l;
    list_append(&l->waiting, &x->wait_link);
    return TOKEN_PENDING;
}

void token_lookup_leave(struct exchange *x)
{
    if (!x->lookup)
        return;
    x->lookup = NULL;
    list_remove(&x->wait_link);
}

bool token_lookups_are_running(void)
{
    return running > 0;
}

void token_lookups_free(void)
{
    if (!lookups)
        return;
    sweep(0, true);
    strmap_free(lookups);
    lookups = NULL;
}
