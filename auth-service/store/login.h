#pragma once
/* Password hashes, and what a login reads and writes. */
#include "db.h"
#include "domain/user.h"

struct login_record {
    bool is_known;
    struct user user;
    struct str password_hash; /* absent: the person cannot log in by password */
};

/* Everything a login needs to decide, in one read. */
MUST_CHECK enum err CO_FN login_store_find(struct db_session *s, struct str email,
                                           struct login_record *out);

struct session_new {
    struct str id; /* UUID */
    int64_t user_id, proof_version, created_at, expires_at;
    struct str address, user_agent;
};
/* Opens a session and notes the login. ERR_INVALID_CREDENTIALS when the person was deactivated, or
 * what they proved themselves by has changed since proof_version was read. */
MUST_CHECK enum err CO_FN login_store_succeeded(struct db_session *s, const struct session_new *n);

/* Absent when the person has none. */
MUST_CHECK enum err CO_FN credential_store_find(struct db_session *s, int64_t user_id,
                                                struct str *password_hash);
/* Sets or replaces, and makes logins that are under way void. */
MUST_CHECK enum err CO_FN credential_store_set(struct db_session *s, int64_t user_id,
                                               struct str password_hash, int64_t now);
/* Replaces only the very hash that was verified, so that a change of password is never undone. */
MUST_CHECK enum err CO_FN credential_store_upgrade(struct db_session *s, int64_t user_id,
                                                   struct str old_hash, struct str new_hash);
