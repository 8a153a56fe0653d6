#pragma once
/* Brings a ticket from one state to another: rows, history and messages, in one transaction. */
#include "events/publish.h"

/*
 * n->before is the state that was locked, after the wanted one; its version and updated_at are set.
 * Does nothing when they do not differ.
 */
MUST_CHECK enum err CO_FN change_apply(struct db_session *s, const struct ticket_news *n,
                                       struct ticket *after, const struct cause *c);
