#pragma once
/* A turn of the worker: what is done about one job before the next one has its turn. */
#include "jobs/kind.h"

struct job_turn {
    struct job_run run;
    const struct job_kind *kind;
    int64_t retention_s;
    bool is_progress; /* whether this turn has brought the job further */
};

/* Plans a batch, or deals with a chunk of items, and ends the job when nothing is left. */
MUST_CHECK enum err CO_FN job_turn_run(struct job_turn *t);
/* Inside a transaction, with the job locked: gives the job its end (state and error are set). */
MUST_CHECK enum err CO_FN job_turn_end(struct db_session *s, struct job *j, int64_t now,
                                       int64_t retention_s);
