#pragma once
/* Figures over time: what is counted, and what follows from the counts. No I/O. */
#include <stdint.h>

#include "histogram.h"
#include "str.h"

/* As the database names them. */
enum insight_metric {
    INSIGHT_CREATED,
    INSIGHT_RESOLVED,
    INSIGHT_CLOSED,
    INSIGHT_REOPENED,
    INSIGHT_RESPONSE,
    INSIGHT_RESOLUTION,
    INSIGHT_MET,
    INSIGHT_MISSED,
    INSIGHT_CSAT,
    INSIGHT_METRIC_COUNT
};
const char *insight_metric_word(enum insight_metric m);
/* INSIGHT_METRIC_COUNT for any other word. */
enum insight_metric insight_metric_parse(struct str word);

#define INSIGHT_RATINGS 5
/* Open, In Progress, On Hold; younger than 1, 3, 7, 30 days, and older. */
#define INSIGHT_OPEN_STATES 3
#define INSIGHT_AGES 5

/* Of one period, or one key of a dimension, or both. */
struct insight_figures {
    int64_t start;         /* wall µs; INT64_MIN: of no interval */
    struct str key, label; /* empty: none; the name of an owner */
    int64_t n[INSIGHT_METRIC_COUNT];
    int64_t seconds[INSIGHT_METRIC_COUNT]; /* the sum of durations */
    int64_t response[HISTOGRAM_BUCKETS], resolution[HISTOGRAM_BUCKETS];
    int64_t rating[INSIGHT_RATINGS + 1]; /* by rating, 1 to 5 */
    int64_t state[INSIGHT_OPEN_STATES], age[INSIGHT_AGES];
};

/* Which of INSIGHT_AGES, by seconds. */
int insight_age(int64_t seconds);
