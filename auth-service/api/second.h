#pragma once
/* The second step: codes of any kind, checked and mailed. */
#include "domain/user.h"
#include "req.h"
#include "store/factor.h"

/*
 * Checks a code against everything the person has: the app, the last mailed code, the recovery
 * codes. Guarded; a code is good once. *kind is which it was (static). ERR_INVALID_CODE,
 * ERR_ACCOUNT_LOCKED, ERR_SERVICE_UNAVAILABLE.
 */
MUST_CHECK enum err CO_FN second_check(struct req *r, struct db_session *s, const struct user *u,
                                       const struct factor_state *f, struct str code,
                                       const char **kind);
/* The same while a factor is being set up: only a code of that kind is good. */
MUST_CHECK enum err CO_FN second_check_begun(struct req *r, struct db_session *s,
                                             const struct user *u, const struct factor_state *f,
                                             const char *kind, struct str code);
/* Has a code mailed. ERR_RATE_LIMIT_EXCEEDED with Retry-After when one was a moment ago. */
MUST_CHECK enum err CO_FN second_mail_code(struct req *r, struct db_session *s,
                                           const struct user *u);

static inline bool second_is_wanted(const struct factor_state *f)
{
    return f->has_totp || f->has_email;
}

/* What the sealed secret of an app is sealed for. */
struct str second_seal_context(struct arena *a, int64_t user_id);
