#pragma once
/* A long operation and the rules about it. No I/O. */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum job_state {
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_SUCCEEDED, /* every item is done */
    JOB_PARTIAL,   /* some are */
    JOB_FAILED,    /* none is, or the items could not be found */
    JOB_CANCELLED,
    JOB_STATE_COUNT
};
struct str job_state_word(enum job_state s);
/* JOB_STATE_COUNT when unknown. */
enum job_state job_state_parse(struct str word);

enum job_item_state {
    JOB_ITEM_PENDING,
    JOB_ITEM_DONE, /* as was wished, also where nothing had to change */
    JOB_ITEM_FAILED,
    JOB_ITEM_SKIPPED, /* not come to: the job was cancelled, or another item of an atomic one failed
                       */
    JOB_ITEM_STATE_COUNT
};
struct str job_item_state_word(enum job_item_state s);
/* JOB_ITEM_STATE_COUNT when unknown. */
enum job_item_state job_item_state_parse(struct str word);

struct job_counts {
    int64_t total, done, failed, skipped;
};

static inline bool job_is_finished(enum job_state s)
{
    return s != JOB_QUEUED && s != JOB_RUNNING;
}
static inline int64_t job_pending(const struct job_counts *n)
{
    return n->total - n->done - n->failed - n->skipped;
}
/* How a job has ended whose items are all dealt with. */
enum job_state job_outcome(const struct job_counts *n);

#define JOB_PROGRESS_US 1000000 /* progress is told no more often */
