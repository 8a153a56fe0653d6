/*
 * jwt: a request needs a token signed by the credential of a consumer. Kong's texts are kept in the
 * envelope's message. The services verify again; here the edge is kept clean.
 */
#include "jwt.h"

#include <stddef.h>

#include "api_token.h"
#include "clock.h"
#include "encode.h"
#include "plugins/plugin.h"
#include "plugins/token.h"
#include "proxy/exchange.h"

struct jwt_config {
    int line;
    struct conf_list uri_param_names, cookie_names, header_names, claims_to_verify;
    struct str key_claim_name, realm, anonymous;
    int64_t maximum_expiration;
    bool secret_is_base64, run_on_preflight;
    /* prepared */
    const struct kong_file *file;
    const struct kong_consumer *guest; /* whom requests without a valid token count as */
};

#define AT(member) offsetof(struct jwt_config, member)

/* clang-format off */
static const struct conf_field jwt_fields[] = {
    {"uri_param_names", CONF_STR_LIST, AT(uri_param_names), 0, "jwt"},
    {"cookie_names", CONF_STR_LIST, AT(cookie_names)},
    {"header_names", CONF_STR_LIST, AT(header_names), 0, "authorization"},
    {"claims_to_verify", CONF_STR_LIST, AT(claims_to_verify), 0, NULL, 0, 0, "exp|nbf"},
    {"key_claim_name", CONF_STR, AT(key_claim_name), 0, "iss", 0, 0, "iss"},
    {"realm", CONF_STR, AT(realm), 0, "tts"},
    {"maximum_expiration", CONF_INT, AT(maximum_expiration), 0, "0", 0, 31536000},
    {"secret_is_base64", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "write the secret as it is"},
    {"anonymous", CONF_STR, AT(anonymous)},
    {"run_on_preflight", CONF_BOOL, AT(run_on_preflight), 0, "true"},
};
/* clang-format on */
static CONF_SCHEMA(jwt_schema, struct jwt_config, jwt_fields);

static void jwt_prepare(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    struct jwt_config *c = p->config;
    c->file = f;
    if (!f->secret_count)
        problem_add(d->problems, c->line,
                    "jwt: no consumer has a jwt secret, so no token is valid");
    for (size_t i = 0; c->anonymous.len && i < f->consumers.count; i++) {
        const struct kong_consumer *one = &((const struct kong_consumer *)f->consumers.items)[i];
        if (str_eq(one->username, c->anonymous) || str_eq(one->id, c->anonymous))
            c->guest = one;
    }
    if (c->anonymous.len && !c->guest)
        problem_add(d->problems, c->line, "jwt: anonymous: consumer \"%.*s\" does not exist",
                    STR_ARG(c->anonymous));
}

/* ---- where a token may be ------------------------------------------------------------------- */

static struct str from_header(const struct exchange *x, const struct jwt_config *c)
{
    for (size_t i = 0; i < c->header_names.count; i++) {
        struct str v = headers_get(&x->request, ((const struct str *)c->header_names.items)[i]);
        ptrdiff_t blank = str_index(v, ' ', 0);
        if (blank > 0 && str_ieq(str_slice(v, 0, (size_t)blank), STR("bearer")))
            return str_trim(str_slice(v, (size_t)blank, v.len));
    }
    return STR_NULL;
}

static struct str from_cookie(const struct exchange *x, const struct jwt_config *c)
{
    for (size_t i = 0; i < c->cookie_names.count; i++) {
        struct str v = headers_cookie(&x->request, ((const struct str *)c->cookie_names.items)[i]);
        if (v.len)
            return v;
    }
    return STR_NULL;
}

static struct str from_query(const struct exchange *x, const struct jwt_config *c)
{
    struct str rest = x->query, pair, value;
    while (rest.p && str_next(&rest, '&', &pair)) {
        ptrdiff_t eq = str_index(pair, '=', 0);
        for (size_t i = 0; eq > 0 && i < c->uri_param_names.count; i++) {
            struct str name = ((const struct str *)c->uri_param_names.items)[i];
            if (str_eq(str_slice(pair, 0, (size_t)eq), name) &&
                percent_decode(x->arena, str_slice(pair, (size_t)eq + 1, pair.len), true, &value) &&
                value.len)
                return value;
        }
    }
    return STR_NULL;
}

/* Browsers cannot set headers on a WebSocket: "Sec-WebSocket-Protocol: bearer, <token>". */
static struct str from_protocol(const struct exchange *x)
{
    struct str rest = headers_get(&x->request, STR("sec-websocket-protocol")), first, second;
    if (!x->is_websocket || !rest.p || !str_next(&rest, ',', &first) ||
        !str_ieq(str_trim(first), STR("bearer")) || !rest.p || !str_next(&rest, ',', &second))
        return STR_NULL;
    return str_trim(second);
}

static struct str find_token(struct exchange *x, const struct jwt_config *c)
{
    struct str token = from_header(x, c);
    if (!token.len)
        token = from_query(x, c);
    if (!token.len)
        token = from_protocol(x);
    if (token.len)
        return token;
    token = from_cookie(x, c);
    x->identity.is_cookie = token.len > 0;
    return token;
}

/* ---- verdicts ------------------------------------------------------------------------------- */

