#pragma once
/* Which web origins may use the API with the browser's credentials. */
#include "proxy/exchange.h"

/* The request's Origin is one of ALLOWED_ORIGINS, of the cors plugin on its route, or the gateway's
 * own (its host and port are those the request was sent to). */
bool origin_is_allowed(const struct exchange *x, struct str origin);

/*
 * Browsers attach cookies to requests that other sites make. So a request that changes something,
 * or opens a WebSocket, and is authenticated by cookie needs an allowed Origin. Where the jwt
 * plugin did not run the service judges a missing Origin itself; a foreign one is refused here
 * already.
 */
bool origin_may_use_cookie(const struct exchange *x);
