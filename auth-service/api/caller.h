#pragma once
/* The person behind a request, for what concerns their account. */
#include "domain/user.h"
#include "req.h"

struct caller {
    struct user user;
    struct str session; /* UUID; absent when the token belongs to none of ours */
};

/*
 * The person as of now. A token can outlive its session and its person's account; here it opens
 * nothing then: ERR_TOKEN_INVALID. ERR_USER_NOT_FOUND. For routes with ROUTE_LOGIN.
 */
MUST_CHECK enum err CO_FN caller_load(struct req *r, struct db_session *s, struct caller *out);

/* Checks the caller's password, guarded: ERR_INVALID_CREDENTIALS, ERR_ACCOUNT_LOCKED,
 * ERR_SERVICE_UNAVAILABLE. */
MUST_CHECK enum err CO_FN caller_prove(struct req *r, struct db_session *s, const struct caller *c,
                                       struct str password);
