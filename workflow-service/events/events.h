#pragma once
/* What this program does besides answering requests: the queue of tickets, the changes of people,
 * work that waits for people or for a workflow, clocks that run out, figures, and what is searched.
 */
#include "cause.h"
#include "db.h"
#include "service.h"

#define TICKET_QUEUE "TICKET_TASKS_PRODUCTION"

/* Declares the queues and their consumers. Call from init. */
void tickets_consume(struct service *s);
void updates_consume(struct service *s);
void people_follow(struct service *s);

/* Once the transaction has committed: work waits, or somebody may take some. */
void pool_wake(struct db_session *s);
/* Gives waiting items and ownerless tasks to people and tells admins of what goes on waiting, when
 * it is woken and now and then, until the program stops. */
void CO_FN pool_job(struct service *s, void *arg);
/* Periodic: matches the tickets anew that no workflow had taken when the rules were others. */
void CO_FN unmatched_job(struct service *s, void *arg);
/* Fires the clocks that are due, when they are, until the program stops. */
void CO_FN sla_job(struct service *s, void *arg);
/* Periodic: computes the clocks anew whose policy or calendar has changed. What is done is done:
 * killed in between, any process goes on with the rest. */
void CO_FN recompute_job(struct service *s, void *arg);
/* Periodic: takes what has happened into the figures. Killed in between, any process goes on. */
void CO_FN statistics_job(struct service *s, void *arg);
/* Periodic: takes new texts into the index of searches. Killed in between, any process goes on. */
void CO_FN texts_job(struct service *s, void *arg);
