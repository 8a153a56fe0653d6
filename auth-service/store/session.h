#pragma once
/* Sessions: families of refresh tokens. login_store_succeeded opens them. */
#include "db.h"
#include "domain/user.h"

/*
 * Consumes the generation and moves the family to the next one, which is good until expires_at.
 * ERR_TOKEN_INVALID when it is not the current one, or the session or the person is no longer
 * good. *user is the person as of now.
 */
MUST_CHECK enum err CO_FN session_store_rotate(struct db_session *s, struct str id,
                                               int64_t generation, int64_t now, int64_t expires_at,
                                               struct user *user);
/* Revokes the family if a later generation exists, which means that this one was used twice.
 * *user_id is set when it did. */
MUST_CHECK enum err CO_FN session_store_revoke_reused(struct db_session *s, struct str id,
                                                      int64_t generation, int64_t now,
                                                      bool *revoked, int64_t *user_id);
/* Whether the session of an active person is open. */
MUST_CHECK enum err CO_FN session_store_is_open(struct db_session *s, struct str id, int64_t now,
                                                int64_t *generation, bool *open);
/* *user_id is set when it was open. */
MUST_CHECK enum err CO_FN session_store_revoke(struct db_session *s, struct str id,
                                               const char *reason, int64_t now, bool *revoked,
                                               int64_t *user_id);
MUST_CHECK enum err CO_FN session_store_revoke_user(struct db_session *s, int64_t user_id,
                                                    const char *reason, int64_t now);
/* A session of that person only. *revoked is false when they have no such open session. */
MUST_CHECK enum err CO_FN session_store_revoke_one(struct db_session *s, struct str id,
                                                   int64_t user_id, const char *reason, int64_t now,
                                                   bool *revoked);
/* All of the person but kept, absent: all. */
MUST_CHECK enum err CO_FN session_store_revoke_others(struct db_session *s, int64_t user_id,
                                                      struct str kept, const char *reason,
                                                      int64_t now, int64_t *count);

struct session_row {
    struct str id;
    int64_t created_at, last_used_at, expires_at;
    struct str address, user_agent;
};
/* The open ones, latest used first. */
MUST_CHECK enum err CO_FN session_store_list(struct db_session *s, int64_t user_id, int64_t now,
                                             struct session_row **out, size_t *n);
/* Removes what ended before that time. */
MUST_CHECK enum err CO_FN session_store_purge(struct db_session *s, int64_t before);
