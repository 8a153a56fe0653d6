#pragma once
/* A ticket that arrives alone, and its task. */
#include "store/start_store.h"

static inline enum err add_ticket(struct db_session *s, struct ticket *t, int64_t now,
                                  struct start_plan **plans, size_t *count)
{
    struct ticket_arrival a = {.ticket = t, .now = now};
    enum err rc = start_store_add(s, &a, 1);
    *plans = a.plans;
    *count = a.plan_count;
    return rc || a.is_new ? rc : ERR_DUPLICATE_TICKET;
}

static inline enum err begin_task(struct db_session *s, const struct start_plan *plan,
                                  struct task_start *start, struct started_task *out)
{
    start->plan = plan;
    enum err rc = start_store_begin(s, start, 1);
    *out = start->started;
    return rc;
}
