#include "json.h"
#include "keys.h"

static void put_str(struct json_writer *w, const char *name, struct str value)
{
    if (!value.p)
        return;
    jw_key(w, str_from(name));
    jw_str(w, value);
}

static void put_roles(struct json_writer *w, const struct jwt_claims *c)
{
    if (c->role_count == 0)
        return;
    JW_KEY(w, "roles");
    jw_array(w);
    for (size_t i = 0; i < c->role_count; i++) {
        jw_object(w);
        JW_STR(w, "system", c->roles[i].system);
        JW_STR(w, "role", c->roles[i].role);
        JW_INT(w, "system_role_id", c->roles[i].system_role_id);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_claims(struct json_writer *w, const struct jwt_claims *c)
{
    jw_object(w);
    JW_STR(w, "iss", STR(JWT_ISSUER));
    JW_STR(w, "sub", c->sub);
    if (c->user_id)
        JW_INT(w, "user_id", c->user_id);
    put_str(w, "email", c->email);
    put_str(w, "name", c->name);
    put_str(w, "role", c->role);
    put_roles(w, c);
    JW_INT(w, "iat", c->iat);
    JW_INT(w, "exp", c->exp);
    put_str(w, "jti", c->jti);
    put_str(w, "token_type", c->token_type);
    put_str(w, "scope", c->scope);
    jw_end_object(w);
}

struct str jwt_sign(const struct jwt_keys *k, struct arena *a, const struct jwt_claims *claims)
{
    const struct jwt_key *key = &k->keys[0];
    struct json_writer w;
    struct buf json, token;

    buf_init(&json, a);
    jw_init(&w, &json);
    put_claims(&w, claims);

    buf_init(&token, a);
    buf_reserve(&token, key->header_len + BASE64_SIZE(json.len) + BASE64_SIZE(SHA256_SIZE) + 2);
    buf_add(&token, key->header, key->header_len);
    buf_add_char(&token, '.');
    token.len += base64url_encode(json.p, json.len, token.p + token.len);
    jwt_key_sign(key, buf_str(&token), token.p + token.len + 1);
    token.p[token.len] = '.';
    token.len += 1 + JWT_SIGNATURE_SIZE;
    buf_cstr(&token);
    return buf_str(&token);
}
