#include "events/consume.h"

#include "api/push.h"
#include "event.h"
#include "people.h"
#include "state.h"
#include "store/conversation_store.h"

/* ---- tickets ------------------------------------------------------------------------------ */

static int64_t id_or_none(int64_t id)
{
    return id == JSON_NO_INT ? 0 : id;
}

static enum err read_ticket(struct arena *a, const struct event *e, struct ticket_people *p,
                            const char **why)
{
    struct event_ticket t;
    enum err rc = event_data(a, e, &EVENT_TICKET, &t, why);
    if (rc)
        return rc;
    p->ticket_number = t.ticket_number;
    p->subject = t.subject;
    p->requester_id = id_or_none(t.requester_id);
    p->owner_id = id_or_none(t.owner_id);
    return ERR_OK;
}

/* The owner is helpdesk's to tell: workflow only asks for one. */
static enum err read_task(struct arena *a, const struct event *e, struct ticket_people *p,
                          const char **why)
{
    struct event_task t;
    enum err rc = event_data(a, e, &EVENT_TASK, &t, why);
    if (rc)
        return rc;
    p->ticket_number = t.ticket_number;
    p->subject = t.subject;
    p->requester_id = id_or_none(t.requester_id);
    p->assignee_id = id_or_none(t.assignee_id);
    return ERR_OK;
}

static enum err CO_FN on_ticket_event(struct mq_delivery *d)
{
    struct event e;
    struct ticket_people p = {.now = d->now};
    const char *why = "not a CloudEvent";
    enum err rc = event_decode(d->arena, d->message, &e);
    if (rc == ERR_OK)
        rc = str_has_prefix(e.type, STR("task.")) ? read_task(d->arena, &e, &p, &why)
                                                  : read_ticket(d->arena, &e, &p, &why);
    if (rc) {
        d->reject_reason = str_from(why);
        return rc;
    }
    p.since = e.time == JSON_NO_TIME ? d->now : e.time;
    return conversation_store_follow_ticket(d->db, &p);
}

/* ---- to the open sockets ------------------------------------------------------------------- */

static enum err CO_FN on_fanout(struct mq_delivery *d)
{
    struct event e;
    struct event_message m;
    const char *why;
    struct live *l = &messaging_state(d->app)->live;
    enum err rc = live_wait(l);
    if (rc == ERR_OK)
        rc = event_decode(d->arena, d->message, &e);
    if (rc == ERR_OK)
        rc = event_data(d->arena, &e, &EVENT_MESSAGE, &m, &why);
    if (rc == ERR_OK)
        push_message(l, d->arena, &m);
    return rc;
}

void events_declare(struct service *s)
{
    static const struct mq_binding TICKETS[] = {
        {MQ_EVENTS_EXCHANGE, "ticket.created"},
        {MQ_EVENTS_EXCHANGE, "ticket.assigned"},
        {MQ_EVENTS_EXCHANGE, "task.assigned"},
        {NULL, NULL},
    };
    static const struct mq_binding FANOUT[] = {
        {MQ_EVENTS_EXCHANGE, "message.created"},
        {NULL, NULL},
    };
    static const struct mq_queue QUEUES[] = {
        {"messaging.tickets", MQ_QUORUM, TICKETS},
        {"messaging.fanout", MQ_EXCLUSIVE, FANOUT},
    };
    static const struct mq_consumer FROM_FLEET = {
        .queue = "messaging.tickets", .use_inbox = true, .handler = on_ticket_event};
    static const struct mq_consumer TO_SOCKETS = {
        .queue = "messaging.fanout", .concurrency = 1, .handler = on_fanout};
    mq_declare_queue(s->mq, &QUEUES[0]);
    mq_declare_queue(s->mq, &QUEUES[1]);
    mq_consume(s->mq, &FROM_FLEET, s->db, s);
    mq_consume(s->mq, &TO_SOCKETS, NULL, s);
    people_consume(s, NULL);
}
