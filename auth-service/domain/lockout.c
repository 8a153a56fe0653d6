#include "domain/lockout.h"

#include "clock.h"

int64_t lockout_duration_s(int64_t beyond)
{
    int64_t seconds = LOCKOUT_FIRST_S;

    while (beyond-- > 0 && seconds < LOCKOUT_MAX_S)
        seconds *= 2;
    return seconds < LOCKOUT_MAX_S ? seconds : LOCKOUT_MAX_S;
}

int64_t lockout_remaining_s(int64_t locked_until, int64_t now)
{
    return locked_until > now ? (locked_until - now + US_PER_S - 1) / US_PER_S : 0;
}
