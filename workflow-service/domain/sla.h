#pragma once
/* Targets of tasks and of their steps, and the words for what is left. Times are wall-clock
 * microseconds, SLA_NONE for none. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define SLA_NONE INT64_MIN

struct sla_target {
    struct str priority;
    int64_t target_minutes, breach_minutes; /* of business time, from the ticket's creation */
};

/* What holds where a workflow names no target of its own; "High" is 8 h and 24 h. */
extern const struct sla_target SLA_DEFAULTS[];
extern const size_t SLA_DEFAULT_COUNT;
/* The default of a priority, of Medium when the word is unknown. */
const struct sla_target *sla_default(struct str priority);

/* Business time until a deadline of that many minutes, and a step's share of it by its weight. What
 * is beyond ten years counts as ten. */
int64_t sla_span_us(int64_t minutes);
int64_t sla_share_us(int64_t minutes, double weight, double total_weight);

/* ended_at: when the work ended, SLA_NONE while it runs. */
bool sla_is_breached(int64_t breach_at, int64_t ended_at, int64_t now);

/* "4h 15m", whole minutes, "0h 0m" when the deadline has passed; empty without a deadline. */
#define SLA_TEXT_SIZE 32
struct str sla_time_remaining(int64_t deadline, int64_t now, char out[SLA_TEXT_SIZE]);
