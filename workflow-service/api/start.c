#include "api/start.h"

#include "api/clocks.h"
#include "events/events.h"
#include "events/publish.h"
#include "log.h"

const struct start_plan *start_choose(struct arena *a, const struct start_plan *plans, size_t n,
                                      const struct match_fields *ticket)
{
    struct match_fields *rules = ARENA_ARRAY(a, struct match_fields, n + 1);
    for (size_t i = 0; i < n; i++)
        rules[i] = plans[i].rule;
    ptrdiff_t best = match_best(rules, n, ticket);
    return best < 0 ? NULL : &plans[best];
}

static enum err CO_FN announce_owner(struct db_session *s, const struct cause *c,
                                     const struct ticket *t, const struct started_task *task)
{
    if (task->owner_id != NO_PERSON)
        return publish_owner(s, c, t->number, task->owner_id);
    pool_wake(s);
    log_warn("no Ticket Coordinator can own the ticket", LOG_STR("ticket_number", t->number));
    return ERR_OK;
}

static enum err CO_FN announce_assignee(struct db_session *s, const struct cause *c,
                                        const struct ticket *t, const struct start_plan *p,
                                        const struct started_task *task)
{
    if (task->assignee_id == NO_PERSON) {
        pool_wake(s);
        log_warn("nobody takes the first step", LOG_STR("ticket_number", t->number),
                 LOG_STR("role", p->role_name));
        return ERR_OK;
    }
    struct event_task e = publish_blank();
    e.task_id = task->task_id;
    e.task_item_id = task->item_id;
    e.ticket_number = t->number;
    e.subject = t->subject;
    e.workflow_name = p->workflow_name;
    e.step = p->step_name;
    e.role = p->role_name;
    e.status = task_status_word(TASK_STATUS_ACTIVE);
    e.assignee_id = task->assignee_id;
    e.assignee_name = task->assignee_name;
    e.owner_id = task->owner_id;
    e.owner_name = task->owner_name;
    e.requester_id = t->requester_id;
    return publish_task(s, c, "task.assigned", &e);
}

/* The tasks are in the order of the orders. */
static enum err CO_FN begin(struct db_session *s, const struct start_order *orders, size_t n,
                            struct task_start *tasks)
{
    struct clocks_start *clocks = ARENA_ARRAY(s->arena, struct clocks_start, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct start_order *o = &orders[i];
        tasks[i] = (struct task_start){
            .plan = o->plan,
            .ticket_id = o->ticket->id,
            .submitted_at = o->ticket->submitted_at,
            .now = o->cause->now,
        };
    }
    enum err rc = start_store_begin(s, tasks, n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        clocks[i] = (struct clocks_start){orders[i].cause, tasks[i].started.task_id};
    return rc ? rc : clocks_begin(s, clocks, n);
}

static enum err CO_FN announce(struct db_session *s, const struct start_order *o,
                               const struct started_task *task)
{
    enum err rc = announce_owner(s, o->cause, o->ticket, task);
    return rc ? rc : announce_assignee(s, o->cause, o->ticket, o->plan, task);
}

enum err start_all(struct db_session *s, const struct start_order *orders, size_t n)
{
    struct task_start *tasks = ARENA_ARRAY(s->arena, struct task_start, n + 1);
    enum err rc = begin(s, orders, n, tasks);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        rc = announce(s, &orders[i], &tasks[i].started);
    return rc;
}

enum err start_work(struct db_session *s, const struct cause *c, const struct ticket *t,
                    const struct start_plan *p, struct started_task *out)
{
    const struct start_order order = {c, t, p};
    struct task_start task;
    enum err rc = begin(s, &order, 1, &task);
    if (rc)
        return rc;
    *out = task.started;
    return announce(s, &order, out);
}

enum err start_again(struct db_session *s, const struct cause *c, const struct ticket_state *state,
                     const struct work_note *why)
{
    struct ticket t;
    struct start_plan p;
    struct started_task started;
    enum err rc = ticket_store_plan(s, state->task_id, &t, &p);
    if (rc)
        return rc;
    rc = ticket_store_reopen(s, state, &p, why, &started);
    if (rc == ERR_OK)
        rc = clocks_follow(s, c, state->task_id, CLOCKS_NEXT_STEP);
    return rc ? rc : announce_assignee(s, c, &t, &p, &started);
}
