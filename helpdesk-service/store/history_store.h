#pragma once
/* What happened to a ticket, one row a changed field. */
#include "db.h"

struct history_row {
    int64_t id, ticket_id, changed_by; /* TICKET_NONE: the system */
    struct str changed_by_name, field, old_value, new_value, note;
    int64_t changed_at;
};

/* One page, newest first; without the traces of internal notes unless asked for. */
MUST_CHECK enum err CO_FN history_store_page(struct db_session *s, int64_t ticket_id,
                                             bool with_internal, int64_t skip, int64_t page_size,
                                             struct history_row **out, size_t *count,
                                             int64_t *total);
/* Everything the simple surface shows of it (status, priority, owner), oldest first. */
MUST_CHECK enum err CO_FN history_store_simple(struct db_session *s, int64_t ticket_id,
                                               struct history_row **out, size_t *count);
