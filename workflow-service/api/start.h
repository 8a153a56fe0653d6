#pragma once
/* The start of the work on a ticket, the same for the queue, for administrators and for tickets
 * that are matched anew. */
#include "cause.h"
#include "store/start_store.h"
#include "store/work_store.h"

/* The plan whose rule fits best, NULL when none does. */
const struct start_plan *start_choose(struct arena *a, const struct start_plan *plans, size_t n,
                                      const struct match_fields *ticket);

struct start_order {
    const struct cause *cause;
    const struct ticket *ticket;
    const struct start_plan *plan;
};
/* Creates the tasks with their clocks and tells owners and assignees. */
MUST_CHECK enum err CO_FN start_all(struct db_session *s, const struct start_order *orders,
                                    size_t n);
/* The same for one. */
MUST_CHECK enum err CO_FN start_work(struct db_session *s, const struct cause *c,
                                     const struct ticket *t, const struct start_plan *p,
                                     struct started_task *out);

/* Begins a task that was over anew at its first step. The state must be as it was read:
 * ERR_SERIALIZATION otherwise. */
MUST_CHECK enum err CO_FN start_again(struct db_session *s, const struct cause *c,
                                      const struct ticket_state *state,
                                      const struct work_note *why);
