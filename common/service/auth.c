#include <string.h>

#include "actor.h"
#include "api_token.h"
#include "clock.h"
#include "internal.h"
#include "jwt.h"

/* Where a token may be: header, cookie, and for WebSockets the query or the subprotocol. */
enum token_source { TOKEN_NONE, TOKEN_HEADER, TOKEN_COOKIE, TOKEN_UPGRADE };

static enum token_source find_token(struct req *r, struct str *token)
{
    struct str header = req_header(r, "Authorization");
    ptrdiff_t space = str_index(header, ' ', 0);
    if (space > 0) {
        *token = str_trim(str_slice(header, (size_t)space + 1, header.len));
        if (token->len && str_ieq(str_slice(header, 0, (size_t)space), STR("Bearer")))
            return TOKEN_HEADER;
    }
    *token = req_cookie(r, "access_token");
    if (token->len)
        return TOKEN_COOKIE;
    if (!(r->route->flags & ROUTE_UPGRADE))
        return TOKEN_NONE;
    *token = req_query(r, "token");
    if (token->len)
        return TOKEN_UPGRADE;
    struct str rest = req_header(r, "Sec-WebSocket-Protocol"), first;
    if (str_next(&rest, ',', &first) && str_ieq(str_trim(first), STR("bearer")) && rest.p) {
        struct str second;
        str_next(&rest, ',', &second);
        *token = str_trim(second);
        return token->len ? TOKEN_UPGRADE : TOKEN_NONE;
    }
    return TOKEN_NONE;
}

static bool is_listed(struct str list, struct str item)
{
    struct str one;
    while (str_next(&list, ',', &one))
        if (str_eq(str_trim(one), item))
            return true;
    return false;
}

/* A cookie comes along with any cross-site request, so a change by cookie needs an allowed Origin.
 */
static bool cookie_request_is_same_site(struct req *r)
{
    if (str_eq(r->method, STR("GET")) || str_eq(r->method, STR("HEAD")) ||
        str_eq(r->method, STR("OPTIONS"))) {
        if (!(r->route->flags & ROUTE_UPGRADE))
            return true;
    }
    struct str origin = req_header(r, "Origin");
    return origin.len && is_listed(req_service(r)->config.allowed_origins, origin);
}

static enum err verify(struct service *s, struct req *r, struct str token, struct jwt_claims *c)
{
    const char *why;
    int64_t now_s = clock_wall_us() / US_PER_S;
    enum err rc = jwt_verify(s->jwt, r->arena, token, now_s, c, &why);
    bool is_service = false;
    if (rc == ERR_UNAUTHENTICATED && s->service_jwt != s->jwt) {
        rc = jwt_verify(s->service_jwt, r->arena, token, now_s, c, &why);
        is_service = rc == ERR_OK;
    }
    if (rc)
        return rc == ERR_TOKEN_EXPIRED ? rc : ERR_TOKEN_INVALID;
    bool claims_service = str_eq(c->token_type, STR("service"));
    if (claims_service)
        return s->service_jwt == s->jwt || is_service ? ERR_OK : ERR_TOKEN_INVALID;
    if (is_service || (c->token_type.len && !str_eq(c->token_type, STR("access"))))
        return ERR_TOKEN_INVALID;
    return c->user_id > 0 ? ERR_OK : ERR_TOKEN_INVALID;
}

/* Demo data are loaded through the API with the clock of the day they describe. */
static void override_time(struct service *s, struct req *r)
{
    struct str at = req_header(r, "X-Demo-Time");
    int64_t us;
    if (!at.len || !s->is_development || !time_parse(at, &us) || us > r->now)
        return;
    r->now = us;
    r->time_overridden = true;
}

/* An API token is nothing a browser keeps: by cookie it is refused. */
static enum err CO_FN exchange_api_token(struct req *r, enum token_source source, struct str *token)
{
    if (!api_token_is_claimed(*token))
        return ERR_OK;
    return source == TOKEN_COOKIE ? ERR_TOKEN_INVALID : introspect_token(r, *token, token);
}

enum err CO_FN auth_authenticate(struct req *r)
{
    if (r->route->auth == AUTH_NONE)
        return ERR_OK;
    struct service *s = req_service(r);
    struct str token;
    enum token_source source = find_token(r, &token);
    if (source == TOKEN_NONE)
        return ERR_OK;
    struct jwt_claims claims;
    enum err rc = exchange_api_token(r, source, &token);
    if (rc == ERR_OK)
        rc = verify(s, r, token, &claims);
    if (rc)
        return rc;
    if (source == TOKEN_COOKIE && !cookie_request_is_same_site(r))
        return req_failf(r, ERR_FORBIDDEN,
                         "A request authenticated by cookie needs an allowed Origin");
    struct actor *a = ARENA_NEW(r->arena, struct actor);
    actor_from_claims(a, &claims);
    r->actor = a;
    r->log.user_id = a->user_id;
    override_time(s, r);
    return ERR_OK;
}

/* A route that documents INSUFFICIENT_PERMISSIONS refuses people by that code. */
static enum err refusal(const struct route *route, const struct actor *a)
{
    for (const enum err *e = route->errors; e && *e && !actor_is_service(a); e++)
        if (*e == ERR_INSUFFICIENT_PERMISSIONS)
            return *e;
    return ERR_FORBIDDEN;
}

/* Whether the known actor is of the kind the route is for, within what a login or scope allows. */
static bool may_use(const struct route *route, const struct actor *a)
{
    bool is_service = actor_is_service(a);
    if (is_service ? route->auth == AUTH_USER : route->auth == AUTH_SERVICE)
        return false;
    if ((route->flags & ROUTE_LOGIN) && a->scope.p)
        return false;
    return !route->permission || actor_may(a, (enum permission)route->permission);
}

enum err CO_FN auth_authorise(struct req *r)
{
    const struct route *route = r->route;
    if (route->auth == AUTH_NONE || route->auth == AUTH_OPTIONAL)
        return ERR_OK;
    if (!r->actor)
        return ERR_UNAUTHENTICATED;
    if (may_use(route, r->actor))
        return ERR_OK;
    enum err why = refusal(route, r->actor);
    const struct service_desc *desc = req_service(r)->desc;
    if (desc->refused)
        desc->refused(r, why);
    return why;
}

#define SERVICE_TOKEN_LIFE_S 300

struct str service_authorization(struct service *s, struct arena *a)
{
    struct service_private *p = s->priv;
    int64_t now = clock_mono_us();
    if (!p->token_arena || now >= p->token_renew_at) {
        arena_free(p->token_arena);
        p->token_arena = arena_new();
        int64_t now_s = clock_wall_us() / US_PER_S;
        struct jwt_claims c = {
            .sub = str_from(s->desc->name),
            .name = str_from(s->desc->name),
            .iat = now_s,
            .exp = now_s + SERVICE_TOKEN_LIFE_S,
            .jti = str_from(p->instance),
            .token_type = STR("service"),
        };
        p->token = jwt_sign(s->service_jwt, p->token_arena, &c);
        p->token_renew_at = now + SERVICE_TOKEN_LIFE_S / 2 * US_PER_S;
    }
    return str_printf(a, "Bearer %.*s", STR_ARG(p->token));
}
