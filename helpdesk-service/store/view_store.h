#pragma once
/* Saved views, and how many tickets they have. */
#include "store/ticket_list_store.h"

#define VIEW_COUNT_MAX 50 /* of one person */

struct ticket_view_row {
    int64_t id, owner_id, position, version;
    struct str name, query, sort;
    const struct str *columns;
    size_t column_count;
    struct str shared_with; /* private, role, everybody */
    struct str role;        /* "hdts:Admin"; absent unless shared with one */
    int64_t created_at, updated_at;
};

/* Who looks: views of their own, and those shared with everybody or with a role they have. */
struct view_reader {
    int64_t id;
    const struct str *roles; /* "hdts:Admin" */
    size_t role_count;
};

MUST_CHECK enum err CO_FN view_store_list(struct db_session *s, const struct view_reader *reader,
                                          struct ticket_view_row **out, size_t *count);
/* ERR_NOT_FOUND, also for a view that the reader may not see. */
MUST_CHECK enum err CO_FN view_store_by_id(struct db_session *s, int64_t id,
                                           const struct view_reader *reader,
                                           struct ticket_view_row *out);
/* Inside a transaction: the row stays locked until its end. */
MUST_CHECK enum err CO_FN view_store_lock(struct db_session *s, int64_t id,
                                          const struct view_reader *reader,
                                          struct ticket_view_row *out);
/* Fills id and version. ERR_CONFLICT when the owner has VIEW_COUNT_MAX already. In a transaction.
 */
MUST_CHECK enum err CO_FN view_store_add(struct db_session *s, struct ticket_view_row *v);
/* Counts the version up, in *v too. */
MUST_CHECK enum err CO_FN view_store_update(struct db_session *s, struct ticket_view_row *v);
MUST_CHECK enum err CO_FN view_store_delete(struct db_session *s, int64_t id);

/* filter as filter_json makes it. Exact, of a filter that is tallied. */
MUST_CHECK enum err CO_FN view_store_tally(struct db_session *s, struct str filter, int64_t *out);
/* Of any other: 10,001 when there are more than 10,000. */
MUST_CHECK enum err CO_FN view_store_count(struct db_session *s, struct str filter, int64_t *out);
