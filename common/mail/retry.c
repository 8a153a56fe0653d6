#include "retry.h"

#include "clock.h"

#define MAX_ATTEMPTS 10
#define FIRST_S 5
#define LONGEST_S 3600

bool retry_is_over(int64_t attempts)
{
    return attempts >= MAX_ATTEMPTS;
}

int64_t retry_at(int64_t attempts, int64_t now, uint64_t random)
{
    int64_t wait_s = FIRST_S;
    for (int64_t i = 1; i < attempts && wait_s < LONGEST_S; i++)
        wait_s *= 2;
    if (wait_s > LONGEST_S)
        wait_s = LONGEST_S;
    int64_t wait = wait_s * US_PER_S;
    return now + wait + (int64_t)(random % (uint64_t)(wait / 4));
}