/* RFC 6750 §3: no error code when there was no token at all. */
static enum plugin_verdict refuse(struct exchange *x, const struct jwt_config *c, enum err e,
                                  const char *text)
{
    if (c->guest) {
        /* Whoever asks is nobody in particular; the service says what it thinks of the token. */
        x->consumer = c->guest;
        x->is_anonymous = true;
        x->identity.is_cookie = false;
        return PLUGIN_NEXT;
    }
    struct str challenge = str_printf(x->arena, "Bearer realm=\"%.*s\"", STR_ARG(c->realm));
    if (e != ERR_UNAUTHENTICATED)
        challenge = str_printf(x->arena, "%.*s, error=\"invalid_token\", error_description=\"%s\"",
                               STR_ARG(challenge), text);
    exchange_set_response_header(x, STR("WWW-Authenticate"), challenge);
    exchange_fail(x, e, text);
    return PLUGIN_ANSWERED;
}

static const struct kong_jwt_secret *secret_of(const struct kong_file *f, struct str key)
{
    for (size_t i = 0; i < f->secret_count; i++)
        if (str_eq(f->all_secrets[i]->key, key))
            return f->all_secrets[i];
    return NULL;
}

/* Kong's words for what common/jwt says, by a word of its phrase. */
static const char *kongs_words(const char *why)
{
    static const char *const words[][2] = {
        {"signature", "Invalid signature"},
        {"algorithm", "Invalid algorithm"},
        {"key", "Invalid signature"},
        {"not valid yet", "token not valid yet"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(why, words[i][0]))
            return words[i][1];
    return why;
}

/* What is wrong; the token is read again, which only refused ones cost. */
static enum plugin_verdict explain(struct exchange *x, const struct jwt_config *c, struct str token,
                                   enum err rc, const char *why)
{
    bool is_token;
    struct str key = jwt_peek(x->arena, token, "iss", &is_token);
    if (rc == ERR_TOKEN_EXPIRED)
        return refuse(x, c, rc, "token expired");
    if (!is_token)
        return refuse(x, c, ERR_TOKEN_INVALID, "Bad token; invalid JSON");
    if (!key.len)
        return refuse(x, c, ERR_TOKEN_INVALID, "No mandatory 'iss' in claims");
    if (!secret_of(c->file, key))
        return refuse(x, c, ERR_TOKEN_INVALID, "No credentials found for given 'iss'");
    return refuse(x, c, ERR_TOKEN_INVALID, kongs_words(why));
}

static void take_identity(struct exchange *x, const struct kong_jwt_secret *s,
                          const struct jwt_claims *claims)
{
    x->identity.is_verified = true;
    x->identity.user_id = claims->user_id;
    x->identity.subject = claims->sub;
    x->identity.credential = s->key;
    x->consumer = s->consumer;
}

static bool is_access_token(const struct jwt_claims *claims)
{
    return !claims->token_type.len || str_eq(claims->token_type, STR("access")) ||
           str_eq(claims->token_type, STR("service"));
}

static enum plugin_verdict verify(struct exchange *x, const struct jwt_config *c, struct str token)
{
    bool is_token;
    const struct kong_jwt_secret *s = c->file->all_secrets[0];
    if (c->file->secret_count > 1)
        s = secret_of(c->file, jwt_peek(x->arena, token, "iss", &is_token));
    struct jwt_claims claims;
    const char *why = "";
    int64_t now_s = clock_wall_us() / US_PER_S;
    enum err rc = ERR_TOKEN_INVALID;
    if (s)
        rc = jwt_verify_issuer(s->keys, x->arena, token, now_s, s->key, &claims, &why);
    if (rc)
        return explain(x, c, token, rc, why);
    if (!is_access_token(&claims))
        return refuse(x, c, ERR_TOKEN_INVALID, "Invalid token type");
    if (c->maximum_expiration && claims.exp - now_s > c->maximum_expiration)
        return refuse(x, c, ERR_TOKEN_INVALID, "exceeds maximum allowed expiration");
    take_identity(x, s, &claims);
    return PLUGIN_NEXT;
}

/* A personal token is replaced by the JWT it stands for, here and towards the service. */
static enum plugin_verdict exchange_personal(struct exchange *x, const struct jwt_config *c,
                                             struct str *token)
{
    struct str jwt;
    switch (token_look_up(x, *token, &jwt)) {
    case TOKEN_ACTIVE:
        *token = jwt;
        headers_set(x->arena, &x->request, STR("Authorization"),
                    str_printf(x->arena, "Bearer %.*s", STR_ARG(jwt)));
        return PLUGIN_NEXT;
    case TOKEN_INACTIVE:
        return refuse(x, c, ERR_TOKEN_INVALID, "the token is unknown, expired or revoked");
    case TOKEN_UNKNOWN:
        exchange_set_response_header(x, STR("Retry-After"), STR("1"));
        exchange_fail(x, ERR_SERVICE_UNAVAILABLE, "the token cannot be checked at present");
        return PLUGIN_ANSWERED;
    case TOKEN_PENDING:
        return PLUGIN_WAIT;
    }
    return PLUGIN_NEXT;
}

static enum plugin_verdict jwt_access(struct exchange *x, const struct kong_plugin *p)
{
    const struct jwt_config *c = p->config;
    if (x->method == KONG_OPTIONS && !c->run_on_preflight)
        return PLUGIN_NEXT;
    struct str token = find_token(x, c);
    if (!token.len)
        return refuse(x, c, ERR_UNAUTHENTICATED, "Unauthorized");
    if (api_token_is_claimed(token)) {
        enum plugin_verdict verdict = exchange_personal(x, c, &token);
        /* Without a token of its own the request goes on as a guest's. */
        if (verdict != PLUGIN_NEXT || api_token_is_claimed(token))
            return verdict;
    }
    return verify(x, c, token);
}

extern const struct plugin PLUGIN_JWT;
const struct plugin PLUGIN_JWT = {
    .name = "jwt",
    .priority = 1450,
    .spares_own = true,
    .schema = &jwt_schema,
    .prepare = jwt_prepare,
    .access = jwt_access,
};
