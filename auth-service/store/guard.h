#pragma once
/*
 * Limits on guessing. An attempt is reserved before it is made and settled afterwards, so that
 * parallel attempts, on any number of replicas, never exceed what the policy allows. A reservation
 * whose process died is forgotten after a minute.
 */
#include "db.h"
#include "domain/lockout.h"

struct guard {
    const char *kind; /* "account", "address", "factor", "mail": each at most once in a call */
    struct str key;   /* compared without regard to case; at most 254 bytes */
    const struct lockout_policy *policy; /* all of one call with the same window */
};

enum guard_verdict {
    GUARD_GRANTED,
    GUARD_LOCKED, /* until *locked_until */
    GUARD_BUSY,   /* as many attempts as are left are being made: ask again in a moment */
};

/* One statement; nothing stays reserved unless all are granted. n is at most GUARD_MAX, in the same
 * order of kinds everywhere. */
#define GUARD_MAX 2
MUST_CHECK enum err CO_FN guard_reserve(struct db_session *s, const struct guard *g, size_t n,
                                        int64_t now, enum guard_verdict *verdict,
                                        int64_t *locked_until);

enum guard_outcome {
    GUARD_PASSED,   /* forgives all but an address */
    GUARD_FAILED,   /* counts, and locks when it was one too many */
    GUARD_RELEASED, /* the attempt was not made */
};
MUST_CHECK enum err CO_FN guard_settle(struct db_session *s, const struct guard *g, size_t n,
                                       enum guard_outcome outcome, int64_t now);

/* Forgets failures and lock. */
MUST_CHECK enum err CO_FN guard_forgive(struct db_session *s, const char *kind, struct str key);

MUST_CHECK enum err CO_FN guard_store_purge(struct db_session *s, int64_t before);
