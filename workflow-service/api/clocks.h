#pragma once
/*
 * What the clocks of a task do when something happens to it. They are brought in line with the task
 * as it is then, its status, step and priority, and with the policy and calendar that hold: so the
 * same call serves a beginning, a transition, a hold, another priority, and changed business hours.
 */
#include "cause.h"
#include "store/clock_store.h"

/* Without a policy a warning is given at this share of the target. Call from init. */
void clocks_set_warning(int64_t percent);

enum clocks_moment {
    CLOCKS_ANY,       /* something about the task or its rules has changed */
    CLOCKS_NEXT_STEP, /* a step has begun */
};

struct clocks_start {
    const struct cause *cause;
    int64_t task_id;
};
/* The work on these tasks has begun for the first time. In the transaction that added them. */
MUST_CHECK enum err CO_FN clocks_begin(struct db_session *s, const struct clocks_start *starts,
                                       size_t n);
/* In the transaction that changed the task, after that. The clocks of overridden times stay silent
 * for five minutes, until the later events of a replayed history have arrived too. */
MUST_CHECK enum err CO_FN clocks_follow(struct db_session *s, const struct cause *c,
                                        int64_t task_id, enum clocks_moment moment);

/* Somebody other than the requester has answered the ticket in public. */
MUST_CHECK enum err CO_FN clocks_respond(struct db_session *s, const struct cause *c,
                                         int64_t task_id);

/* Fires a claimed clock, once: saves, publishes and escalates. *what tells which it was. */
MUST_CHECK enum err CO_FN clocks_fire(struct db_session *s, const struct cause *c,
                                      struct clock_row *row, enum sla_firing *what);

/* What the clocks of a task go by. ERR_TASK_NOT_FOUND. */
MUST_CHECK enum err CO_FN clocks_rules(struct db_session *s, int64_t task_id,
                                       struct clock_rules *out);
/* The calendar of the rules, NULL where every moment counts. */
MUST_CHECK enum err CO_FN clocks_calendar(struct db_session *s, const struct clock_rules *rules,
                                          const struct calendar **out);
