#pragma once
/* Endpoints of webhooks. */
#include "db.h"

/* Absent times are INT64_MIN. */
struct webhook {
    int64_t id, version, created_by, created_at, updated_at;
    struct str url, description;
    const struct str *event_types, *header_names;
    size_t event_type_count, header_count;
    bool is_enabled;
    struct str disabled_reason; /* manual, gone, failing; absent while enabled */
    int64_t disabled_at, failures, failing_since, paused_until, last_success_at, last_failure_at;
    int64_t previous_secret_until;
    struct str headers, secret, previous_secret; /* sealed */
};

/* The id of the next one: what is sealed for it names it. */
MUST_CHECK enum err CO_FN webhook_store_next_id(struct db_session *s, int64_t *out);
MUST_CHECK enum err CO_FN webhook_store_add(struct db_session *s, const struct webhook *w);
/* ERR_NOT_FOUND */
MUST_CHECK enum err CO_FN webhook_store_get(struct db_session *s, int64_t id, struct webhook *out);
/* Inside a transaction: the row stays locked until its end. ERR_NOT_FOUND */
MUST_CHECK enum err CO_FN webhook_store_lock(struct db_session *s, int64_t id, struct webhook *out);
/* What a person may change, and all that follows from it; counts the version up, in *w too. */
MUST_CHECK enum err CO_FN webhook_store_update(struct db_session *s, struct webhook *w);
MUST_CHECK enum err CO_FN webhook_store_delete(struct db_session *s, int64_t id);

/* By id, descending, below before; *total is how many there are, up to 10,001. */
struct webhook_list {
    const struct webhook *items;
    size_t count;
    int64_t total;
};
MUST_CHECK enum err CO_FN webhook_store_list(struct db_session *s, int64_t before, int64_t skip,
                                             int64_t limit, struct webhook_list *out);

/* ---- health ------------------------------------------------------------------------------- */

/* An attempt has succeeded: forgets the failures. */
MUST_CHECK enum err CO_FN webhook_store_succeeded(struct db_session *s, int64_t id, int64_t now);
/* An attempt has failed: counts it, in *w too, which is the locked row. */
MUST_CHECK enum err CO_FN webhook_store_failed(struct db_session *s, struct webhook *w,
                                               int64_t now);
