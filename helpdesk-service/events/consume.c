#include "events/consume.h"

#include "api/change.h"
#include "celery.h"
#include "domain/number.h"
#include "event.h"
#include "events/publish.h"
#include "metrics.h"
#include "people.h"
#include "service.h"
#include "store/insight_store.h"
#include "store/ticket_store.h"

#define TASK_QUEUE "ticket_status-default"
#define EVENT_QUEUE "helpdesk.tasks"

static struct metric problems = {
    .name = "helpdesk_queue_problems_total",
    .help = "Messages that could not be applied, by reason.",
    .kind = METRIC_COUNTER,
    .labels = "code",
};

/* Logged and counted under the documented name. */
static void report(enum err e, struct str number, const char *what)
{
    struct str code = str_from(err_code(e));

    metric_add(metric_series(&problems, &code), 1);
    log_warn(what, LOG_STR("code", code), LOG_STR("ticket_number", number));
}

/* ---- tasks of the workflow ---------------------------------------------------------------- */

/* A task about a ticket that does not exist here is done: no later attempt would find it. */
static enum err CO_FN lock_ticket(struct mq_delivery *d, struct str number, struct ticket *out,
                                  bool *found)
{
    enum err rc = ticket_store_lock_number(d->db, number, 0, out);

    *found = rc == ERR_OK;
    if (rc != ERR_TICKET_NOT_FOUND)
        return rc;
    report(rc, number, "task for an unknown ticket");
    return ERR_OK;
}

static enum err CO_FN apply(struct mq_delivery *d, const struct ticket *before,
                            struct ticket *after)
{
    struct ticket_news news = {before, after, .tells_workflow = false};
    struct cause cause;

    cause_from_delivery(&cause, d);
    return change_apply(d->db, &news, after, &cause);
}

/* The document shows the request as one object: it may come as keywords, as that object, or in
 * order. */
static const struct json *task_arg(const struct celery_task *t, size_t i, const char *name)
{
    const struct json *only = json_count(t->args) == 1 ? json_at(t->args, 0) : NULL;

    if (only && json_type(only) == JSON_OBJECT)
        return json_get(only, name);
    return celery_arg(t, i, name);
}

static enum err CO_FN update_ticket_owner(struct mq_delivery *d, const struct celery_task *t)
{
    struct str number = json_str(task_arg(t, 0, "ticket_number"));
    const struct json *owner = task_arg(t, 1, "owner_id");
    struct ticket before, after;
    struct person person;
    int64_t owner_id;
    bool found;
    enum err rc;

    if (!number.p || (!json_int(owner, &owner_id) && !str_to_i64(json_str(owner), &owner_id))) {
        d->reject_reason = STR("update_ticket_owner needs ticket_number and owner_id");
        return ERR_INVALID_PAYLOAD;
    }
    rc = lock_ticket(d, number, &before, &found);
    if (rc || !found)
        return rc;
    rc = person_by_id(d->db, owner_id, &person);
    if (rc == ERR_USER_NOT_FOUND) {
        /* Tried again for a while: the person may be on the way. */
        report(ERR_INVALID_OWNER, number, "the new owner is not known");
        d->reject_reason = STR("INVALID_OWNER: the owner does not exist");
        return ERR_INVALID_OWNER;
    }
    if (rc)
        return rc;
    after = before;
    ticket_set_owner(&after, owner_id, person.name);
    return apply(d, &before, &after);
}

static enum err CO_FN send_ticket_status(struct mq_delivery *d, const struct celery_task *t)
{
    struct str number = json_str(task_arg(t, 0, "ticket_number"));
    struct str word = json_str(task_arg(t, 1, "status"));
    enum ticket_status status = ticket_status_parse(word);
    struct ticket before, after;
    bool found;
    enum err rc;

    if (!number.p || !word.p) {
        d->reject_reason = STR("send_ticket_status needs ticket_number and status");
        return ERR_INVALID_PAYLOAD;
    }
    rc = lock_ticket(d, number, &before, &found);
    if (rc || !found)
        return rc;
    if (status == TICKET_STATUS_COUNT) {
        report(ERR_INVALID_STATUS, number, "unknown status from the workflow");
        return ERR_OK;
    }
    if (status == before.status || ticket_status_is_final(before.status))
        return ERR_OK; /* said twice, or said before the workflow knew that the ticket is closed */
    after = before;
    ticket_set_status(&after, status, d->now);
    return apply(d, &before, &after);
}

