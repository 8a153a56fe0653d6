#pragma once
/* A person who is about to be told something: address, language, wishes. All calls may suspend. */
#include "db.h"
#include "domain/matrix.h"

struct recipient {
    int64_t user_id;
    struct str name, email, phone, language; /* absent: not known */
    bool is_inactive;
    struct wishes wishes;
    struct str digest;   /* immediate, hourly or daily */
    int64_t quiet_until; /* the end of quiet hours, or now */
    int64_t daily_at;    /* when the next one is due, INT64_MIN unless they are daily */
};

/*
 * Nobody else tells this person anything until the transaction ends. Who tells several people does
 * so in order of their ids.
 */
MUST_CHECK enum err CO_FN recipient_store_lock(struct db_session *s, int64_t user_id, int64_t now,
                                               struct recipient *out);
/* The same for an address that belongs to nobody known. */
MUST_CHECK enum err CO_FN recipient_store_lock_address(struct db_session *s, struct str key);
/* The wishes alone, without a lock. */
MUST_CHECK enum err CO_FN recipient_store_wishes(struct db_session *s, int64_t user_id,
                                                 struct wishes *out);
