#pragma once
/* Guarded attempts at a password or code: reserved before, settled after. */
#include "req.h"
#include "store/guard.h"

struct attempt {
    struct guard guards[GUARD_MAX];
    size_t count;
};

/* At the password of whoever has that address. */
struct attempt attempt_at_password(struct req *r, struct str email);

/*
 * Reserves, waiting a moment while all attempts that are left are being made. ERR_ACCOUNT_LOCKED or
 * ERR_SERVICE_UNAVAILABLE, both with Retry-After.
 */
MUST_CHECK enum err CO_FN attempt_begin(struct req *r, struct db_session *s,
                                        const struct attempt *a);
MUST_CHECK enum err CO_FN attempt_end(struct req *r, struct db_session *s, const struct attempt *a,
                                      enum guard_outcome outcome);

/* Checks a password against a hash on the pool and settles the attempt, which has begun:
 * ERR_INVALID_CREDENTIALS when it is wrong, ERR_SERVICE_UNAVAILABLE when too many wait. An absent
 * hash costs the same and never matches. */
MUST_CHECK enum err CO_FN attempt_password(struct req *r, struct db_session *s,
                                           const struct attempt *a, struct str password,
                                           struct str hash);
