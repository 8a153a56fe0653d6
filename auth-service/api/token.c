#include "api/token.h"

#include <inttypes.h>

#include "clock.h"

static const struct str ACCESS = {"access", 6}, REFRESH = {"refresh", 7}, MFA = {"mfa", 3};

int64_t token_refresh_end(const struct auth_app *app, int64_t now)
{
    return now + app->config->refresh_expiry_s * US_PER_S;
}

struct jwt_claims token_claims(struct arena *a, const struct user *u, int64_t now)
{
    struct jwt_role *roles = ARENA_ARRAY(a, struct jwt_role, u->role_count);

    for (size_t i = 0; i < u->role_count; i++)
        roles[i] =
            (struct jwt_role){u->roles[i].system, u->roles[i].role, u->roles[i].system_role_id};
    return (struct jwt_claims){
        .sub = str_printf(a, "%" PRId64, u->id),
        .user_id = u->id,
        .email = u->email,
        .name = u->full_name,
        .role = user_role_summary(u),
        .roles = roles,
        .role_count = u->role_count,
        .iat = now / US_PER_S,
    };
}

struct token_pair token_pair_issue(struct auth_app *app, struct arena *a, const struct user *u,
                                   struct str session, int64_t generation, int64_t now)
{
    struct jwt_claims access = token_claims(a, u, now), refresh = access;

    access.token_type = ACCESS;
    access.exp = access.iat + app->service->config.jwt_expiry_s;
    access.jti = token_id_format(a, &(struct token_id){session, generation, 'a'});
    /* What a person may do is looked up again at each refresh. */
    refresh.roles = NULL;
    refresh.role_count = 0;
    refresh.token_type = REFRESH;
    refresh.exp = token_refresh_end(app, now) / US_PER_S;
    refresh.jti = token_id_format(a, &(struct token_id){session, generation, 'r'});
    return (struct token_pair){jwt_sign(app->service->jwt, a, &access),
                               jwt_sign(app->service->jwt, a, &refresh)};
}

struct str token_mfa_issue(struct auth_app *app, struct arena *a, int64_t user_id,
                           struct str challenge, int64_t now, int64_t life_s)
{
    const struct jwt_claims claims = {
        .sub = str_printf(a, "%" PRId64, user_id),
        .user_id = user_id,
        .iat = now / US_PER_S,
        .exp = now / US_PER_S + life_s,
        .jti = challenge,
        .token_type = MFA,
    };

    return jwt_sign(app->service->jwt, a, &claims);
}

enum err token_mfa_read(struct auth_app *app, struct arena *a, struct str text, int64_t now,
                        struct str *challenge)
{
    struct jwt_claims claims;
    const char *why;
    enum err rc = jwt_verify(app->service->jwt, a, text, now / US_PER_S, &claims, &why);

    if (rc)
        return rc == ERR_TOKEN_EXPIRED ? rc : ERR_TOKEN_INVALID;
    *challenge = claims.jti;
    return str_eq(claims.token_type, MFA) && token_is_uuid(claims.jti) ? ERR_OK : ERR_TOKEN_INVALID;
}

enum err token_read(struct auth_app *app, struct arena *a, struct str text, int64_t now,
                    struct token *out)
{
    const char *why;
    enum err rc = jwt_verify(app->service->jwt, a, text, now / US_PER_S, &out->claims, &why);
    bool is_access;

    if (rc)
        return rc == ERR_TOKEN_EXPIRED ? rc : ERR_TOKEN_INVALID;
    is_access = str_eq(out->claims.token_type, ACCESS);
    if (!is_access && !token_is_refresh(out))
        return ERR_TOKEN_INVALID;
    if (!token_id_parse(out->claims.jti, &out->id) || out->id.kind != (is_access ? 'a' : 'r'))
        return ERR_TOKEN_INVALID;
    return ERR_OK;
}

bool token_is_refresh(const struct token *t)
{
    return str_eq(t->claims.token_type, REFRESH);
}

struct str token_from_header(struct req *r)
{
    struct str header = req_header(r, "Authorization"), scheme;

    if (!str_next(&header, ' ', &scheme) || !str_ieq(scheme, STR("Bearer")))
        return STR_NULL;
    header = str_trim(header);
    return header.len ? header : STR_NULL;
}

static void set_cookie(struct req *r, const char *name, struct str value, int64_t max_age_s)
{
    const char *secure = req_service(r)->is_production ? "; Secure" : "";

    req_add_header(r, "Set-Cookie",
                   str_printf(r->arena,
                              "%s=%.*s; Path=/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Lax%s",
                              name, STR_ARG(value), max_age_s, secure));
}

void token_set_cookies(struct req *r, const struct token_pair *p)
{
    const struct auth_app *app = auth_app(r);

    set_cookie(r, "access_token", p->access, app->service->config.jwt_expiry_s);
    set_cookie(r, "refresh_token", p->refresh, app->config->refresh_expiry_s);
}

void token_clear_cookies(struct req *r)
{
    set_cookie(r, "access_token", STR(""), 0);
    set_cookie(r, "refresh_token", STR(""), 0);
}

bool token_cookie_may_act(struct req *r)
{
    struct str origin = req_header(r, "Origin");
    struct str allowed = req_service(r)->config.allowed_origins, one;

    while (origin.p && str_next(&allowed, ',', &one))
        if (str_ieq(str_trim(one), origin))
            return true;
    return false;
}
