#pragma once
/*
 * Durations in buckets that grow with them: four for each doubling, from one second on; the last
 * one has no end. Counts may be negative for a while, where what is taken back arrives before what
 * was added.
 */
#include <stdint.h>

#define HISTOGRAM_BUCKETS 120

/* Of a duration in seconds; what is shorter than a second is in the first one. */
int histogram_bucket(int64_t seconds);
/*
 * The duration in seconds below which the share q of them is, at most 19 % off: the width of a
 * bucket. NaN when there is none.
 */
double histogram_percentile(const int64_t buckets[HISTOGRAM_BUCKETS], double q);
/* NaN when there is nothing to divide by. */
double histogram_ratio(int64_t part, int64_t whole);
