#pragma once
/* Comments of a ticket: public ones, and internal notes that its requester never sees. */
#include "cause.h"
#include "db.h"
#include "domain/ticket.h"

struct comment {
    int64_t id, author_id; /* TICKET_NONE: a service */
    struct str author_name, comment;
    bool is_internal;
    int64_t created_at;
};

/* One page, oldest first; total counts all that match. */
MUST_CHECK enum err CO_FN comment_store_page(struct db_session *s, int64_t ticket_id,
                                             bool with_internal, int64_t skip, int64_t page_size,
                                             struct comment **out, size_t *count, int64_t *total);
/* Adds it to the ticket locked before, and counts the ticket's version up. Sets id. */
MUST_CHECK enum err CO_FN comment_store_add(struct db_session *s, struct ticket *t,
                                            struct comment *comment, const struct cause *c);
