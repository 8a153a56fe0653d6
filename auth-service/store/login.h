#pragma once
/* Password hashes and the record of failed logins. */
#include "db.h"
#include "domain/lockout.h"
#include "domain/user.h"

struct login_record {
    bool is_known; /* else only the guards are set */
    struct user user;
    struct str password_hash; /* absent: the person cannot log in by password */
    struct lockout_state account, address;
};

/* Everything a login needs to decide, in one read. Failures older than the window (µs) are not
 * reported. */
MUST_CHECK enum err CO_FN login_store_find(struct db_session *s, struct str email,
                                           struct str address, int64_t failures_since,
                                           struct login_record *out);
/* Counts a failure for the account (known or not) and the address. */
MUST_CHECK enum err CO_FN login_store_failed(struct db_session *s, struct str email,
                                             struct str address, int64_t failures_since,
                                             int64_t now);

struct session_new {
    struct str id; /* UUID */
    int64_t user_id, created_at, expires_at;
    struct str address, user_agent;
};
/* Opens a session, notes the login and forgets the account's failures. */
MUST_CHECK enum err CO_FN login_store_succeeded(struct db_session *s, const struct session_new *n,
                                                struct str email);

/* Sets or replaces. */
MUST_CHECK enum err CO_FN credential_store_set(struct db_session *s, int64_t user_id,
                                               struct str password_hash, int64_t now);
/* Replaces only the very hash that was verified, so that a change of password is never undone. */
MUST_CHECK enum err CO_FN credential_store_upgrade(struct db_session *s, int64_t user_id,
                                                   struct str old_hash, struct str new_hash);
/* Removes the record of failures before that time. */
MUST_CHECK enum err CO_FN login_store_purge(struct db_session *s, int64_t before);
