#pragma once
/*
 * Figures of work, read from rollups by the day: what a question costs depends on the days and keys
 * it asks for, never on the number of tickets. What is not folded yet is added, so that figures are
 * exact at the moment they are read.
 */
#include "db.h"
#include "domain/statistics.h"

/* Takes a batch of what is not folded yet into the rollups, within a transaction; *more tells
 * whether there may be others. One process at a time does it, the others find nothing to do. */
MUST_CHECK enum err CO_FN statistics_store_fold(struct db_session *s, bool *more);

struct statistics_question {
    struct str dimension;   /* workflow, step, role, person or priority */
    struct str workflow_id; /* absent: all of them */
    int64_t from, to;       /* wall µs, whole days UTC */
};
struct statistics_answer {
    struct statistics *rows; /* by workflow, then key */
    size_t count;
    bool is_cut; /* there would be more than STATISTICS_ROWS_MAX */
};
#define STATISTICS_ROWS_MAX 2000
/* What happened in the period and what is open now. ERR_WORKFLOW_NOT_FOUND. */
MUST_CHECK enum err CO_FN statistics_store_read(struct db_session *s,
                                                const struct statistics_question *q,
                                                struct statistics_answer *out);
