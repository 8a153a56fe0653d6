#pragma once
/* What happened to a ticket, one row a changed field. */
#include "cause.h"
#include "db.h"

struct history_row {
    int64_t id, ticket_id, changed_by; /* TICKET_NONE: the system */
    struct str changed_by_name, field, old_value, new_value, note;
    int64_t changed_at;
};

struct history_query {
    int64_t ticket_id;
    bool with_internal; /* also what only those may see who may see internal notes */
    int64_t before_id;  /* TICKET_NONE: from the newest */
    int64_t skip, limit;
};
/* One page, newest first. total counts all that match up to 10,001, and is TICKET_NONE behind an
 * id. */
MUST_CHECK enum err CO_FN history_store_page(struct db_session *s, const struct history_query *q,
                                             struct history_row **out, size_t *count,
                                             int64_t *total);
/* Everything the simple surface shows of it (status, priority, owner), oldest first. */
MUST_CHECK enum err CO_FN history_store_simple(struct db_session *s, int64_t ticket_id,
                                               struct history_row **out, size_t *count);

struct history_entry {
    int64_t ticket_id;
    struct str field, old_value, new_value, note; /* but for field, may be absent */
    bool is_internal;
};
/* For what changes beside a ticket's own fields. */
MUST_CHECK enum err CO_FN history_store_add(struct db_session *s, const struct history_entry *e,
                                            const struct cause *c);
