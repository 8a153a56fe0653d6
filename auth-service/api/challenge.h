#pragma once
/* Logins that want a second step. */
#include "domain/user.h"
#include "req.h"
#include "store/factor.h"

/* Answers with the intermediate token instead of a session; mails a code to who has no app. */
MUST_CHECK enum err CO_FN challenge_reply(struct req *r, struct db_session *s, const struct user *u,
                                          const struct factor_state *f);
