#pragma once
/* When a failed delivery is tried again: after 5, 10, 20, … seconds, at most an hour, with jitter.
 */
#include <stdbool.h>
#include <stdint.h>

/* Whether so many attempts were enough. */
bool retry_is_over(int64_t attempts);
/* Wall µs of the next attempt after so many, at now; random: any number. */
int64_t retry_at(int64_t attempts, int64_t now, uint64_t random);
