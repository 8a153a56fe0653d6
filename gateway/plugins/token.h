#pragma once
/*
 * Personal API tokens ("tts_…"): auth-service tells which person's short-lived JWT stands for one.
 * Its answer is kept for at most a minute, so a revoked token works no longer than that. Requests
 * with one token share one call.
 */
#include <stdbool.h>

#include "str.h"

struct exchange;

enum token_verdict {
    TOKEN_ACTIVE,
    TOKEN_INACTIVE,
    TOKEN_UNKNOWN, /* auth-service does not answer */
    TOKEN_PENDING, /* EXCHANGE_RESUMED follows; then ask again */
};

/* On TOKEN_ACTIVE *jwt is the token to use instead, in the exchange's arena. */
enum token_verdict token_look_up(struct exchange *x, struct str token, struct str *jwt);
/* The exchange no longer waits. Safe at any time. */
void token_lookup_leave(struct exchange *x);
/* A call to auth-service is in progress; its end must be awaited before token_lookups_free. */
bool token_lookups_are_running(void);
void token_lookups_free(void);