static const struct {
    const char *name;
    enum err (*run)(struct mq_delivery *d, const struct celery_task *t);
} TASKS[] = {
    {"update_ticket_owner", update_ticket_owner},
    {"send_ticket_status", send_ticket_status},
};

static enum err CO_FN on_task(struct mq_delivery *d)
{
    struct celery_task t;
    const char *why = "not a Celery task";
    enum err rc = celery_decode(d->arena, d->message, &t, &why);

    if (rc) {
        report(ERR_INVALID_PAYLOAD, STR_NULL, why);
        d->reject_reason = str_from(why);
        return rc;
    }
    for (size_t i = 0; i < sizeof TASKS / sizeof *TASKS; i++)
        if (str_eq(t.name, str_from(TASKS[i].name)))
            return TASKS[i].run(d, &t);
    report(ERR_INVALID_PAYLOAD, STR_NULL, "unknown task");
    d->reject_reason = STR("unknown task");
    return MQ_PARK;
}

/* Tasks of one ticket keep their order; the number stands in the body. */
static struct str ticket_of(const struct mq_message *m)
{
    return ticket_number_find(m->body);
}

/* ---- events of the workflow --------------------------------------------------------------- */

/* Whether the ticket as a whole is late, and not a step only. */
static bool is_of_resolution(const struct event_task *e)
{
    return !e->metric.p || str_eq(e->metric, STR("resolution"));
}

static enum err CO_FN on_breach(struct mq_delivery *d, const struct event *e, struct str number)
{
    struct ticket t;
    bool found;
    enum err rc = lock_ticket(d, number, &t, &found);

    return rc || !found ? rc : insight_store_breach(d->db, t.id, e->time);
}

static enum err CO_FN on_task_event(struct mq_delivery *d)
{
    struct event e;
    struct event_task task;
    const char *why = "not a CloudEvent";
    enum err rc = event_decode(d->arena, d->message, &e);

    if (rc == ERR_OK)
        rc = event_data(d->arena, &e, &EVENT_TASK, &task, &why);
    if (rc) {
        d->reject_reason = str_from(why);
        return rc;
    }
    if (str_eq(e.type, STR("sla.breached")))
        return is_of_resolution(&task) ? on_breach(d, &e, task.ticket_number) : ERR_OK;
    if (task.assignee_id == TICKET_NONE)
        return ERR_OK;
    rc = ticket_store_add_assignee(d->db, task.ticket_number, task.assignee_id);
    if (rc != ERR_TICKET_NOT_FOUND)
        return rc;
    report(rc, task.ticket_number, "task event for an unknown ticket");
    return ERR_OK;
}

static enum err CO_FN on_person_changed(struct mq_delivery *d, const struct event_user *u)
{
    return ticket_store_rename_owner(d->db, u->id, u->name);
}

void events_consume(struct service *s)
{
    /* Read by the workflow; declared here, too, so that tickets can wait in it for its first start.
     */
    static const struct mq_queue WORKFLOW = {.name = PUBLISH_WORKFLOW_QUEUE, .kind = MQ_CLASSIC};
    static const struct mq_queue TASK = {.name = TASK_QUEUE, .kind = MQ_CLASSIC};
    static const struct mq_binding BINDINGS[] = {
        {MQ_EVENTS_EXCHANGE, "task.assigned"}, {MQ_EVENTS_EXCHANGE, "sla.breached"}, {NULL}};
    static const struct mq_queue EVENTS = {EVENT_QUEUE, MQ_QUORUM, BINDINGS};
    static const struct mq_consumer TASK_CONSUMER = {
        .queue = TASK_QUEUE,
        .concurrency = 4,
        .order_key = ticket_of,
        .use_inbox = true,
        .handler = on_task,
        .in_batches = true,
    };
    static const struct mq_consumer EVENT_CONSUMER = {
        .queue = EVENT_QUEUE,
        .concurrency = 1,
        .order_key = ticket_of,
        .use_inbox = true,
        .handler = on_task_event,
        .in_batches = true,
    };

    mq_declare_queue(s->mq, &WORKFLOW);
    mq_declare_queue(s->mq, &TASK);
    mq_declare_queue(s->mq, &EVENTS);
    mq_consume(s->mq, &TASK_CONSUMER, s->db, s);
    mq_consume(s->mq, &EVENT_CONSUMER, s->db, s);
    people_consume(s, on_person_changed);
}
