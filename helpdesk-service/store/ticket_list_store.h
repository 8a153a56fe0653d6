#pragma once
/* Lists of tickets. */
#include "db.h"
#include "domain/query.h"
#include "domain/ticket.h"
#include "store/ticket_store.h"

/* Where a page ended: the value sorted by (status or priority in word, number in word), the time of
 * created_at or updated_at, and the id. */
struct ticket_position {
    struct str word;
    int64_t time, id;
};

struct ticket_filter {
    int64_t viewer_id;           /* only tickets that concern this person; TICKET_NONE: all */
    struct ticket_viewer reader; /* who asks: internal notes are searched for who may read them */
    /* All must hold. Values as the database has them: helpdesk words, labels, canonical spelling,
     * ids in decimal. */
    const struct query_term *terms;
    size_t term_count;
    struct str sort; /* created_at, updated_at, priority, status, number */
    bool is_descending;
    int64_t skip, limit;
    const struct ticket_position *after; /* NULL: from the beginning */
};

struct ticket_page {
    const struct ticket *tickets; /* in the session's arena */
    size_t count;
    int64_t total; /* of all pages; 10,001 when there are more than 10,000; TICKET_NONE behind a
                      position */
};

MUST_CHECK enum err CO_FN ticket_list_store_page(struct db_session *s,
                                                 const struct ticket_filter *f,
                                                 struct ticket_page *out);

/* As ticket_list_store_batch, with all of the tickets; total is TICKET_NONE. */
MUST_CHECK enum err CO_FN ticket_list_store_next(struct db_session *s,
                                                 const struct ticket_filter *f,
                                                 struct ticket_page *out);

struct ticket_batch {
    const int64_t *ids; /* in the session's arena */
    size_t count;
    struct ticket_position last; /* where to go on behind; of a batch that is not empty */
};
/*
 * The ids of up to f->limit matching tickets behind f->after, newest first whatever the order of
 * the filter; fewer than that many are the last ones. Nothing is counted, and tickets that are
 * opened meanwhile are not met.
 */
MUST_CHECK enum err CO_FN ticket_list_store_batch(struct db_session *s,
                                                  const struct ticket_filter *f,
                                                  struct ticket_batch *out);

/* The position of a ticket in a list sorted like that. */
struct ticket_position ticket_position_of(const struct ticket *t, struct str sort);

/*
 * The next tickets of the simple surface, newest first, after the given position (created_at, id);
 * the first ones when after is NULL. requester_id TICKET_NONE: everybody's.
 */
MUST_CHECK enum err CO_FN ticket_list_store_newest(struct db_session *s, int64_t requester_id,
                                                   const struct ticket *after, int64_t limit,
                                                   struct ticket_page *out);
/* Unresolved tickets of one priority, oldest first, after the given one. */
MUST_CHECK enum err CO_FN ticket_list_store_queue(struct db_session *s,
                                                  enum ticket_priority priority,
                                                  const struct ticket *after, int64_t limit,
                                                  struct ticket_page *out);
