#pragma once
/*
 * Every route of the program, a table a topic; .method == NULL ends each. Several paths of one
 * operation stand together: the canonical one first, then the names that the older documents use
 * for it.
 */
#include "route.h"

extern const struct route SESSION_ROUTES[], ACCOUNT_ROUTES[], PASSWORD_ROUTES[], FACTOR_ROUTES[],
    INVITATION_ROUTES[], USER_ROUTES[], ROLE_ROUTES[], AUDIT_ROUTES[], TOKEN_ROUTES[];

/* Nothing here takes a large body; hashing makes large ones expensive. */
#define SMALL_BODY (16 * 1024)
#define ERRORS(...) ((const enum err[]){__VA_ARGS__, ERR_OK})
