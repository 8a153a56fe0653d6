#pragma once
/* The opening handshake. Private to this library. */
#include "err.h"

struct bufferevent;
struct req;

/* Answers 101 and takes the connection, or says why not. *window_bits: of what may be sent
 * compressed, 0 when nothing may. */
MUST_CHECK enum err ws_handshake(struct req *r, struct bufferevent **out, int *window_bits);
