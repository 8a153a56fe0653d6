/* Nothing in the claims is looked at before the signature is known to be good. */
#include <inttypes.h>
#include <stddef.h>

#include "cache.h"
#include "json.h"
#include "keys.h"

#define MAX_TOKEN 8192
#define NBF_LEEWAY_S 30

struct parts {
    struct str header, payload, signature;
    struct str signed_text; /* "header.payload" */
};

struct claims {
    struct jwt_claims out;
    int64_t nbf;
    const struct json *sub;
    struct json_array roles;
};

static const struct json_field role_fields[] = {
    {"system", JK_STR, offsetof(struct jwt_role, system), JF_REQUIRED},
    {"role", JK_STR, offsetof(struct jwt_role, role), JF_REQUIRED},
    {"system_role_id", JK_INT, offsetof(struct jwt_role, system_role_id)},
};
static JSON_SCHEMA(ROLE, "TokenRole", struct jwt_role, role_fields);

#define CLAIM(member) offsetof(struct claims, out.member)
static const struct json_field claim_fields[] = {
    {"iss", JK_STR, CLAIM(iss), JF_REQUIRED},
    {"sub", JK_ANY, offsetof(struct claims, sub)},
    {"user_id", JK_INT, CLAIM(user_id), 0, 1, 0},
    {"email", JK_STR, CLAIM(email)},
    {"name", JK_STR, CLAIM(name)},
    {"role", JK_STR, CLAIM(role)},
    {"roles", JK_ARRAY, offsetof(struct claims, roles), .sub = &ROLE},
    {"iat", JK_INT, CLAIM(iat)},
    {"exp", JK_INT, CLAIM(exp), JF_REQUIRED},
    {"nbf", JK_INT, offsetof(struct claims, nbf)},
    {"jti", JK_STR, CLAIM(jti)},
    {"token_type", JK_STR, CLAIM(token_type)},
    {"scope", JK_STR, CLAIM(scope)},
};
static JSON_SCHEMA(CLAIMS, "TokenClaims", struct claims, claim_fields);

static bool split(struct str token, struct parts *out)
{
    struct str rest = token;

    if (token.len > MAX_TOKEN)
        return false;
    if (!str_next(&rest, '.', &out->header) || !str_next(&rest, '.', &out->payload) ||
        !str_next(&rest, '.', &out->signature) || rest.p)
        return false;
    out->signed_text = str_n(token.p, out->header.len + 1 + out->payload.len);
    return out->header.len > 0 && out->payload.len > 0 && out->signature.len > 0;
}

/* A part's JSON object, NULL when it is none. */
static const struct json *decode_part(struct arena *a, struct str part)
{
    uint8_t *text = arena_alloc(a, part.len / 4 * 3 + 3);
    const struct json *v;
    const char *why;
    size_t n;

    if (!base64url_decode(part, text, &n) ||
        json_parse(a, str_n((const char *)text, n), &v, &why) || json_type(v) != JSON_OBJECT)
        return NULL;
    return v;
}

/* The key that the header names; *any is set when it names none. NULL and *why when it is refused.
 */
static const struct jwt_key *key_of_header(const struct jwt_keys *k, struct arena *a,
                                           struct str header, bool *any, const char **why)
{
    const struct json *v, *typ, *kid;

    *any = false;
    for (size_t i = 0; i < k->count; i++) {
        if (str_eq(header, str_n(k->keys[i].header, k->keys[i].header_len)))
            return &k->keys[i];
    }
    v = decode_part(a, header);
    *why = "the token is malformed";
    if (!v || json_get(v, "crit")) /* RFC 7515 §4.1.11: no extension is understood here */
        return NULL;
    typ = json_get(v, "typ");
    if (typ && !str_ieq(json_str(typ), STR("JWT")))
        return NULL;
    *why = "the token's algorithm is not allowed";
    if (!str_eq(json_str(json_get(v, "alg")), STR("HS256")))
        return NULL;
    kid = json_get(v, "kid");
    if (!kid) {
        *any = true;
        return NULL;
    }
    *why = "the token's key is not known";
    for (size_t i = 0; i < k->count; i++) {
        if (str_eq(json_str(kid), str_from(k->keys[i].kid)))
            return &k->keys[i];
    }
    return NULL;
}

static bool is_signed_by(const struct jwt_key *key, const struct parts *p)
{
    char want[BASE64_SIZE(SHA256_SIZE)];

    jwt_key_sign(key, p->signed_text, want);
    return str_eq_ct(p->signature, str_n(want, JWT_SIGNATURE_SIZE));
}

