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

static enum err CO_FN keep_unmatched(struct db_session *s, const struct ticket *t)
{
    if (expects_workflow(t->match.category)) {
        log_warn("no workflow takes the ticket", LOG_CSTR("code", err_code(ERR_WORKFLOW_NOT_FOUND)),
                 LOG_STR("ticket_number", t->number), LOG_STR("category", t->match.category),
                 LOG_STR("department", t->match.department));
        count("process_ticket", ERR_WORKFLOW_NOT_FOUND);
    }
    return ticket_store_mark_unmatched(s, t);
}

static void skip_known(const struct ticket *t)
{
    log_info("the ticket is known already", LOG_CSTR("code", err_code(ERR_DUPLICATE_TICKET)),
             LOG_STR("ticket_number", t->number));
    count("process_ticket", ERR_DUPLICATE_TICKET);
}

/* Stores the tickets that these deliveries bring, and starts what a workflow takes. */
static enum err CO_FN take_in(struct db_session *s, struct ticket_arrival *arrivals,
                              struct mq_delivery *const *deliveries, size_t n)
{
    struct start_order *orders = ARENA_ARRAY(s->arena, struct start_order, n + 1);
    struct cause *causes = ARENA_ARRAY(s->arena, struct cause, n + 1);
    size_t count_orders = 0;
    enum err rc = start_store_add(s, arrivals, n);
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        const struct ticket_arrival *a = &arrivals[i];
        co_set_local(&deliveries[i]->log);
        if (!a->is_new) {
            skip_known(a->ticket);
            continue;
        }
        const struct start_plan *best =
            start_choose(s->arena, a->plans, a->plan_count, &a->ticket->match);
        if (!best) {
            rc = keep_unmatched(s, a->ticket);
            continue;
        }
        cause_from_delivery(&causes[i], deliveries[i]);
        orders[count_orders++] = (struct start_order){&causes[i], a->ticket, best};
    }
    if (rc == ERR_OK && count_orders)
        rc = start_all(s, orders, count_orders);
    for (size_t i = 0; rc == ERR_OK && i < count_orders; i++)
        count("process_ticket", ERR_OK);
    return rc;
}

static enum err CO_FN process_ticket(struct mq_delivery *d, const struct celery_task *task)
{
    struct ticket t;
    enum err rc = payload_ticket(d, task, &t);
    struct ticket_arrival arrival = {.ticket = &t, .now = d->now};
    return rc ? rc : take_in(d->db, &arrival, &d, 1);
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

static enum err decode(struct mq_delivery *d, struct celery_task *task)
{
    const char *why;
    if (celery_decode(d->arena, d->message, task, &why) == ERR_OK)
        return ERR_OK;
    d->reject_reason = str_from(why);
    return ERR_INVALID_PAYLOAD;
}

static enum err CO_FN dispatch(struct mq_delivery *d, const struct celery_task *task)
{
    for (size_t i = 0; i < sizeof TASKS / sizeof TASKS[0]; i++) {
        if (!str_eq(task->name, str_from(TASKS[i].name)))
            continue;
        enum err rc = TASKS[i].handle(d, task);
        if (rc == ERR_INVALID_PAYLOAD)
            log_warn("a message lacks what it needs", LOG_CSTR("code", err_code(rc)),
                     LOG_STR("task", task->name), LOG_STR("reason", d->reject_reason));
        return rc;
    }
    d->reject_reason = str_printf(d->arena, "unknown task %.*s", STR_ARG(task->name));
    return MQ_PARK;
}

static enum err CO_FN on_message(struct mq_delivery *d)
{
    struct celery_task task;
    enum err rc = decode(d, &task);
    return rc ? rc : dispatch(d, &task);
}

static bool brings_ticket(const struct celery_task *task)
{
    for (size_t i = 0; i < sizeof TASKS / sizeof TASKS[0]; i++)
        if (str_eq(task->name, str_from(TASKS[i].name)))
            return TASKS[i].handle == process_ticket;
    return false;
}

/* A backlog: the new tickets together, then the rest. */
static enum err CO_FN on_messages(struct mq_delivery *d, size_t n)
{
    struct arena *a = d->arena;
    struct mq_delivery **bringing = ARENA_ARRAY(a, struct mq_delivery *, n);
    struct ticket_arrival *arrivals = ARENA_ARRAY(a, struct ticket_arrival, n);
    struct celery_task *tasks = ARENA_ARRAY(a, struct celery_task, n);
    size_t arrived = 0;
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        rc = decode(&d[i], &tasks[i]);
        if (rc || !brings_ticket(&tasks[i]))
            continue;
        struct ticket *t = ARENA_NEW(a, struct ticket);
        rc = payload_ticket(&d[i], &tasks[i], t);
        bringing[arrived] = &d[i];
        arrivals[arrived++] = (struct ticket_arrival){.ticket = t, .now = d[i].now};
    }
    if (rc == ERR_OK && arrived)
        rc = take_in(d->db, arrivals, bringing, arrived);
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        if (brings_ticket(&tasks[i]))
            continue;
        co_set_local(&d[i].log);
        rc = dispatch(&d[i], &tasks[i]);
    }
    return rc;
}

void tickets_consume(struct service *s)
{
    static const struct mq_queue TICKETS = {TICKET_QUEUE, MQ_CLASSIC, NULL};
    static const struct mq_queue STATUS = {HELPDESK_QUEUE, MQ_CLASSIC, NULL};
    static const struct mq_consumer CONSUMER = {
        .queue = TICKET_QUEUE,
        .order_key = payload_order_key,
        .use_inbox = true,
        .prefetch = 256,
        .concurrency = 4,
        .handler = on_message,
        .batch_handler = on_messages,
    };
    mq_declare_queue(s->mq, &TICKETS);
    mq_declare_queue(s->mq, &STATUS);
    mq_consume(s->mq, &CONSUMER, s->db, s);
}
