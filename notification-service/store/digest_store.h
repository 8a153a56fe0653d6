#pragma once
/* What is collected for a person and told in one mail. All calls may suspend. */
#include "db.h"

/* Sees to it that the person's digest is made at that time at the latest. */
MUST_CHECK enum err CO_FN digest_store_schedule(struct db_session *s, int64_t user_id,
                                                int64_t due_at);
/* Whose digest has been due longest; 0 when none is. */
MUST_CHECK enum err CO_FN digest_store_next(struct db_session *s, int64_t now, int64_t *user_id);
/* Takes it off the schedule, false when somebody else has. In the transaction that makes the mail,
 * with the person's lock (recipient_store.h): what is collected afterwards is scheduled anew. */
MUST_CHECK enum err CO_FN digest_store_take(struct db_session *s, int64_t user_id, int64_t now,
                                            bool *taken);
/* Makes what was collected for the person the contents of a delivery, and tells how many it is. */
MUST_CHECK enum err CO_FN digest_store_fill(struct db_session *s, int64_t user_id,
                                            int64_t delivery_id, int64_t *count);
/* Makes what one delivery lists the contents of another. */
MUST_CHECK enum err CO_FN digest_store_move(struct db_session *s, int64_t from_id, int64_t to_id);
/* Drops what was collected for a person who gets no mail any more. */
MUST_CHECK enum err CO_FN digest_store_suppress(struct db_session *s, int64_t user_id,
                                                struct str why);

struct digest_item {
    struct str title, message, ticket_number;
    int64_t created_at;
};
struct digest_items {
    const struct digest_item *items;
    size_t count;
    int64_t total; /* with those over the limit */
};
MUST_CHECK enum err CO_FN digest_store_items(struct db_session *s, int64_t delivery_id,
                                             int64_t limit, struct digest_items *out);
