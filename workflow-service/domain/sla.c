#include "domain/sla.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"

#define US_PER_MINUTE (60 * US_PER_S)
#define MAX_MINUTES (10 * 366 * 24 * 60LL)
#define DEFAULT_INDEX 1

const struct sla_target SLA_DEFAULTS[] = {
    {{"Low", 3}, 72 * 60, 120 * 60},
    {{"Medium", 6}, 24 * 60, 72 * 60},
    {{"High", 4}, 8 * 60, 24 * 60},
    {{"Urgent", 6}, 2 * 60, 8 * 60},
};
const size_t SLA_DEFAULT_COUNT = sizeof SLA_DEFAULTS / sizeof SLA_DEFAULTS[0];

const struct sla_target *sla_default(struct str priority)
{
    for (size_t i = 0; i < SLA_DEFAULT_COUNT; i++)
        if (str_ieq(SLA_DEFAULTS[i].priority, priority))
            return &SLA_DEFAULTS[i];
    return &SLA_DEFAULTS[DEFAULT_INDEX];
}

int64_t sla_span_us(int64_t minutes)
{
    return (minutes < MAX_MINUTES ? minutes : MAX_MINUTES) * US_PER_MINUTE;
}

int64_t sla_share_us(int64_t minutes, double weight, double total_weight)
{
    double share = total_weight > 0 ? weight / total_weight : 1;
    return (int64_t)((double)sla_span_us(minutes) * share);
}

bool sla_is_breached(int64_t breach_at, int64_t ended_at, int64_t now)
{
    if (breach_at == SLA_NONE)
        return false;
    return (ended_at == SLA_NONE ? now : ended_at) > breach_at;
}

struct str sla_time_remaining(int64_t deadline, int64_t now, char out[SLA_TEXT_SIZE])
{
    if (deadline == SLA_NONE)
        return STR_NULL;
    int64_t minutes = deadline > now ? (deadline - now) / US_PER_MINUTE : 0;
    int n = snprintf(out, SLA_TEXT_SIZE, "%" PRId64 "h %" PRId64 "m", minutes / 60, minutes % 60);
    return str_n(out, (size_t)n);
}
