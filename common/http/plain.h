#pragma once
/* Exchanges over plain HTTP, on bufferevents and this library's own parsers: what the programs of
 * the fleet ask each other needs no curl. Private to this library. */
#include "client.h"

struct plain;

struct plain *plain_new(struct loop *l);
/* No exchange may be under way. */
void plain_free(struct plain *p);
struct plain *http_client_plain(struct http_client *c);
/* An URL for plain_call; the others are curl's. */
bool plain_takes(struct str url);
/* http_client_call without TLS, user and password. */
MUST_CHECK enum err CO_FN plain_call(struct plain *p, struct arena *a, const struct http_call *call,
                                     struct http_answer *out);
