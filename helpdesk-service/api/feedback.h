#pragma once
/* Rating a ticket, whichever surface it comes from. */
#include "cause.h"
#include "db.h"
#include "domain/ticket.h"
#include "store/feedback_store.h"

/*
 * Keeps the rating of a ticket that is locked; the requester's becomes the ticket's CSAT as well.
 * f->ticket_id, user_id, rating and comment are given, id and created_at are set.
 */
MUST_CHECK enum err CO_FN feedback_put(struct db_session *s, const struct ticket *t,
                                       struct feedback *f, const struct cause *c);
/* Takes it back. */
MUST_CHECK enum err CO_FN feedback_remove(struct db_session *s, const struct ticket *t,
                                          const struct feedback *f, const struct cause *c);
