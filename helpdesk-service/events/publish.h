#pragma once
/*
 * What helpdesk tells the other programs. Everything is written to the outbox of the current
 * transaction: it is sent when the transaction commits, and not otherwise.
 */
#include "cause.h"
#include "db.h"
#include "domain/ticket.h"
#include "outbox.h"
#include "store/comment_store.h"

#define PUBLISH_WORKFLOW_QUEUE "TICKET_TASKS_PRODUCTION"

/* The outbox rows of a new ticket, for the statement that inserts it: the event ticket.created and,
 * unless it waits for approval, the Celery task tts.tasks.process_ticket before it. */
#define PUBLISH_CREATED_MAX 2
MUST_CHECK enum err publish_ticket_created(struct arena *a, const struct ticket *t,
                                           const struct cause *c,
                                           struct outbox_entry out[PUBLISH_CREATED_MAX], size_t *n);

struct ticket_news {
    const struct ticket *before, *after;
    struct str reason;   /* the person's words, absent: none */
    bool is_rating_new;  /* the requester has rated it */
    bool tells_workflow; /* the workflow does not know yet: the change was made here */
};
/*
 * The Celery task tts.tasks.process_ticket once a ticket is approved;
 * ticket.closed or ticket.status_changed when the status differs (and, for changes made here, the
 * Celery task tts.tasks.receive_hdts_ticket_status); ticket.assigned when the owner differs;
 * feedback.received; ticket.updated when anything else differs.
 */
MUST_CHECK enum err CO_FN publish_ticket_changed(struct db_session *s, const struct ticket_news *n,
                                                 const struct cause *c);
MUST_CHECK enum err CO_FN publish_ticket_commented(struct db_session *s, const struct ticket *t,
                                                   const struct comment *comment,
                                                   const struct comment_audience *audience,
                                                   const struct cause *c);
/* Something that is kept beside the ticket has changed. */
MUST_CHECK enum err CO_FN publish_ticket_updated(struct db_session *s, const struct ticket *t,
                                                 const struct cause *c);
/* A rating that did not come with a change of the ticket. */
MUST_CHECK enum err CO_FN publish_feedback(struct db_session *s, const struct ticket *t,
                                           int64_t rating, struct str comment,
                                           const struct cause *c);
