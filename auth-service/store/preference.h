#pragma once
/* The preferences of people: one JSON object each. */
#include "db.h"

struct preference {
    struct str document; /* "{}" without a row */
    int64_t version;     /* 0 without a row */
    int64_t updated_at;  /* µs; INT64_MIN without a row */
};

/* ERR_USER_NOT_FOUND when there is no such person. */
MUST_CHECK enum err CO_FN preference_store_get(struct db_session *s, int64_t user_id,
                                               struct preference *out);
/* Replaces, or merges key by key, where null removes one (RFC 7396 at the top level). if_version:
 * INT64_MIN or the version the caller has seen. ERR_PRECONDITION_FAILED when there is another. */
MUST_CHECK enum err CO_FN preference_store_put(struct db_session *s, int64_t user_id,
                                               struct str document, bool merge, int64_t if_version,
                                               int64_t now, struct preference *out);
