#pragma once
/* What this program tells others: domain events, and Celery tasks for the helpdesk. Each writes a
 * row to the outbox of the session's transaction. */
#include "cause.h"
#include "event.h"
#include "label.h"
#include "store/drain_store.h"
#include "store/pool_store.h"

#define HELPDESK_QUEUE "ticket_status-default"

/* task.* and sla.*; the actor is filled in from the cause. */
MUST_CHECK enum err CO_FN publish_task(struct db_session *s, const struct cause *c,
                                       const char *type, const struct event_task *payload);
/* An event_task with every optional number absent. */
struct event_task publish_blank(void);

/* task.assigned, of an item that has found somebody. */
MUST_CHECK enum err CO_FN publish_assigned(struct db_session *s, const struct cause *c,
                                           const struct pooled_item *i);
/* task.pooled, of an item that goes on waiting. */
MUST_CHECK enum err CO_FN publish_pooled(struct db_session *s, const struct cause *c,
                                         const struct waiting_item *w);

/* update_ticket_owner(ticket_number, owner_id) */
MUST_CHECK enum err CO_FN publish_owner(struct db_session *s, const struct cause *c,
                                        struct str ticket_number, int64_t owner_id);
/* send_ticket_status(ticket_number, status), in the helpdesk's words */
MUST_CHECK enum err CO_FN publish_status(struct db_session *s, const struct cause *c,
                                         struct str ticket_number, enum ticket_status status);
