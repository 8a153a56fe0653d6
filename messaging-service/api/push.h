#pragma once
/* Changes on their way to the open sockets of this process. */
#include "event.h"
#include "live.h"
#include "store/change_store.h"

/* To every participant's sockets and to those that subscribed; once, however often it is told. */
void push_change(struct live *l, struct arena *a, const struct change *c);
/* A person has changed: whoever was disabled is sent away, and who is no admin any more loses the
 * conversations that are not his own. */
MUST_CHECK enum err CO_FN push_person(struct live *l, struct arena *a, const struct event_user *u);
/* A live_page_fn. */
MUST_CHECK enum err CO_FN push_missed(struct live *l, int64_t *after, bool *is_last);
/* Takes note of where this process begins. */
MUST_CHECK enum err CO_FN push_begin(struct live *l);
