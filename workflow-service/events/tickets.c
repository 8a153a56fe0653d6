/* The classic queue on which the helpdesk, this fleet's or a Python one, hands tickets over. */
#include <string.h>

#include "api/clocks.h"
#include "api/start.h"
#include "celery.h"
#include "events/events.h"
#include "events/payload.h"
#include "events/publish.h"
#include "log.h"
#include "metrics.h"
#include "store/ticket_store.h"
#include "store/work_store.h"

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
    return ticket_store_mark_unmatched(d->db, t);
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
    const struct start_plan *best = start_choose(d->arena, plans, n, &t.match);
    if (!best)
        return keep_unmatched(d, &t);
    struct started_task started;
    struct cause c;
    cause_from_delivery(&c, d);
    rc = start_work(d->db, &c, &t, best, &started);
    if (rc == ERR_OK)
        count("process_ticket", ERR_OK);
    return rc;
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
    struct work_note why = {NO_PERSON, STR("Ticket opened again"), d->now};
    if (!task_status_is_running(state.status) && task_status_is_running(to))
        return start_again(d->db, &c, &state, &why);
    why.text =
        str_printf(d->arena, "The helpdesk set the ticket to %s", ticket_status_helpdesk(word));
    if (task_status_is_running(to))
        rc = work_store_set_running(d->db, state.task_id, state.version, to, &why);
    else
        rc = ticket_store_set_task(d->db, &state, to, why.text, d->now);
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
