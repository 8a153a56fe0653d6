#include "domain/job.h"

static const char *const STATES[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = "queued",   [JOB_RUNNING] = "running", [JOB_SUCCEEDED] = "succeeded",
    [JOB_PARTIAL] = "partial", [JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
};
static const char *const ITEM_STATES[JOB_ITEM_STATE_COUNT] = {
    [JOB_ITEM_PENDING] = "pending",
    [JOB_ITEM_DONE] = "done",
    [JOB_ITEM_FAILED] = "failed",
    [JOB_ITEM_SKIPPED] = "skipped",
};

struct str job_state_word(enum job_state s)
{
    return str_from(STATES[s]);
}

enum job_state job_state_parse(struct str word)
{
    int s = 0;

    while (s < JOB_STATE_COUNT && !str_eq(word, str_from(STATES[s])))
        s++;
    return (enum job_state)s;
}

struct str job_item_state_word(enum job_item_state s)
{
    return str_from(ITEM_STATES[s]);
}

enum job_item_state job_item_state_parse(struct str word)
{
    int s = 0;

    while (s < JOB_ITEM_STATE_COUNT && !str_eq(word, str_from(ITEM_STATES[s])))
        s++;
    return (enum job_item_state)s;
}

enum job_state job_outcome(const struct job_counts *n)
{
    if (n->done == n->total)
        return JOB_SUCCEEDED;
    return n->done > 0 ? JOB_PARTIAL : JOB_FAILED;
}
