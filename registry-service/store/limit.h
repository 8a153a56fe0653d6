#pragma once
/* Counters of rate limits, summed over all gateways. Times are whole seconds since 1970. */
#include "db.h"

struct limit_counter {
    struct str key; /* opaque */
    int64_t window_s, window_start;
    int64_t add;   /* asked for */
    int64_t total; /* answered */
};

/* Adds every counter's add and fills in its total, in one statement; counters may repeat, and then
 * each sees the sum. Concurrent calls lock rows in the same order. */
MUST_CHECK enum err CO_FN limit_store_add(struct db_session *s, struct limit_counter *counters,
                                          size_t n);
/* Removes up to limit counters of windows that ended before that time. */
MUST_CHECK enum err CO_FN limit_store_purge(struct db_session *s, int64_t ended_before,
                                            int64_t limit, int64_t *n);
/* Keeps the max largest counters, removing up to limit of the others. */
MUST_CHECK enum err CO_FN limit_store_trim(struct db_session *s, int64_t max, int64_t limit,
                                           int64_t *n);
