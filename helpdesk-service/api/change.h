#pragma once
/* What changes about a ticket, with all its traces: rows, history and messages, in one transaction.
 * Whether it may be changed is decided before. */
#include "events/publish.h"
#include "people.h"

/*
 * Brings a ticket from one state to another: n->before is the state that was locked, after the
 * wanted one; its version and updated_at are set. Does nothing when they do not differ.
 */
MUST_CHECK enum err CO_FN change_apply(struct db_session *s, const struct ticket_news *n,
                                       struct ticket *after, const struct cause *c);
/* Adds a comment to a locked ticket, whose version counts up. */
MUST_CHECK enum err CO_FN change_add_comment(struct db_session *s, struct ticket *t,
                                             struct comment *comment, const struct cause *c);
/* Does nothing when the person watches it. */
MUST_CHECK enum err CO_FN change_add_watcher(struct db_session *s, const struct ticket *t,
                                             const struct person *p, const struct cause *c);
/* ERR_NOT_FOUND when the person does not watch it. */
MUST_CHECK enum err CO_FN change_remove_watcher(struct db_session *s, const struct ticket *t,
                                                int64_t user_id, const struct cause *c);
