#pragma once
/* What people want to be told, where and when. All calls may suspend. */
#include "db.h"
#include "domain/matrix.h"
#include "json.h"

#define EVERYBODY 0 /* whose wishes hold for who has none */

struct preference {
    int8_t email_enabled, sms_enabled, push_enabled; /* enum json_tristate */
    struct str language, time_zone, phone;           /* absent: not said */
    struct str digest;                               /* immediate, hourly, daily */
    int64_t quiet_from, quiet_to; /* minutes of the local day; equal: none; INT64_MIN: not said */
    int64_t digest_at;            /* likewise, of daily digests */
    struct matrix matrix, locked; /* locked: of EVERYBODY only */
    int64_t version;              /* 0: nothing said yet */
    int64_t updated_at;           /* INT64_MIN: never */
};

MUST_CHECK enum err CO_FN preference_store_get(struct db_session *s, int64_t user_id,
                                               struct preference *out);
/* The same, and nobody else changes it until the transaction ends. */
MUST_CHECK enum err CO_FN preference_store_lock(struct db_session *s, int64_t user_id,
                                                struct preference *out);
/* Replaces all of it, and sets its version. */
MUST_CHECK enum err CO_FN preference_store_put(struct db_session *s, int64_t user_id,
                                               struct preference *p, int64_t now);
/* Takes e-mail off, of a group or (GROUP_COUNT) altogether. */
MUST_CHECK enum err CO_FN preference_store_unsubscribe(struct db_session *s, int64_t user_id,
                                                       enum event_group group, int64_t now);
/* Looks long: for what somebody has typed. */
MUST_CHECK enum err CO_FN preference_store_has_zone(struct db_session *s, struct str name,
                                                    bool *out);
