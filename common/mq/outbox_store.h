#pragma once
/* The SQL of the outbox. */
#include "outbox.h"

struct outbox_row {
    int64_t id;
    struct outbox_entry entry;
    struct str raw;              /* instead of the entry's body; absent: that */
    struct str content_encoding; /* of raw */
    int64_t created_s;           /* Unix seconds */
    int64_t attempts;
};

/* The value of OUTBOX_CTE's parameter. */
struct db_value outbox_columns(struct arena *a, const struct outbox_entry *entries, size_t n);
#define OUTBOX_STORE_INSERT_MAX 64
/* At most that many, in order. */
MUST_CHECK enum err CO_FN outbox_store_insert(struct db_session *s,
                                              const struct outbox_entry *entries, size_t n);
/* Rows waiting (counted up to 10,000) and the age of the oldest. */
MUST_CHECK enum err CO_FN outbox_store_backlog(struct db_session *s, int64_t *pending,
                                               double *oldest_s);
/* The schema's relay lock until the end of the transaction; *is_mine is false when another has it.
 */
MUST_CHECK enum err CO_FN outbox_store_lock(struct db_session *s, bool *is_mine);
/* Rows in order of id that may be published now: not those behind a failed row of their key. */
MUST_CHECK enum err CO_FN outbox_store_batch(struct db_session *s, int64_t limit,
                                             struct outbox_row **rows, size_t *count);
MUST_CHECK enum err CO_FN outbox_store_delete(struct db_session *s, const int64_t *ids, size_t n);
/* Notes the failures and puts the rows off: 1, 2, 4, 8, then every 15 s. */
MUST_CHECK enum err CO_FN outbox_store_put_off(struct db_session *s, const int64_t *ids,
                                               const struct str *errors, size_t n);
