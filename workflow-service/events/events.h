#pragma once
/* What this program does besides answering requests: the queue of tickets, the changes of people,
 * work that waits for people, and clocks that run out. */
#include "cause.h"
#include "db.h"
#include "service.h"

#define TICKET_QUEUE "TICKET_TASKS_PRODUCTION"

/* Declares the queues and their consumers. Call from init. */
void tickets_consume(struct service *s);
void updates_consume(struct service *s);
void people_follow(struct service *s);

/* Gives waiting items and ownerless tasks to people, at most limit of each; counts what it gave. */
MUST_CHECK enum err CO_FN pool_drain(struct db_session *s, const struct cause *c, int limit,
                                     int *given);
/* Periodic: the same until nothing is left that somebody can take, a transaction each. */
void CO_FN pool_job(struct service *s, void *arg);
/* Fires the clocks that are due, when they are, until the program stops. */
void CO_FN sla_job(struct service *s, void *arg);
/* Periodic: computes the clocks anew whose policy or calendar has changed. What is done is done:
 * killed in between, any process goes on with the rest. */
void CO_FN recompute_job(struct service *s, void *arg);
