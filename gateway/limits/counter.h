#pragma once
/*
 * Counters of fixed windows in memory of a fixed size. When a flood of keys fills it, the counter
 * with the least count of a few goes, so those that matter stay. Shared ones know what was counted
 * here since the last synchronisation and what all gateways had counted by then.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits/hash128.h"

struct counter {
    struct hash128 key;
    int64_t start;     /* of the window, in Unix seconds */
    uint32_t window_s; /* its length; 0: free */
    uint32_t total;    /* what is known of all gateways */
    uint32_t unsent;   /* counted here since */
    uint32_t sending;  /* of that, what is being told */
    uint32_t next;     /* in the queue of those with something to tell */
    bool is_shared, is_queued;
};

#define COUNTER_NONE UINT32_MAX

/* Once, before the first use. secret makes the keys unpredictable; gateways with one secret agree
 * on them. */
void counters_init(struct str secret);
void counters_free(void);
/* The key of a text within a scope; that of a scope has no scope itself (NULL). */
struct hash128 counter_key(const struct hash128 *scope, struct str text);

/* The counter of this window, at zero when it is new. Valid while only keys are asked for whose
 * first word differs in its lowest bits: the windows of one key. */
struct counter *counter_get(struct hash128 key, int64_t start, uint32_t window_s, bool is_shared,
                            int64_t now_s);
static inline int64_t counter_value(const struct counter *c)
{
    return (int64_t)c->total + c->unsent + c->sending;
}
void counter_add(struct counter *c);

/* ---- for the synchronisation ---------------------------------------------------------------- */

/* The next one with something to tell, no longer queued; COUNTER_NONE when there is none. */
uint32_t counter_dequeue(void);
void counter_enqueue(uint32_t index);
struct counter *counter_at(uint32_t index);
bool counters_are_queued(void);
/* Called when the queue is no longer empty. */
void counters_on_queued(void (*fn)(void *arg), void *arg);

struct counter_stats {
    int64_t evicted, lost; /* counters thrown out; counts of theirs nobody was told */
};
extern struct counter_stats counter_stats;
