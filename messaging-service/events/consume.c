#include "events/consume.h"

#include "api/socket.h"
#include "event.h"
#include "people.h"
#include "store/conversation_store.h"

static int64_t id_or_none(int64_t id)
{
    return id == JSON_NO_INT ? 0 : id;
}

static enum err CO_FN on_ticket_event(struct mq_delivery *d)
{
    struct event e;
    const char *why = "not a CloudEvent";
    struct str number = STR_NULL, subject = STR_NULL;
    int64_t people[3] = {0};
    enum err rc = event_decode(d->arena, d->message, &e);
    if (rc == ERR_OK && str_has_prefix(e.type, STR("task."))) {
        struct event_task t;
        rc = event_data(d->arena, &e, &EVENT_TASK, &t, &why);
        if (rc == ERR_OK) {
            number = t.ticket_number;
            subject = t.subject;
            people[0] = id_or_none(t.requester_id);
            people[1] = id_or_none(t.owner_id);
            people[2] = id_or_none(t.assignee_id);
        }
    } else if (rc == ERR_OK) {
        struct event_ticket t;
        rc = event_data(d->arena, &e, &EVENT_TICKET, &t, &why);
        if (rc == ERR_OK) {
            number = t.ticket_number;
            subject = t.subject;
            people[0] = id_or_none(t.requester_id);
            people[1] = id_or_none(t.owner_id);
        }
    }
    if (rc) {
        d->reject_reason = str_from(why);
        return rc;
    }
    return conversation_store_follow_ticket(d->db, number, subject, people, 3, d->now);
}

static enum err CO_FN on_fanout(struct mq_delivery *d)
{
    struct event e;
    struct event_message m;
    const char *why;
    enum err rc = event_decode(d->arena, d->message, &e);
    if (rc == ERR_OK)
        rc = event_data(d->arena, &e, &EVENT_MESSAGE, &m, &why);
    if (rc == ERR_OK)
        socket_push(d->app, d->arena, &m);
    return rc;
}

void events_declare(struct service *s)
{
    static const struct mq_binding TICKETS[] = {
        {MQ_EVENTS_EXCHANGE, "ticket.created"},
        {MQ_EVENTS_EXCHANGE,                  "ticket.assigned"},
        {MQ_EVENTS_EXCHANGE,"task.assigned"},
        {0}
    };
    static const struct mq_binding FANOUT[] = {
        {MQ_EVENTS_EXCHANGE, "message.created"},
        {0                 }
    };
    static const struct mq_queue QUEUES[] = {
        {"messaging.tickets", MQ_QUORUM,    TICKETS},
        {"messaging.fanout",  MQ_EXCLUSIVE, FANOUT },
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
