#pragma once
/* The queue of mails to send. All calls may suspend. */
#include "db.h"

struct delivery {
    int64_t id, notification_id;
    int64_t attempts; /* this one included */
    struct str title, message, ticket_number;
    struct str address, name; /* absent while the person is not known yet */
    int64_t created_at;
};

MUST_CHECK enum err CO_FN delivery_store_add(struct db_session *s, int64_t notification_id,
                                             const char *channel, struct str recipient,
                                             int64_t now);
/*
 * Takes up to limit due mails: counts the attempt and hides them for lease_s seconds, so that a
 * process that dies while sending delays them and loses none.
 */
MUST_CHECK enum err CO_FN delivery_store_claim(struct db_session *s, int64_t now, int64_t lease_s,
                                               int64_t limit, const struct delivery **out,
                                               size_t *count);
MUST_CHECK enum err CO_FN delivery_store_sent(struct db_session *s, int64_t id, int64_t now);
/* retry_at INT64_MIN: given up. */
MUST_CHECK enum err CO_FN delivery_store_failed(struct db_session *s, int64_t id, struct str why,
                                                int64_t retry_at);
