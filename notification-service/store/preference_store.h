#pragma once
/* What a person wants beyond the screen. All calls may suspend. */
#include "db.h"
#include "json.h"

struct preference {
    int8_t email_enabled, sms_enabled, push_enabled; /* enum json_tristate */
    int64_t updated_at;                              /* INT64_MIN: never */
};

/* Everything on when the person has said nothing. */
MUST_CHECK enum err CO_FN preference_store_get(struct db_session *s, int64_t user_id,
                                               struct preference *out);
/* Fields that are JSON_UNSET stay as they are. */
MUST_CHECK enum err CO_FN preference_store_put(struct db_session *s, int64_t user_id,
                                               const struct preference *p, int64_t now,
                                               struct preference *out);
