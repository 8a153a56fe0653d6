#pragma once
/* Opening a session, shared by login and registration. */
#include "api/token.h"
#include "domain/user.h"

/* Opens a session for a person who has just proved who they are (by: for the audit trail), issues
 * its first tokens and sets the cookies. ERR_INVALID_CREDENTIALS when that proof is void by now. */
MUST_CHECK enum err CO_FN login_open_session(struct req *r, struct db_session *s,
                                             const struct user *u, const char *by,
                                             struct token_pair *out);
/* ERR_FORBIDDEN for a deactivated person, ERR_EMAIL_NOT_VERIFIED where that is asked for. */
MUST_CHECK enum err login_may_enter(struct req *r, const struct user *u);
