#include "domain/lockout.h"

#include "clock.h"

static int64_t duration_s(const struct lockout_policy *p, int64_t failures)
{
    int64_t seconds = LOCKOUT_FIRST_S;

    for (int64_t i = p->threshold; i < failures && seconds < LOCKOUT_MAX_S; i++)
        seconds *= 2;
    return seconds < LOCKOUT_MAX_S ? seconds : LOCKOUT_MAX_S;
}

int64_t lockout_remaining_s(const struct lockout_policy *p, const struct lockout_state *s,
                            int64_t now)
{
    int64_t end;

    if (p->threshold == 0 || s->failures < p->threshold || s->last_failure == INT64_MIN)
        return 0;
    end = s->last_failure + duration_s(p, s->failures) * US_PER_S;
    return end > now ? (end - now + US_PER_S - 1) / US_PER_S : 0;
}
