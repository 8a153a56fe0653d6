#pragma once
/* Opening a session, shared by login and registration. */
#include "api/token.h"
#include "domain/user.h"

/* Opens a session for a person who has just proved who they are, issues its first tokens and sets
 * the cookies. */
MUST_CHECK enum err CO_FN login_open_session(struct req *r, struct db_session *s,
                                             const struct user *u, struct token_pair *out);
