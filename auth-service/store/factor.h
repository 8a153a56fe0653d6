#pragma once
/* Second factors: what is set up, codes and their use, and logins that wait for their second step.
 */
#include "db.h"
#include "domain/user.h"

struct factor_state {
    bool has_totp, has_email; /* confirmed */
    bool totp_begun, email_begun;
    struct str totp_secret; /* sealed; absent without one */
    int64_t totp_last_step;
    int64_t recovery_left;
};
MUST_CHECK enum err CO_FN factor_store_find(struct db_session *s, int64_t user_id,
                                            struct factor_state *out);

/* Begins anew, in place of what was begun before. ERR_CONFLICT when that kind is confirmed. secret
 * is absent but for totp. */
MUST_CHECK enum err CO_FN factor_store_begin(struct db_session *s, int64_t user_id,
                                             const char *kind, struct str secret, int64_t now);
/* Confirms what was begun, and makes logins under way void. *confirmed is false when there was
 * nothing (any more) to confirm. */
MUST_CHECK enum err CO_FN factor_store_confirm(struct db_session *s, int64_t user_id,
                                               const char *kind, int64_t now, bool *confirmed);
MUST_CHECK enum err CO_FN factor_store_remove(struct db_session *s, int64_t user_id,
                                              const char *kind);
/* Notes that the code of a step was used. *fresh is false when it was before. */
MUST_CHECK enum err CO_FN factor_store_use_step(struct db_session *s, int64_t user_id, int64_t step,
                                                bool *fresh);

/* Replaces all recovery codes; none: removes them. */
MUST_CHECK enum err CO_FN recovery_store_set(struct db_session *s, int64_t user_id,
                                             const struct str *hashes, size_t n);
MUST_CHECK enum err CO_FN recovery_store_use(struct db_session *s, int64_t user_id, struct str hash,
                                             int64_t now, bool *used);

/* Notes that a code is to be mailed, in place of the last one. *accepted is false, and nothing
 * done, when that was asked for after quiet_since, at *last_request. */
MUST_CHECK enum err CO_FN email_code_store_request(struct db_session *s, int64_t user_id,
                                                   int64_t now, int64_t expires_at,
                                                   int64_t quiet_since, bool *accepted,
                                                   int64_t *last_request);
/* Sets the code that goes into the mail. *wanted is false when it has one already. */
MUST_CHECK enum err CO_FN email_code_store_set(struct db_session *s, int64_t user_id,
                                               struct str code, int64_t expires_at, bool *wanted);
/* Counts an attempt; *code is absent when there is none that is good, or too many were made. */
MUST_CHECK enum err CO_FN email_code_store_try(struct db_session *s, int64_t user_id, int64_t now,
                                               struct str *code);
MUST_CHECK enum err CO_FN email_code_store_use(struct db_session *s, int64_t user_id,
                                               struct str code, bool *used);

struct login_challenge {
    struct str id; /* UUID */
    int64_t user_id, proof_version, expires_at;
};
MUST_CHECK enum err CO_FN challenge_store_insert(struct db_session *s,
                                                 const struct login_challenge *c);
/* Whose it is. ERR_TOKEN_INVALID when it is used or over, the person is deactivated, or what the
 * first step was proved by has changed. */
MUST_CHECK enum err CO_FN challenge_store_find(struct db_session *s, struct str id, int64_t now,
                                               struct user *out);
/* Uses it up: ERR_TOKEN_INVALID when somebody was faster. */
MUST_CHECK enum err CO_FN challenge_store_use(struct db_session *s, struct str id);
MUST_CHECK enum err CO_FN challenge_store_purge(struct db_session *s, int64_t before);
