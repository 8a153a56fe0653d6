#include "plugins/origin.h"

#include "plugins/cors.h"
#include "plugins/plugin.h"

#define SAFE (KONG_GET | KONG_HEAD | KONG_OPTIONS | KONG_TRACE)

static bool is_own(const struct exchange *x, struct str origin)
{
    ptrdiff_t at = str_find(origin, STR("://"));
    return at > 0 && x->host.len && str_ieq(str_slice(origin, (size_t)at + 3, origin.len), x->host);
}

bool origin_is_allowed(const struct exchange *x, struct str origin)
{
    struct str rest = x->gw->allowed_origins, one;
    while (str_next(&rest, ',', &one))
        if (str_ieq(str_trim(one), origin))
            return true;
    for (size_t i = 0; x->chain && i < x->chain->count; i++)
        if (cors_lists(x->chain->uses[i], origin))
            return true;
    return is_own(x, origin);
}

bool origin_may_use_cookie(const struct exchange *x)
{
    if ((x->method & SAFE) && !x->is_websocket)
        return true;
    bool has_cookie = x->identity.is_cookie || (!headers_get(&x->request, STR("authorization")).p &&
                                                headers_cookie(&x->request, STR("access_token")).p);
    if (!has_cookie)
        return true;
    struct str origin = headers_get(&x->request, STR("origin"));
    return origin.p ? origin_is_allowed(x, origin) : !x->identity.is_cookie;
}
