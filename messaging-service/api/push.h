#pragma once
/* Messages on their way to the open sockets of this process. */
#include "event.h"
#include "service.h"

/* To every participant's sockets and to those that subscribed; once, however often it is told. */
void push_message(struct service *s, struct arena *a, const struct event_message *m);
/* Call from init, then begin from start: it takes note of where this process begins. From then on
 * what was said while the broker was away is pushed when it is back. */
void push_init(struct service *s);
MUST_CHECK enum err CO_FN push_begin(struct service *s);
/* Waits until that has been done, so that the order is kept. */
MUST_CHECK enum err CO_FN push_wait(struct service *s);
/* Closes the sockets whose token has expired. */
void push_check_tokens(struct service *s, void *unused);
