#pragma once
/* Jobs: what was asked for and how far it is. Their items are in job_item_store. */
#include "actor.h"
#include "db.h"
#include "domain/job.h"

#define JOB_NONE INT64_MIN /* an absent time or version */

struct job {
    int64_t seq; /* order of creation */
    struct str id, kind;
    enum job_state state;
    bool is_atomic, is_dry_run;
    bool is_planned; /* all items are there */
    struct job_counts counts;
    struct str error; /* why it failed as a whole, absent: it did not */
    int64_t created_by;
    struct str created_by_name;
    struct str scope; /* permissions that the person's API token was limited to; absent: none */
    struct str trace_id, request_id;
    int64_t created_at, started_at, finished_at, expires_at;
    struct str params;   /* JSON of the kind's own */
    struct str position; /* how far its planning has come, absent: not begun */
};

/* Adds a queued job, unless the person has open_max unfinished ones: ERR_CONFLICT. roles: the
 * actor's, for the record. Fills seq. */
MUST_CHECK enum err CO_FN job_store_add(struct db_session *s, struct job *j,
                                        const struct actor *actor, int64_t open_max);
/* Without params and position. ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN job_store_get(struct db_session *s, struct str id, struct job *out);
/* The same inside a transaction, locked. */
MUST_CHECK enum err CO_FN job_store_lock(struct db_session *s, struct str id, struct job *out);

struct job_query {
    int64_t created_by; /* JOB_NONE: everybody's */
    struct str state;   /* absent: any */
    int64_t before_seq; /* JOB_NONE: from the newest */
    int64_t skip, limit;
};
/* One page, newest first. total counts all that match up to 10,001, and is JOB_NONE behind a
 * position. */
MUST_CHECK enum err CO_FN job_store_page(struct db_session *s, const struct job_query *q,
                                         struct job **out, size_t *count, int64_t *total);

/* ---- for workers -------------------------------------------------------------------------- */

/* The unfinished job of one of the kinds that has waited longest, unless another process plans or
 * finishes it at the moment; from now on it is running. ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN job_store_take(struct db_session *s, const struct str *kinds, size_t n,
                                         int64_t now, struct job *out);
/* Inside a transaction: whether it runs and nobody else has it locked; then it is locked. */
MUST_CHECK enum err CO_FN job_store_hold(struct db_session *s, struct str id, bool *held);
/* After a batch of planning: where it goes on, and how many items came. */
MUST_CHECK enum err CO_FN job_store_planned(struct db_session *s, struct str id,
                                            struct str position, bool is_complete, int64_t added);
/* Takes note of how far a running job is. *is_due: it is time to tell of it. */
MUST_CHECK enum err CO_FN job_store_progress(struct db_session *s, struct job *j, int64_t now,
                                             bool *is_due);
/* Of a locked job: its end, with counts taken now. */
MUST_CHECK enum err CO_FN job_store_finish(struct db_session *s, struct job *j, int64_t now,
                                           int64_t expires_at);
/* Of a locked job that has ended: it waits for a worker again, with the counts it has. */
MUST_CHECK enum err CO_FN job_store_requeue(struct db_session *s, struct job *j, int64_t now);
/* Forgets some of the expired ones; *more: there may be others. */
MUST_CHECK enum err CO_FN job_store_purge(struct db_session *s, int64_t now, bool *more);
