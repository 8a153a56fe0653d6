#pragma once
/*
 * When repeated failures close the door: after threshold failures within the window every further
 * one locks for twice as long as the one before, from a minute to a quarter of an hour. The state
 * is only the number of failures and the time of the last one.
 */
#include <stdint.h>

#define LOCKOUT_FIRST_S 60
#define LOCKOUT_MAX_S 900

struct lockout_policy {
    int64_t threshold; /* 0: never locks */
    int64_t window_s;  /* failures older than that are forgotten */
};

struct lockout_state {
    int64_t failures;
    int64_t last_failure; /* µs; INT64_MIN without a failure */
};

/* Seconds until another attempt is allowed, rounded up; 0 when it is allowed now (µs). */
int64_t lockout_remaining_s(const struct lockout_policy *p, const struct lockout_state *s,
                            int64_t now);
