/* The classic queue on which the helpdesk, this fleet's or a Python one, hands tickets over. */
#include <string.h>

#include "api/clocks.h"
#include "celery.h"
#include "events/events.h"
#include "events/payload.h"
#include "events/publish.h"
#include "log.h"
#include "metrics.h"
#include "store/ticket_store.h"

static struct metric outcomes = {
    .name = "workflow_ticket_messages_total",
    .help = "Messages about tickets by task and outcome.",
    .kind = METRIC_COUNTER,
    .labels = "task,code",
};

static void count(const char *task, enum err outcome)
{
    struct str labels[] = {str_from(task), str_from(err_code(outcome))};
    metric_add(metric_series(&outcomes, labels), 1);
}

/* ---- process_ticket ----------------------------------------------------------------------- */

/* The simple surface's own categories: no workflow is expected for them. */
static bool expects_workflow(struct str category)
{
    static const struct str SIMPLE[] = {{"bug", 3}, {"feature", 7}, {"support", 7}, {"other", 5}};
    for (size_t i = 0; i < sizeof SIMPLE / sizeof SIMPLE[0]; i++)
        if (str_ieq(category, SIMPLE[i]))
            return false;
    return true;
}

static enum err CO_FN keep_unmatched(struct mq_delivery *d, const struct ticket *t)
{
    if (expects_workflow(t->match.category)) {
        log_warn("no workflow takes the ticket", LOG_CSTR("code", err_code(ERR_WORKFLOW_NOT_FOUND)),
                 LOG_STR("ticket_number", t->number), LOG_STR("category", t->match.category),
                 LOG_STR("department", t->match.department));
        count("process_ticket", ERR_WORKFLOW_NOT_FOUND);
    }
    return ticket_store_mark_unmatched(d->db, t->id);
}

static enum err CO_FN announce_owner(struct mq_delivery *d, const struct ticket *t,
                                     const struct started_task *task)
{
    struct cause c;
    cause_from_delivery(&c, d);
    if (task->owner_id != NO_PERSON)
        return publish_owner(d->db, &c, t->number, task->owner_id);
    pool_wake(d->db);
    log_warn("no Ticket Coordinator can own the ticket", LOG_STR("ticket_number", t->number));
    return ERR_OK;
}

