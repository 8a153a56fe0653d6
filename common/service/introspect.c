/* API tokens on every program's own port: auth-service exchanges them for short-lived JWTs. */
#include <stdlib.h>
#include <string.h>

#include "api_token.h"
#include "clock.h"
#include "internal.h"
#include "list.h"
#include "mem.h"
#include "strmap.h"

/* A revoked token is refused everywhere within this time. */
#define GOOD_FOR_US (60 * US_PER_S)
/* Long enough to keep a client that goes on with a bad token away from auth-service. */
#define BAD_FOR_US (5 * US_PER_S)
#define CACHE_MAX 1024
#define CALL_TIMEOUT_MS 3000

struct known_token {
    struct list age; /* in introspect_cache.oldest */
    char hash[API_TOKEN_HASH_LEN + 1];
    char *jwt;     /* owned; NULL: not active */
    int64_t until; /* mono µs */
};

struct introspect_cache {
    struct strmap *by_hash;
    struct list oldest;
};

struct introspect_cache *introspect_cache_new(void)
{
    struct introspect_cache *c = MEM_NEW(struct introspect_cache);
    c->by_hash = strmap_new();
    list_init(&c->oldest);
    return c;
}

static void forget(struct introspect_cache *c, struct known_token *k)
{
    strmap_remove(c->by_hash, str_from(k->hash));
    list_remove(&k->age);
    free(k->jwt);
    free(k);
}

void introspect_cache_free(struct introspect_cache *c)
{
    if (!c)
        return;
    LIST_EACH(it, &c->oldest)
    forget(c, LIST_ENTRY(it, struct known_token, age));
    strmap_free(c->by_hash);
    free(c);
}

static struct known_token *find(struct introspect_cache *c, const char *hash)
{
    struct known_token *k = strmap_get(c->by_hash, str_from(hash));
    if (!k || clock_mono_us() < k->until)
        return k;
    forget(c, k);
    return NULL;
}

/* Another request may have been faster with the same token; the later answer counts. */
static void remember(struct introspect_cache *c, const char *hash, struct str jwt, int64_t for_us)
{
    struct known_token *before = strmap_get(c->by_hash, str_from(hash));
    if (before)
        forget(c, before);
    while (strmap_count(c->by_hash) >= CACHE_MAX)
        forget(c, LIST_ENTRY(c->oldest.next, struct known_token, age));
    struct known_token *k = MEM_NEW(struct known_token);
    memcpy(k->hash, hash, sizeof k->hash);
    k->until = clock_mono_us() + for_us;
    if (jwt.p) {
        k->jwt = mem_alloc(jwt.len + 1);
        memcpy(k->jwt, jwt.p, jwt.len);
        k->jwt[jwt.len] = '\0';
    }
    strmap_set(c->by_hash, str_from(k->hash), k);
    list_append(&c->oldest, &k->age);
}

/* ---- asking auth-service ------------------------------------------------------------------ */

struct introspection {
    int8_t active;
    struct str access;
    int64_t expires_in;
};
#define AT(member) offsetof(struct introspection, member)
static const struct json_field FIELDS[] = {
    {"active", JK_BOOL, AT(active), JF_REQUIRED},
    {"access", JK_STR, AT(access)},
    {"expires_in", JK_INT, AT(expires_in), 0, 0, 3600},
};
static JSON_SCHEMA(INTROSPECTION, "Introspection", struct introspection, FIELDS);

static struct str question(struct req *r, struct str token)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "token", token);
    JW_STR(&w, "address", r->peer);
    jw_end_object(&w);
    return buf_str(&b);
}

static enum err CO_FN ask(struct service *s, struct req *r, struct str token,
                          struct introspection *out)
{
    struct http_call_header auth = {"Authorization", service_authorization(s, r->arena)};
    struct http_call call = {
        .method = "POST",
        .url = str_printf(r->arena, "%.*s/api/v1/tokens/introspect",
                          STR_ARG(service_url(s, "auth-service"))),
        .headers = &auth,
        .header_count = 1,
        .body = question(r, token),
        .timeout_ms = CALL_TIMEOUT_MS,
    };
    struct http_answer answer;
    const struct json *reply;
    struct json_problem *problems;
    const char *why;
    enum err rc = http_client_call(s->http, r->arena, &call, &answer);
    if (rc == ERR_CANCELLED)
        return rc;
    if (rc || answer.status != 200 || json_parse(r->arena, answer.body, &reply, &why) != ERR_OK ||
        json_type(reply) != JSON_OBJECT ||
        json_decode(r->arena, &INTROSPECTION, reply, out, &problems) != ERR_OK ||
        (out->active == JSON_TRUE && !out->access.len))
        return ERR_SERVICE_UNAVAILABLE;
    return ERR_OK;
}

/* What auth-service says, remembered; absent when the token is not active. */
static enum err CO_FN ask_anew(struct service *s, struct req *r, struct str token, const char *hash,
                               struct str *jwt)
{
    struct introspection found;
    enum err rc = ask(s, r, token, &found);
    if (rc == ERR_SERVICE_UNAVAILABLE)
        req_retry_after(r, 2);
    if (rc)
        return rc;
    bool is_good = found.active == JSON_TRUE && found.expires_in > 0;
    int64_t life_us = BAD_FOR_US;
    if (is_good)
        life_us =
            found.expires_in * US_PER_S < GOOD_FOR_US ? found.expires_in * US_PER_S : GOOD_FOR_US;
    *jwt = is_good ? found.access : STR_NULL;
    remember(s->priv->introspected, hash, *jwt, life_us);
    return ERR_OK;
}

enum err CO_FN introspect_token(struct req *r, struct str token, struct str *jwt)
{
    struct service *s = req_service(r);
    char hash[API_TOKEN_HASH_LEN + 1];
    if (!api_token_is_well_formed(token))
        return ERR_TOKEN_INVALID;
    if (s->desc->exchange_token)
        return s->desc->exchange_token(r, token, jwt);
    api_token_hash(token, hash);
    const struct known_token *k = find(s->priv->introspected, hash);
    enum err rc = ERR_OK;
    if (k)
        *jwt = str_dup(r->arena, str_from(k->jwt));
    else
        rc = ask_anew(s, r, token, hash, jwt);
    if (rc)
        return rc;
    return jwt->p ? ERR_OK : ERR_TOKEN_INVALID;
}
