#include "events/consume.h"

#include "api/announce.h"
#include "api/push.h"
#include "api/signals.h"
#include "event.h"
#include "people.h"
#include "state.h"
#include "store/change_store.h"
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
    p->status = t.status;
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

/* Who belongs to the ticket no longer is told what he may do from now on. */
static enum err CO_FN tell_former(struct mq_delivery *d, const struct ticket_people *p, int64_t id,
                                  const struct json_array *former)
{
    static const struct speaker SYSTEM = {0};
    const struct occasion o = {
        .who = &SYSTEM, .now = d->now, .time_overridden = d->time_overridden, .log = d->log};
    struct change change = {.kind = CHANGE_PEOPLE,
                            .conversation_id = id,
                            .ticket_number = p->ticket_number,
                            .actor_name = STR(""),
                            .user_ids = *former,
                            .happened_at = d->now};
    enum err rc = change_store_add(d->db, &change);
    return rc ? rc : announce(d->db, &o, &change);
}

static enum err CO_FN on_ticket_event(struct mq_delivery *d)
{
    struct event e;
    struct ticket_people p = {.now = d->now};
    struct json_array former;
    int64_t id;
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
    rc = conversation_store_follow_ticket(d->db, &p, &id, &former);
    return rc || !former.count ? rc : tell_former(d, &p, id, &former);
}

/* ---- to the open sockets ------------------------------------------------------------------- */

static enum err CO_FN push_event(struct live *l, struct arena *a, const struct event *e)
{
    struct event_signal signal;
    struct event_user person;
    struct change change;
    const char *why;
    enum err rc;
    if (str_eq(e->type, STR("conversation.signal"))) {
        rc = event_data(a, e, &EVENT_SIGNAL, &signal, &why);
        return rc ? rc : signal_push(l->service, a, &signal);
    }
    if (str_has_prefix(e->type, STR("user.")) || str_has_prefix(e->type, STR("role."))) {
        rc = event_data(a, e, &EVENT_USER, &person, &why);
        return rc ? rc : push_person(l, a, &person);
    }
    rc = announced(a, e, &change);
    if (rc == ERR_OK)
        push_change(l, a, &change);
    return rc;
}

static enum err CO_FN on_fanout(struct mq_delivery *d)
{
    struct event e;
    struct live *l = &messaging_state(d->app)->live;
    enum err rc = live_wait(l);
    if (rc == ERR_OK)
        rc = event_decode(d->arena, d->message, &e);
    return rc ? rc : push_event(l, d->arena, &e);
}

void events_declare(struct service *s)
{
    static const struct mq_binding TICKETS[] = {
        {MQ_EVENTS_EXCHANGE, "ticket.created"},        {MQ_EVENTS_EXCHANGE, "ticket.assigned"},
        {MQ_EVENTS_EXCHANGE, "ticket.status_changed"}, {MQ_EVENTS_EXCHANGE, "ticket.closed"},
        {MQ_EVENTS_EXCHANGE, "task.assigned"},         {NULL, NULL},
    };
    static const struct mq_binding FANOUT[] = {
        {MQ_EVENTS_EXCHANGE, "message.*"},
        {MQ_EVENTS_EXCHANGE, "conversation.*"},
        {MQ_EVENTS_EXCHANGE, "user.updated"},
        {MQ_EVENTS_EXCHANGE, "role.revoked"},
        {NULL, NULL},
    };
    static const struct mq_queue QUEUES[] = {
        {"messaging.tickets", MQ_QUORUM, TICKETS},
        {"messaging.fanout", MQ_EXCLUSIVE, FANOUT},
    };
    /* What waits is written together: most of an event is its commit. */
    static const struct mq_consumer FROM_FLEET = {.queue = "messaging.tickets",
                                                  .concurrency = 1,
                                                  .use_inbox = true,
                                                  .handler = on_ticket_event,
                                                  .in_batches = true,
                                                  .linger_ms = 20};
    static const struct mq_consumer TO_SOCKETS = {
        .queue = "messaging.fanout", .concurrency = 1, .handler = on_fanout};
    mq_declare_queue(s->mq, &QUEUES[0]);
    mq_declare_queue(s->mq, &QUEUES[1]);
    mq_consume(s->mq, &FROM_FLEET, s->db, s);
    mq_consume(s->mq, &TO_SOCKETS, NULL, s);
    people_consume(s, NULL);
}
