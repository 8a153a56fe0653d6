#include "delivery/access.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "config.h"
#include "encode.h"
#include "mem.h"
#include "rs256.h"
#include "state.h"

#define LIFE_S 3600
#define MARGIN_US (60 * US_PER_S)
#define TOKEN_MAX 8192
#define SCOPE "https://www.googleapis.com/auth/firebase.messaging"
#define GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"

/* A member of the credentials; absent when there are none. */
static struct str member(struct service *s, struct arena *a, const char *name)
{
    struct str text = notification_config(s)->push.credentials;
    const struct json *v;
    const char *why;
    if (!text.len || json_parse(a, text, &v, &why))
        return STR_NULL;
    return json_str(json_get(v, name));
}

static struct str base64url(struct arena *a, struct str in)
{
    char *out = arena_alloc(a, BASE64_SIZE(in.len));
    return str_n(out, base64url_encode(in.p, in.len, out));
}

static struct str claims(struct service *s, struct arena *a, int64_t now_s)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "iss", member(s, a, "client_email"));
    JW_STR(&w, "scope", STR(SCOPE));
    JW_STR(&w, "aud", member(s, a, "token_uri"));
    JW_INT(&w, "iat", now_s);
    JW_INT(&w, "exp", now_s + LIFE_S);
    jw_end_object(&w);
    return buf_str(&b);
}

static enum err assertion(struct service *s, struct arena *a, struct str *out)
{
    struct str head = base64url(a, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\"}")), signature;
    struct str body = base64url(a, claims(s, a, clock_wall_us() / US_PER_S));
    struct str text = str_printf(a, "%.*s.%.*s", STR_ARG(head), STR_ARG(body));
    enum err rc = rs256_sign(a, member(s, a, "private_key"), text, &signature);
    if (rc)
        return rc;
    *out = str_printf(a, "%.*s.%.*s", STR_ARG(text), STR_ARG(base64url(a, signature)));
    return ERR_OK;
}

bool access_check(struct service *s)
{
    struct arena *a = arena_new();
    struct str unused;
    bool is_good = true;
    if (notification_config(s)->push.credentials.len)
        is_good = member(s, a, "client_email").len && member(s, a, "token_uri").len &&
                  assertion(s, a, &unused) == ERR_OK;
    if (!is_good)
        fprintf(stderr, "PUSH_CREDENTIALS: must be a service account as JSON, with client_email, "
                        "private_key and token_uri\n");
    arena_free(a);
    return is_good;
}

static enum err keep(struct access *x, struct arena *a, const struct http_answer *answer,
                     const char **why)
{
    const struct json *v = NULL;
    const char *unused;
    int64_t life_s = LIFE_S;
    if (answer->status != 200 || json_parse(a, answer->body, &v, &unused) ||
        !json_str(json_get(v, "access_token")).len) {
        *why = arena_printf(a, "no access token was given: %d", answer->status);
        return ERR_SERVICE_UNAVAILABLE;
    }
    struct str token = json_str(json_get(v, "access_token"));
    if (token.len > TOKEN_MAX || !json_int(json_get(v, "expires_in"), &life_s) || life_s < 1 ||
        life_s > LIFE_S)
        life_s = LIFE_S;
    free(x->token);
    x->token = mem_strdup(str_cstr(a, str_slice(token, 0, TOKEN_MAX)));
    x->expires_at = clock_mono_us() + life_s * US_PER_S - MARGIN_US;
    return ERR_OK;
}

static enum err CO_FN fetch(struct service *s, struct arena *a, struct access *x, const char **why)
{
    const struct http_call_header type = {"Content-Type", STR("application/x-www-form-urlencoded")};
    struct http_answer answer;
    struct str signed_text;
    struct buf body;
    if (assertion(s, a, &signed_text)) {
        *why = "the key of the service account cannot sign";
        return ERR_SERVICE_UNAVAILABLE;
    }
    buf_init(&body, a);
    BUF_LIT(&body, "grant_type=");
    percent_encode(&body, STR(GRANT));
    buf_printf(&body, "&assertion=%.*s", STR_ARG(signed_text));
    const struct http_call c = {.method = "POST",
                                .url = member(s, a, "token_uri"),
                                .headers = &type,
                                .header_count = 1,
                                .body = buf_str(&body),
                                .max_reply_bytes = 65536};
    if (http_client_call(s->http, a, &c, &answer)) {
        *why = "the service that gives access tokens cannot be reached";
        return ERR_SERVICE_UNAVAILABLE;
    }
    return keep(x, a, &answer, why);
}

enum err access_token(struct service *s, struct arena *a, struct str *token, const char **why)
{
    const struct provider_config *p = &notification_config(s)->push;
    struct access *x = &notification_state(s)->push_access;
    if (!p->credentials.len) {
        *token = p->token;
        return ERR_OK;
    }
    enum err rc = ERR_OK;
    if (!x->token || clock_mono_us() >= x->expires_at)
        rc = fetch(s, a, x, why);
    if (rc)
        return rc;
    *token = str_dup(a, str_from(x->token));
    return ERR_OK;
}

void access_forget(struct service *s)
{
    notification_state(s)->push_access.expires_at = INT64_MIN;
}

struct str access_project(struct service *s, struct arena *a)
{
    struct str set = notification_config(s)->push.project;
    return set.len ? set : member(s, a, "project_id");
}
