#pragma once
/*
 * Works off what a table holds: mails and other deliveries. Several at a time, so that one hanging
 * exchange delays no other; any number of replicas, when the work claims its row with a lease.
 */
#include "service.h"

struct courier;

/*
 * Claims one thing that is due, calls courier_claimed, works on it and records the outcome. False
 * when nothing was due. The arena is this call's own. May suspend.
 */
typedef bool (*courier_work_fn)(struct courier *c, struct service *s, struct arena *a);

/* name is that of the coroutines (static). */
struct courier *courier_new(struct service *s, courier_work_fn work, const char *name);
/* Begins looking for what is due; call once the database is there. */
void courier_start(struct courier *c);
/* Looks now instead of at the next poll. */
void courier_kick(void *courier);
/* From the work: there may be more, and another coroutine may look for it. */
void courier_claimed(struct courier *c);
/* Waits, within reason, for what is in hand; nothing new is begun while the service drains. */
void CO_FN courier_stop(struct courier *c);
void courier_free(struct courier *c);
