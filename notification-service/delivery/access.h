#pragma once
/*
 * Access to the push provider: a token of the settings, or one that it gives for a signed assertion
 * (RFC 7523) of a service account, kept until shortly before it ends.
 */
#include "service.h"

struct access {  /* zeroed at first */
    char *token; /* owned; NULL: none */
    int64_t expires_at;
};

/* Whether the credentials are a service account's whose key can sign; prints what is wrong. */
bool access_check(struct service *s);
/* *why is static or in the arena. */
MUST_CHECK enum err CO_FN access_token(struct service *s, struct arena *a, struct str *token,
                                       const char **why);
/* The provider refuses the token: the next one is fetched anew. */
void access_forget(struct service *s);
/* The account's project, or that of the settings. */
struct str access_project(struct service *s, struct arena *a);