static bool signature_is_good(const struct jwt_keys *k, struct arena *a, const struct parts *p,
                              const char **why)
{
    bool any;
    const struct jwt_key *key = key_of_header(k, a, p->header, &any, why);
    bool good = key && is_signed_by(key, p);

    if (!key && !any)
        return false;
    for (size_t i = 0; any && !good && i < k->count; i++)
        good = is_signed_by(&k->keys[i], p);
    *why = "the token's signature is wrong";
    return good;
}

/* sub and user_id are two spellings of one identity: either may be missing, neither may contradict.
 */
static bool settle_subject(struct arena *a, struct claims *c)
{
    struct jwt_claims *out = &c->out;
    bool has_user = out->user_id != JSON_NO_INT;
    int64_t id;

    if (!has_user)
        out->user_id = 0;
    if (!c->sub) {
        out->sub = str_printf(a, "%" PRId64, out->user_id);
        return has_user;
    }
    out->sub = json_str(c->sub);
    if (json_int(c->sub, &id))
        out->sub = str_printf(a, "%" PRId64, id);
    if (str_is_empty(out->sub))
        return false;
    if (!str_to_i64(out->sub, &id))
        return !has_user;
    if (id <= 0 || out->sub.p[0] == '0' || (has_user && id != out->user_id))
        return false;
    out->user_id = id;
    return true;
}

static void take_roles(struct claims *c)
{
    struct jwt_role *roles = c->roles.items;

    for (size_t i = 0; i < c->roles.count; i++) {
        if (roles[i].system_role_id == JSON_NO_INT)
            roles[i].system_role_id = 0;
    }
    c->out.roles = roles;
    c->out.role_count = c->roles.count;
}

static bool read_claims(struct arena *a, struct str payload, struct claims *c)
{
    const struct json *v = decode_part(a, payload);
    struct json_problem *problems;

    if (!v || json_decode(a, &CLAIMS, v, c, &problems) || !settle_subject(a, c))
        return false;
    take_roles(c);
    if (c->out.iat == JSON_NO_INT)
        c->out.iat = 0;
    return true;
}

/* The claims of a token whose signature is good. */
static bool recall_claims(const struct jwt_keys *k, struct arena *a, const struct parts *p,
                          struct claims *c)
{
    if (jwt_cache_get(k->cache, a, p->signature, &c->out, &c->nbf))
        return true;
    if (!read_claims(a, p->payload, c))
        return false;
    jwt_cache_put(k->cache, p->signature, &c->out, c->nbf);
    return true;
}

enum err jwt_verify_issuer(const struct jwt_keys *k, struct arena *a, struct str token,
                           int64_t now_s, struct str issuer, struct jwt_claims *out,
                           const char **why)
{
    struct parts parts;
    struct claims c;

    *out = (struct jwt_claims){0};
    *why = "the token is malformed";
    if (!split(token, &parts))
        return ERR_UNAUTHENTICATED;
    if (!signature_is_good(k, a, &parts, why))
        return ERR_UNAUTHENTICATED;
    *why = "the token's claims are not valid";
    if (!recall_claims(k, a, &parts, &c))
        return ERR_UNAUTHENTICATED;
    *why = "the token's issuer is not known";
    if (!str_eq(c.out.iss, issuer))
        return ERR_UNAUTHENTICATED;
    *why = "the token is not valid yet";
    if (c.nbf != JSON_NO_INT && c.nbf > now_s + NBF_LEEWAY_S)
        return ERR_UNAUTHENTICATED;
    *why = "the token has expired";
    if (c.out.exp <= now_s)
        return ERR_TOKEN_EXPIRED;
    *out = c.out;
    *why = NULL;
    return ERR_OK;
}

enum err jwt_verify(const struct jwt_keys *k, struct arena *a, struct str token, int64_t now_s,
                    struct jwt_claims *out, const char **why)
{
    return jwt_verify_issuer(k, a, token, now_s, STR(JWT_ISSUER), out, why);
}

struct str jwt_peek(struct arena *a, struct str token, const char *claim, bool *is_token)
{
    struct parts parts;
    const struct json *payload = split(token, &parts) ? decode_part(a, parts.payload) : NULL;

    *is_token = payload && decode_part(a, parts.header);
    return *is_token ? json_str(json_get(payload, claim)) : STR_NULL;
}