static enum err CO_FN announce_assignee(struct mq_delivery *d, const struct ticket *t,
                                        const struct start_plan *p, const struct started_task *task)
{
    struct cause c;
    cause_from_delivery(&c, d);
    if (task->assignee_id == NO_PERSON) {
        pool_wake(d->db);
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
    return publish_task(d->db, &c, "task.assigned", &e);
}

static enum err CO_FN process_ticket(struct mq_delivery *d, const struct celery_task *task)
{
    struct ticket t;
    struct start_plan *plans;
    size_t n;
    enum err rc = payload_ticket(d, task, &t);
    if (rc)
        return rc;
    rc = ticket_store_add(d->db, &t, d->now, &plans, &n);
    if (rc == ERR_DUPLICATE_TICKET) {
        log_info("the ticket is known already", LOG_CSTR("code", err_code(rc)),
                 LOG_STR("ticket_number", t.number));
        count("process_ticket", rc);
        return ERR_OK;
    }
    if (rc)
        return rc;
    struct match_fields *rules = ARENA_ARRAY(d->arena, struct match_fields, n + 1);
    for (size_t i = 0; i < n; i++)
        rules[i] = plans[i].rule;
    ptrdiff_t best = match_best(rules, n, &t.match);
    if (best < 0)
        return keep_unmatched(d, &t);
    struct task_start start = {t.id, t.submitted_at, d->now};
    struct started_task started;
    struct cause c;
    cause_from_delivery(&c, d);
    rc = ticket_store_start(d->db, &plans[best], &start, &started);
    if (rc == ERR_OK)
        rc = clocks_follow(d->db, &c, started.task_id, CLOCKS_BEGIN);
    if (rc)
        return rc;
    count("process_ticket", ERR_OK);
    rc = announce_owner(d, &t, &started);
    return rc ? rc : announce_assignee(d, &t, &plans[best], &started);
}

/* ---- receive_hdts_ticket_status ----------------------------------------------------------- */

static enum ticket_signal signal_of(enum ticket_status s)
{
    switch (s) {
    case TICKET_STATUS_CLOSED:
        return SIGNAL_CLOSED;
    case TICKET_STATUS_WITHDRAWN:
        return SIGNAL_WITHDRAWN;
    case TICKET_STATUS_ON_HOLD:
        return SIGNAL_HELD;
    case TICKET_STATUS_OPEN:
        return SIGNAL_OPEN;
    case TICKET_STATUS_IN_PROGRESS:
        return SIGNAL_RUNNING;
    case TICKET_STATUS_RESOLVED:
    case TICKET_STATUS_REJECTED:
    case TICKET_STATUS_COUNT:
        return SIGNAL_NONE;
    }
    return SIGNAL_NONE;
}

/* Logged and counted by its documented name, and done with. */
static enum err skip(enum err code, const struct status_payload *p)
{
    log_warn("a ticket's status is left aside", LOG_CSTR("code", err_code(code)),
             LOG_STR("ticket_number", p->ticket_number), LOG_STR("status", p->status));
    count("receive_hdts_ticket_status", code);
    return ERR_OK;
}

static enum err CO_FN reopen(struct mq_delivery *d, const struct cause *c,
                             const struct ticket_state *state)
{
    struct ticket t;
    struct start_plan p;
    struct started_task started;
    enum err rc = ticket_store_plan(d->db, state->task_id, &t, &p);
    if (rc)
        return rc;
    rc = ticket_store_reopen(d->db, state, &p, d->now, &started);
    if (rc == ERR_OK)
        rc = clocks_follow(d->db, c, state->task_id, CLOCKS_NEXT_STEP);
    return rc ? rc : announce_assignee(d, &t, &p, &started);
}

static enum err CO_FN receive_status(struct mq_delivery *d, const struct celery_task *task)
{
    struct status_payload p;
    struct ticket_state state;
    enum err rc = payload_status(d, task, &p);
    if (rc)
        return rc;
    enum ticket_status word = ticket_status_parse(p.status);
    if (word == TICKET_STATUS_COUNT)
        return skip(ERR_INVALID_STATUS, &p);
    rc = ticket_store_state(d->db, p.ticket_number, &state);
    if (rc == ERR_TICKET_NOT_FOUND)
        return skip(rc, &p);
    if (rc)
        return rc;
    struct ticket_change change = {
        .status = str_from(ticket_status_helpdesk(word)),
        .rating = p.rating,
        .feedback = p.feedback,
        .completed_at = p.completed_at,
        .closed_at = p.closed_at,
    };
    rc = ticket_store_update(d->db, state.ticket_id, &change, d->now);
    if (rc)
        return rc;
    count("receive_hdts_ticket_status", ERR_OK);
    if (state.task_id == INT64_MIN)
        return ERR_OK;
    enum task_status to = task_status_after(state.status, signal_of(word), state.has_started);
    if (to == state.status)
        return ERR_OK;
    struct cause c;
    cause_from_delivery(&c, d);
    if (!task_status_is_running(state.status) && task_status_is_running(to))
        return reopen(d, &c, &state);
    struct str note =
        str_printf(d->arena, "The helpdesk set the ticket to %s", ticket_status_helpdesk(word));
    rc = ticket_store_set_task(d->db, &state, to, note, d->now);
    if (state.is_tracked)
        pool_wake(d->db);
    return rc ? rc : clocks_follow(d->db, &c, state.task_id, CLOCKS_ANY);
}

/* ---- the queue ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum err (*handle)(struct mq_delivery *d, const struct celery_task *task);
} TASKS[] = {
    {"tts.tasks.process_ticket", process_ticket},
    {"tickets.tasks.receive_ticket", process_ticket},
    {"tts.tasks.receive_hdts_ticket_status", receive_status},
};

static enum err CO_FN on_message(struct mq_delivery *d)
{
    struct celery_task task;
    const char *why;
    if (celery_decode(d->arena, d->message, &task, &why) != ERR_OK) {
        d->reject_reason = str_from(why);
        return ERR_INVALID_PAYLOAD;
    }
    for (size_t i = 0; i < sizeof TASKS / sizeof TASKS[0]; i++) {
        if (!str_eq(task.name, str_from(TASKS[i].name)))
            continue;
        enum err rc = TASKS[i].handle(d, &task);
        if (rc == ERR_INVALID_PAYLOAD)
            log_warn("a message lacks what it needs", LOG_CSTR("code", err_code(rc)),
                     LOG_STR("task", task.name), LOG_STR("reason", d->reject_reason));
        return rc;
    }
    d->reject_reason = str_printf(d->arena, "unknown task %.*s", STR_ARG(task.name));
    return MQ_PARK;
}

void tickets_consume(struct service *s)
{
    static const struct mq_queue TICKETS = {TICKET_QUEUE, MQ_CLASSIC, NULL};
    static const struct mq_queue STATUS = {HELPDESK_QUEUE, MQ_CLASSIC, NULL};
    static const struct mq_consumer CONSUMER = {
        .queue = TICKET_QUEUE,
        .order_key = payload_order_key,
        .use_inbox = true,
        .handler = on_message,
    };
    mq_declare_queue(s->mq, &TICKETS);
    mq_declare_queue(s->mq, &STATUS);
    mq_consume(s->mq, &CONSUMER, s->db, s);
}
