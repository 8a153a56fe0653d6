/* What the helpdesk tells of a ticket besides its state: other fields, and public answers. */
#include "api/clocks.h"
#include "event.h"
#include "events/events.h"
#include "events/payload.h"
#include "label.h"
#include "store/ticket_store.h"

#define QUEUE "workflow.tickets"

/* The ticket itself travels on another queue: one that was opened a moment ago is waited for. A
 * ticket that stays unknown has not been handed over, and comes with its fields when it is. */
#define WAIT_ATTEMPTS 4

static enum err unknown(const struct mq_delivery *d)
{
    return d->attempt < WAIT_ATTEMPTS ? ERR_TICKET_NOT_FOUND : ERR_OK;
}

static enum err CO_FN on_updated(struct mq_delivery *d, const struct event_ticket *t)
{
    struct cause c;
    int64_t task_id;
    bool has_other_priority;
    enum ticket_priority priority = ticket_priority_parse(t->priority);
    struct ticket_fields fields = {
        .subject = t->subject,
        .category = t->category,
        .sub_category = t->sub_category,
        .department = t->department,
        .priority =
            priority == PRIORITY_COUNT ? STR_NULL : str_from(ticket_priority_label(priority)),
    };
    cause_from_delivery(&c, d);
    enum err rc = ticket_store_describe(d->db, t->ticket_number, &fields, c.now, &task_id,
                                        &has_other_priority);
    if (rc == ERR_TICKET_NOT_FOUND)
        return unknown(d);
    if (rc || !has_other_priority || task_id == INT64_MIN)
        return rc;
    return clocks_follow(d->db, &c, task_id, CLOCKS_ANY);
}

/* Only what a person other than the requester says to the requester is an answer. */
static enum err CO_FN on_commented(struct mq_delivery *d, const struct event_ticket *t)
{
    struct cause c;
    struct ticket_state state;
    if (str_ieq(t->visibility, STR("internal")) || t->actor_id == JSON_NO_INT ||
        t->actor_id == t->requester_id)
        return ERR_OK;
    enum err rc = ticket_store_state(d->db, t->ticket_number, &state);
    if (rc == ERR_TICKET_NOT_FOUND)
        return unknown(d);
    if (rc || state.task_id == INT64_MIN)
        return rc;
    cause_from_delivery(&c, d);
    c.actor_id = t->actor_id;
    return clocks_respond(d->db, &c, state.task_id);
}

static enum err CO_FN on_event(struct mq_delivery *d)
{
    struct event e;
    struct event_ticket t;
    const char *why = NULL;
    enum err rc = event_decode(d->arena, d->message, &e);
    if (rc == ERR_OK)
        rc = event_data(d->arena, &e, &EVENT_TICKET, &t, &why);
    if (rc) {
        d->reject_reason = why ? str_from(why) : STR("not a CloudEvent");
        return rc;
    }
    if (str_eq(e.type, STR("ticket.commented")))
        return on_commented(d, &t);
    return on_updated(d, &t);
}

void updates_consume(struct service *s)
{
    static const struct mq_binding BINDINGS[] = {
        {MQ_EVENTS_EXCHANGE, "ticket.updated"}, {MQ_EVENTS_EXCHANGE, "ticket.commented"}, {0}};
    static const struct mq_queue TICKETS = {QUEUE, MQ_QUORUM, BINDINGS};
    static const struct mq_consumer CONSUMER = {
        .queue = QUEUE,
        .concurrency = 2,
        .order_key = payload_order_key,
        .use_inbox = true,
        .handler = on_event,
        .in_batches = true,
    };
    mq_declare_queue(s->mq, &TICKETS);
    mq_consume(s->mq, &CONSUMER, s->db, s);
}
