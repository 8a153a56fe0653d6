#pragma once
/* Personal API tokens, by the hash of their text (api_token.h). */
#include "db.h"
#include "domain/user.h"

struct api_token {
    int64_t id, user_id;
    struct str name;
    struct str hint;          /* the beginning of the text, for its owner to know it by */
    const struct str *scopes; /* names of permissions */
    size_t scope_count;
    int64_t version;
    int64_t created_at, expires_at; /* µs */
    int64_t last_used_at;           /* INT64_MIN: never */
    struct str last_used_address;
    int64_t revoked_at; /* INT64_MIN: not */
    struct str revoked_reason;
};

/* Sets id and version. ERR_CONFLICT when the person has as many good ones as may be; call it inside
 * a transaction that holds the person's lock. */
MUST_CHECK enum err CO_FN api_token_store_insert(struct db_session *s, struct api_token *t,
                                                 struct str hash, int64_t max_per_person);
/* ERR_NOT_FOUND; for update inside a transaction when lock is set. */
MUST_CHECK enum err CO_FN api_token_store_by_id(struct db_session *s, int64_t id, bool lock,
                                                struct api_token *out);
/* Those of a person with a smaller id than before (INT64_MIN: all), newest first. */
MUST_CHECK enum err CO_FN api_token_store_list(struct db_session *s, int64_t user_id,
                                               int64_t before, int64_t limit,
                                               struct api_token **out, size_t *n);
/* Another text and end for a token that is not revoked; the next version, never used. */
MUST_CHECK enum err CO_FN api_token_store_rotate(struct db_session *s, int64_t id, struct str hash,
                                                 struct str hint, int64_t expires_at);
MUST_CHECK enum err CO_FN api_token_store_revoke(struct db_session *s, int64_t id,
                                                 const char *reason, int64_t now);
MUST_CHECK enum err CO_FN api_token_store_revoke_user(struct db_session *s, int64_t user_id,
                                                      const char *reason, int64_t now);

/* The token with this hash and its owner; ERR_TOKEN_INVALID unless it is good now and its owner is
 * active. Its use is noted, at most once a minute. */
MUST_CHECK enum err CO_FN api_token_store_use(struct db_session *s, struct str hash,
                                              struct str address, int64_t now,
                                              struct api_token *token, struct user *owner);
/* Removes what ended before that time. */
MUST_CHECK enum err CO_FN api_token_store_purge(struct db_session *s, int64_t before);
