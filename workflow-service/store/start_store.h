#pragma once
/* Tickets that arrive, and the start of the work on them: any number in one statement. */
#include "store/ticket_store.h"

struct ticket_arrival {
    struct ticket *ticket;
    int64_t now;
    bool is_new; /* set: false when the number was known already */
    /* Set, of a new one: the workflows whose rules fit, in order of age. */
    struct start_plan *plans;
    size_t plan_count;
};
/* Stores those that are new, and sets the ids of their tickets. */
MUST_CHECK enum err CO_FN start_store_add(struct db_session *s, struct ticket_arrival *arrivals,
                                          size_t n);

struct task_start {
    const struct start_plan *plan;
    int64_t ticket_id, submitted_at, now;
    struct started_task started; /* set */
};
/* Creates tasks and their first items; gives them to the next coordinator and role holder. Where
 * turns alone decide, all at once, in order; the others one after the other behind those. */
MUST_CHECK enum err CO_FN start_store_begin(struct db_session *s, struct task_start *starts,
                                            size_t n);
