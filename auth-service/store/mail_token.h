#pragma once
/* What a mail lets its reader do, once. The token itself is only in the mail. */
#include "db.h"

struct mail_token {
    struct str hash; /* SHA-256 of the token, binary */
    const char *purpose;
    int64_t user_id;
    struct str email; /* the address it goes to */
    int64_t created_at, expires_at;
};
MUST_CHECK enum err CO_FN mail_token_store_insert(struct db_session *s, const struct mail_token *t);
/* Whether the person was given one for this purpose since then. */
MUST_CHECK enum err CO_FN mail_token_store_is_recent(struct db_session *s, int64_t user_id,
                                                     const char *purpose, int64_t since,
                                                     bool *recent);

/* ERR_LINK_INVALID, ERR_LINK_EXPIRED or ERR_LINK_USED when it is no good; the latter for one of an
 * address that the person has given up, too. */
MUST_CHECK enum err CO_FN mail_token_store_check(struct db_session *s, struct str hash,
                                                 const char *purpose, int64_t now,
                                                 struct mail_token *out);
/* Uses it: of several attempts one succeeds. Inside a transaction that does what it is for. */
MUST_CHECK enum err CO_FN mail_token_store_use(struct db_session *s, struct str hash,
                                               const char *purpose, int64_t now,
                                               struct mail_token *out);
/* Makes the unused ones of that purpose useless. */
MUST_CHECK enum err CO_FN mail_token_store_void(struct db_session *s, int64_t user_id,
                                                const char *purpose, int64_t now);
/* Removes what expired before that time. */
MUST_CHECK enum err CO_FN mail_token_store_purge(struct db_session *s, int64_t before);
