#pragma once
/* An upgraded connection: bytes both ways, unread where the other side is slow. */
#include "proxy/exchange.h"

/* After the 101 has been queued for the client. */
void tunnel_begin(struct exchange *x);
void tunnel_on(struct exchange *x, enum exchange_event event);
/* The gateway stops: the client is told with 1001 as soon as no frame is half sent. */
void tunnel_end(struct exchange *x);
