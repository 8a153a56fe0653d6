#pragma once
/* Messages on their way to the open sockets of this process. */
#include "event.h"
#include "live.h"

/* To every participant's sockets and to those that subscribed; once, however often it is told. */
void push_message(struct live *l, struct arena *a, const struct event_message *m);
/* A live_page_fn. */
MUST_CHECK enum err CO_FN push_missed(struct live *l, int64_t *after, bool *is_last);
/* Takes note of where this process begins. */
MUST_CHECK enum err CO_FN push_begin(struct live *l);
