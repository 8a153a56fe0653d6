#pragma once
/*
 * When repeated failures close the door: after threshold failures within the window every further
 * one locks for twice as long as the one before, from a minute to a quarter of an hour.
 */
#include <stdint.h>

#define LOCKOUT_FIRST_S 60
#define LOCKOUT_MAX_S 900
#define LOCKOUT_STEPS 5 /* from the first duration to the longest */

struct lockout_policy {
    int64_t threshold; /* 0: never locks */
    int64_t window_s;  /* failures older than that are forgotten */
};

/* How long a failure locks that is so many beyond the first one to lock. */
int64_t lockout_duration_s(int64_t beyond);
/* Seconds until another attempt is allowed, rounded up; locked_until and now in µs, INT64_MIN for
 * never locked. */
int64_t lockout_remaining_s(int64_t locked_until, int64_t now);
