#pragma once
/* Comments of a ticket: public ones, and internal notes that its requester never sees. */
#include "cause.h"
#include "db.h"
#include "domain/mention.h"
#include "domain/ticket.h"

struct comment {
    int64_t id, author_id; /* TICKET_NONE: a service */
    struct str author_name, comment;
    bool is_internal;
    int64_t created_at, edited_at; /* edited_at TICKET_NONE: never */
    int64_t version;
};

struct comment_query {
    int64_t ticket_id;
    bool with_internal;
    int64_t after_id; /* TICKET_NONE: from the beginning */
    int64_t skip, limit;
};
/* One page, oldest first. total counts all that match up to 10,001, and is TICKET_NONE behind an
 * id. */
MUST_CHECK enum err CO_FN comment_store_page(struct db_session *s, const struct comment_query *q,
                                             struct comment **out, size_t *count, int64_t *total);
/* Those behind an id that others than the author have written, at most COMMENT_NEWER_MAX. */
#define COMMENT_NEWER_MAX 20
MUST_CHECK enum err CO_FN comment_store_newer(struct db_session *s, const struct comment_query *q,
                                              int64_t author_id, struct comment **out,
                                              size_t *count);
/* ERR_NOT_FOUND, also for an internal one without with_internal. */
MUST_CHECK enum err CO_FN comment_store_by_id(struct db_session *s, int64_t ticket_id, int64_t id,
                                              bool with_internal, struct comment *out);

/*
 * All three change a ticket that is locked, and count its version up. The texts that an edit or a
 * removal takes away stay in the history, for those who may see internal notes.
 */
MUST_CHECK enum err CO_FN comment_store_add(struct db_session *s, struct ticket *t,
                                            struct comment *comment, const struct cause *c);
MUST_CHECK enum err CO_FN comment_store_edit(struct db_session *s, struct ticket *t,
                                             struct comment *comment, struct str text,
                                             const struct cause *c);
MUST_CHECK enum err CO_FN comment_store_remove(struct db_session *s, struct ticket *t,
                                               const struct comment *comment,
                                               const struct cause *c);

/* Whom a comment concerns, of those who may read it. */
struct comment_audience {
    const int64_t *mentioned, *watchers;
    size_t mentioned_count, watcher_count;
};
MUST_CHECK enum err CO_FN comment_store_audience(struct db_session *s, const struct ticket *t,
                                                 bool is_internal, const struct mentions *m,
                                                 struct comment_audience *out);
