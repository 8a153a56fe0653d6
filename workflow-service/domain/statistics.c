#include "domain/statistics.h"

#include <math.h>
#include <stdlib.h>

static const char *const WORDS[STATISTIC_COUNT] = {
    [STATISTIC_STARTED] = "started",     [STATISTIC_RESOLVED] = "resolved",
    [STATISTIC_REJECTED] = "rejected",   [STATISTIC_CANCELLED] = "cancelled",
    [STATISTIC_REOPENED] = "reopened",   [STATISTIC_REASSIGNED] = "reassigned",
    [STATISTIC_ESCALATED] = "escalated", [STATISTIC_POOL] = "pool",
};

const char *statistic_word(enum statistic s)
{
    return WORDS[s];
}

enum statistic statistic_parse(struct str word)
{
    int s = 0;
    while (s < STATISTIC_COUNT && !str_eq(word, str_from(WORDS[s])))
        s++;
    return (enum statistic)s;
}

#define CLOCK_PREFIX "sla_"

enum sla_state statistic_parse_clock(struct str word)
{
    size_t n = sizeof CLOCK_PREFIX - 1;
    if (word.len < n || memcmp(word.p, CLOCK_PREFIX, n) != 0)
        return SLA_STATE_COUNT;
    return sla_state_parse(str_n(word.p + n, word.len - n));
}

void statistics_add(struct statistics *s, struct str metric, int64_t bucket, int64_t n,
                    int64_t seconds)
{
    enum statistic which = statistic_parse(metric);
    bool is_bucket = bucket >= 0 && bucket < HISTOGRAM_BUCKETS;
    if (which == STATISTIC_COUNT) {
        enum sla_state state = statistic_parse_clock(metric);
        s->met += sla_state_is_met(state) ? n : 0;
        s->missed += sla_state_is_missed(state) ? n : 0;
        return;
    }
    s->n[which] += n;
    s->seconds[which] += seconds;
    if (is_bucket && (which == STATISTIC_RESOLVED || which == STATISTIC_REJECTED))
        s->done[bucket] += n;
    if (is_bucket && which == STATISTIC_POOL)
        s->pool[bucket] += n;
}

int64_t statistics_done(const struct statistics *s)
{
    return s->n[STATISTIC_RESOLVED] + s->n[STATISTIC_REJECTED];
}

int64_t statistics_done_seconds(const struct statistics *s)
{
    return s->seconds[STATISTIC_RESOLVED] + s->seconds[STATISTIC_REJECTED];
}

/* ---- bottlenecks -------------------------------------------------------------------------- */

/* A step's time is that of its stays, cancelled ones too: they kept it busy. */
static int64_t time_at(const struct statistics *s)
{
    return statistics_done_seconds(s) + s->seconds[STATISTIC_CANCELLED];
}

static int by_waiting_work(const void *x, const void *y)
{
    const struct bottleneck *a = x, *b = y;
    if (a->step->open != b->step->open)
        return a->step->open > b->step->open ? -1 : 1;
    if (a->step->oldest != b->step->oldest && a->step->open > 0)
        return a->step->oldest < b->step->oldest ? -1 : 1;
    double left = isnan(a->share) ? 0 : a->share, right = isnan(b->share) ? 0 : b->share;
    if (left != right)
        return left > right ? -1 : 1;
    return a->step < b->step ? -1 : a->step > b->step;
}

void bottlenecks_rank(const struct statistics *steps, size_t count, struct bottleneck *out)
{
    for (size_t i = 0; i < count; i++) {
        int64_t together = 0;
        for (size_t k = 0; k < count; k++)
            if (str_eq(steps[k].workflow_id, steps[i].workflow_id))
                together += time_at(&steps[k]);
        out[i] = (struct bottleneck){
            .step = &steps[i],
            .share = histogram_ratio(time_at(&steps[i]), together),
            .breach_rate = histogram_ratio(steps[i].missed, steps[i].met + steps[i].missed),
        };
    }
    if (count)
        qsort(out, count, sizeof *out, by_waiting_work);
}
