#pragma once
/* Tickets that no workflow has taken, and what it takes to start the work on them after all. */
#include "store/ticket_store.h"

/* Raises the epoch: every ticket that no workflow has taken is due for another comparison. */
MUST_CHECK enum err CO_FN unmatched_store_raise(struct db_session *s);

/*
 * Locks at most limit tickets that are due. Those that no rule fits are done with; the others are
 * returned in order. *looked counts both: 0 when none is left that nobody else has.
 */
MUST_CHECK enum err CO_FN unmatched_store_claim(struct db_session *s, int64_t limit,
                                                struct ticket **tickets, size_t *count,
                                                int64_t *looked);

/* Locks a ticket. ERR_TICKET_NOT_FOUND. *task_id INT64_MIN: it has none. is_over: the helpdesk has
 * ended it. */
MUST_CHECK enum err CO_FN unmatched_store_lock(struct db_session *s, struct str number,
                                               struct ticket *out, int64_t *task_id, bool *is_over);

/* The workflows whose rules fit the ticket, in order of age; sets its epoch. */
MUST_CHECK enum err CO_FN unmatched_store_plans(struct db_session *s, struct ticket *t,
                                                struct start_plan **plans, size_t *count);
/* The published version of a workflow. ERR_WORKFLOW_NOT_FOUND. */
MUST_CHECK enum err CO_FN unmatched_store_plan_of(struct db_session *s, struct str workflow_id,
                                                  struct start_plan *out);
/* A workflow has taken the ticket. */
MUST_CHECK enum err CO_FN unmatched_store_taken(struct db_session *s, int64_t ticket_id);

/* ---- the list ----------------------------------------------------------------------------- */

struct unmatched_row {
    int64_t id;
    struct str number, subject, description, category, sub_category, department, priority, status;
    int64_t requester_id;
    struct str requester_name;
    int64_t submitted_at, updated_at;
};

struct unmatched_filter {
    struct str category; /* in any case; absent: all */
    int64_t before_id;   /* INT64_MIN: from the newest */
    int64_t limit, skip;
};

/* Newest first. total: up to 10,001; not counted behind a position. */
MUST_CHECK enum err CO_FN unmatched_store_list(struct db_session *s,
                                               const struct unmatched_filter *f,
                                               struct unmatched_row **rows, size_t *count,
                                               int64_t *total);
