#pragma once
/* Deliveries as administrators see them. All calls may suspend. */
#include "db.h"

struct delivery_row {
    int64_t id, notification_id, user_id; /* INT64_MIN: nobody known */
    struct str channel, type, title, recipient, status, last_error;
    int64_t attempts, digest_id, device_id; /* ids: INT64_MIN for none */
    int64_t not_before, next_attempt_at, sent_at, created_at;
};

struct delivery_filter {
    struct str status, channel; /* absent: any */
    int64_t user_id;            /* JSON_NO_INT: anybody's */
    int64_t before;             /* only ids below it; INT64_MAX: the newest */
    int64_t skip, limit;
};
/* Newest first. */
MUST_CHECK enum err CO_FN delivery_list_store_page(struct db_session *s,
                                                   const struct delivery_filter *f,
                                                   const struct delivery_row **out, size_t *count);
/* How many there are, counted up to most. */
MUST_CHECK enum err CO_FN delivery_list_store_count(struct db_session *s,
                                                    const struct delivery_filter *f, int64_t most,
                                                    int64_t *out);
/* ERR_NOT_FOUND. The locking one needs a transaction. */
MUST_CHECK enum err CO_FN delivery_list_store_find(struct db_session *s, int64_t id,
                                                   struct delivery_row *out);
MUST_CHECK enum err CO_FN delivery_list_store_lock(struct db_session *s, int64_t id,
                                                   struct delivery_row *out);

struct attempt_row {
    int64_t number, ended_at;
    struct str error; /* absent: it went out */
};
MUST_CHECK enum err CO_FN delivery_list_store_attempts(struct db_session *s, int64_t id,
                                                       const struct attempt_row **out,
                                                       size_t *count);
/* A new delivery of the same, due at once. Returns its id. */
MUST_CHECK enum err CO_FN delivery_list_store_repeat(struct db_session *s, int64_t id, int64_t now,
                                                     int64_t *out);
