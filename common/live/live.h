#pragma once
/*
 * What programs share that push stored things with growing ids to WebSockets: the open sockets by
 * person, what has been pushed already, catching up after the broker was away, and the ends of
 * tokens and of the program. Things are announced to every process by an event on an exclusive
 * queue; what is announced while a process has no connection is looked up when it has one again.
 */
#include "hub.h"
#include "recent.h"
#include "service.h"

struct live;

/* Pushes a page of what was stored above *after, oldest first, and moves *after to its end. */
typedef enum err (*live_page_fn)(struct live *l, int64_t *after, bool *is_last);

struct live {
    struct service *service;
    struct ws_hub *people; /* owned: open sockets by person */
    struct recent pushed;
    live_page_fn push_missed;
    bool has_begun, is_catching_up;
};

/* Call from init. */
void live_init(struct live *l, struct service *s, live_page_fn push_missed);
/* Call from start, with the newest id there is: what was stored before is no business of this
 * process's sockets. */
void live_begin(struct live *l, int64_t newest);
/* Whether an id is pushed for the first time; from now on it is not. */
bool live_is_new(struct live *l, int64_t id);
/* Who hears of something new waits until what was missed has been pushed. */
MUST_CHECK enum err CO_FN live_wait(const struct live *l);
/* Call from stop: every socket is closed with 1001, and has a few seconds to answer. */
void CO_FN live_stop(struct live *l);
/* Call from release. */
void live_release(struct live *l);
