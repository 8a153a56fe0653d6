#pragma once
/* What is to be sent beyond the screen, and what became of it. All calls may suspend. */
#include "db.h"

struct delivery {
    int64_t id;
    int64_t attempts; /* this one included */
    struct str channel;
    struct str title, message, ticket_number;
    struct str address; /* absent while the person is not known yet, and for sms and push */
    struct str name;    /* absent: not known */
    int64_t created_at;
};

struct new_delivery {
    int64_t notification_id;
    struct str channel;
    struct str recipient; /* absent: the person's address when it is sent */
    bool is_optional;     /* left out when the person's preferences say so */
    int64_t now;
};
MUST_CHECK enum err CO_FN delivery_store_add(struct db_session *s, const struct new_delivery *d);
/*
 * Takes up to limit due ones: counts the attempt and hides them for lease_s seconds, so that a
 * process that dies while sending delays them and loses none.
 */
MUST_CHECK enum err CO_FN delivery_store_claim(struct db_session *s, int64_t now, int64_t lease_s,
                                               int64_t limit, const struct delivery **out,
                                               size_t *count);
MUST_CHECK enum err CO_FN delivery_store_sent(struct db_session *s, int64_t id, int64_t now);
/* retry_at INT64_MIN: given up. */
MUST_CHECK enum err CO_FN delivery_store_failed(struct db_session *s, int64_t id, struct str why,
                                                int64_t retry_at);

struct delivery_count {
    struct str status;
    int64_t count;
};
/* Notifications of all channels by the state of their delivery, in order of the state's name. */
MUST_CHECK enum err CO_FN delivery_store_counts(struct db_session *s,
                                                const struct delivery_count **out, size_t *count);
