#pragma once
/* Answers kept for requests with an Idempotency-Key. */
#include "db.h"

struct idempotency_key {
    struct str principal, route, key; /* who, "POST /api/v1/tickets", the header */
    struct str request_hash;          /* of what else identifies the request */
};
struct stored_answer {
    int64_t status;
    struct str location, etag, body; /* location and etag: absent when there was none */
};

/*
 * *found tells whether the key was used before. ERR_VALIDATION_ERROR when it was, for another
 * request.
 */
MUST_CHECK enum err CO_FN idempotency_store_find(struct db_session *s,
                                                 const struct idempotency_key *k, bool *found,
                                                 struct stored_answer *out);
/* In the transaction of the work. ERR_CONFLICT when another request with the key was faster. */
MUST_CHECK enum err CO_FN idempotency_store_put(struct db_session *s,
                                                const struct idempotency_key *k,
                                                const struct stored_answer *a, int64_t now);
/* Forgets what is older. */
MUST_CHECK enum err CO_FN idempotency_store_purge(struct db_session *s, int64_t before);
