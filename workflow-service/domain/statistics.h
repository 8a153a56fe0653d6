#pragma once
/* Figures of work over time and of now: what is counted, and what follows from the counts. */
#include <stddef.h>
#include <stdint.h>

#include "domain/sla_clock.h"
#include "histogram.h"
#include "str.h"

/* As the database names them. */
enum statistic {
    STATISTIC_STARTED,
    STATISTIC_RESOLVED, /* of a turn or a stay at a step: done */
    STATISTIC_REJECTED,
    STATISTIC_CANCELLED,
    STATISTIC_REOPENED,
    STATISTIC_REASSIGNED,
    STATISTIC_ESCALATED,
    STATISTIC_POOL, /* was taken out of the pool */
    STATISTIC_COUNT
};
const char *statistic_word(enum statistic s);
/* STATISTIC_COUNT for any other word. */
enum statistic statistic_parse(struct str word);
/* The state of an ended clock in a word like sla_met; SLA_STATE_COUNT for any other word. */
enum sla_state statistic_parse_clock(struct str word);

/* Of one workflow, step, role, person or priority. */
struct statistics {
    struct str workflow_id, workflow, key, label; /* absent where they do not apply */
    int64_t n[STATISTIC_COUNT], seconds[STATISTIC_COUNT];
    int64_t done[HISTOGRAM_BUCKETS]; /* how long what was resolved or rejected took */
    int64_t pool[HISTOGRAM_BUCKETS]; /* how long what was taken had waited */
    int64_t met, missed;
    int64_t open, pooled, held, oldest; /* of now; oldest: wall µs, INT64_MIN without any */
};

/* Counts n more of a metric, in that bucket, of so many seconds together. */
void statistics_add(struct statistics *s, struct str metric, int64_t bucket, int64_t n,
                    int64_t seconds);
/* What was resolved or rejected, and how long it took together. */
int64_t statistics_done(const struct statistics *s);
int64_t statistics_done_seconds(const struct statistics *s);

/* ---- bottlenecks -------------------------------------------------------------------------- */

struct bottleneck {
    const struct statistics *step;
    double share;       /* of the time that the steps of its workflow took together; NaN: none */
    double breach_rate; /* of the clocks of the step that have ended; NaN: none */
};
/* The steps, the one with the most waiting work first; of equals the one whose work is older, then
 * the one that takes the larger share. out has room for count. */
void bottlenecks_rank(const struct statistics *steps, size_t count, struct bottleneck *out);
