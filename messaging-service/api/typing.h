#pragma once
/* Who types, of the people with sockets at this process. */
#include "api/client.h"

struct typists;

struct typists *typists_new(struct service *s);
void typists_free(struct typists *t);
/* To be called from start. */
void typists_start(struct typists *t);

/* Begins or goes on typing, or stops; who goes on is told of once in a while only, and who says
 * nothing for some seconds has stopped. May suspend. */
void CO_FN typing_set(struct typists *t, struct client *c, const struct conversation *in,
                      bool is_typing);
/* The socket is gone. */
void typing_forget(struct typists *t, struct client *c);
