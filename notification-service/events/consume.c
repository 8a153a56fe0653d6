#include "events/consume.h"

#include <stdlib.h>

#include "api/push.h"
#include "domain/audience.h"
#include "domain/shipped.h"
#include "event.h"
#include "events/publish.h"
#include "message/facts.h"
#include "people.h"
#include "state.h"
#include "store/message_store.h"

#define LIVE_AND_PUSH (CHANNEL_BIT(CHANNEL_IN_APP) | CHANNEL_BIT(CHANNEL_PUSH))

/* ---- events to notices -------------------------------------------------------------------- */

static int64_t id_or_none(int64_t id)
{
    return id == JSON_NO_INT ? 0 : id;
}

static struct people people(const struct json_array *ids)
{
    return (struct people){ids->items, ids->count};
}

static enum err ticket_occasion(struct arena *a, const struct event *e, struct occasion *o,
                                const char **why)
{
    struct event_ticket t;
    enum err rc = event_data(a, e, &EVENT_TICKET, &t, why);
    if (rc)
        return rc;
    *o = (struct occasion){.type = e->type,
                           .actor = id_or_none(t.actor_id),
                           .requester = id_or_none(t.requester_id),
                           .owner = id_or_none(t.owner_id),
                           .watchers = people(&t.watcher_ids),
                           .mentioned = people(&t.mentioned_ids),
                           .ticket_id = t.ticket_id,
                           .actor_name = t.actor_name,
                           .owner_name = t.owner_name,
                           .ticket_number = t.ticket_number,
                           .subject = t.subject,
                           .status = t.status,
                           .old_status = t.old_status,
                           .priority = t.priority,
                           .text = notice_preview(a, t.comment),
                           .rating = t.rating == JSON_NO_INT ? 0 : t.rating,
                           .is_internal = str_eq(t.visibility, STR("internal"))};
    return ERR_OK;
}

static enum err task_occasion(struct arena *a, const struct event *e, struct occasion *o,
                              const char **why)
{
    struct event_task t;
    enum err rc = event_data(a, e, &EVENT_TASK, &t, why);
    if (rc)
        return rc;
    *o = (struct occasion){.type = e->type,
                           .actor = id_or_none(t.actor_id),
                           .requester = id_or_none(t.requester_id),
                           .owner = id_or_none(t.owner_id),
                           .assignee = id_or_none(t.assignee_id),
                           .admins = people(&t.admin_ids),
                           .actor_name = t.actor_name,
                           .owner_name = t.owner_name,
                           .ticket_number = t.ticket_number,
                           .subject = t.subject,
                           .status = t.status,
                           .step = t.step,
                           .role = t.role,
                           .text = t.reason,
                           .outcome = t.outcome,
                           .metric = t.metric};
    return ERR_OK;
}

static enum err job_occasion(struct arena *a, const struct event *e, struct occasion *o,
                             const char **why)
{
    struct event_job j;
    enum err rc = event_data(a, e, &EVENT_JOB, &j, why);
    if (rc)
        return rc;
    struct str text = str_printf(a, "%s%lld of %lld done, %lld failed.",
                                 j.is_dry_run == JSON_TRUE ? "Dry run: " : "", (long long)j.done,
                                 (long long)j.total, (long long)j.failed);
    if (j.error.p)
        text = str_printf(a, "%.*s %.*s.", STR_ARG(text), STR_ARG(j.error));
    *o = (struct occasion){.type = e->type,
                           .actor = id_or_none(j.created_by),
                           .actor_name = j.created_by_name,
                           .status = j.state,
                           .text = notice_preview(a, text)};
    return ERR_OK;
}

static enum err occasion_of(struct arena *a, const struct event *e, struct occasion *o,
                            const char **why)
{
    if (str_has_prefix(e->type, STR("task.")) || str_has_prefix(e->type, STR("sla.")))
        return task_occasion(a, e, o, why);
    if (str_has_prefix(e->type, STR("job.")))
        return job_occasion(a, e, o, why);
    return ticket_occasion(a, e, o, why);
}

static struct announcement from_delivery(const struct mq_delivery *d, const struct event *e)
{
    return (struct announcement){
        .event_id = e->id, .is_history = d->time_overridden, .now = d->now, .log = d->log};
}

static enum err CO_FN tell(struct mq_delivery *d, const struct announcement *a)
{
    struct notification n;
    bool is_new;
    return announce(d->app, d->db, a, &n, &is_new);
}

static enum err CO_FN tell_audience(struct mq_delivery *d, const struct event *e,
                                    const struct occasion *o)
{
    struct notice *notices;
    struct str facts = facts_of(d->arena, o);
    size_t n = audience_of(d->arena, o, &notices);
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        struct announcement a = from_delivery(d, e);
        a.user_id = notices[i].user_id;
        a.type = notices[i].type;
        a.template = notices[i].template;
        a.facts = facts;
        a.group = notices[i].group;
        a.offered = notices[i].channels;
        a.is_urgent = notices[i].is_urgent;
        a.ticket_id = o->ticket_id;
        a.ticket_number = o->ticket_number;
        rc = tell(d, &a);
    }
    return rc;
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool is_among(const struct json_array *ids, int64_t id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (((const int64_t *)ids->items)[i] == id)
            return true;
    return false;
}

static enum err CO_FN tell_participants(struct mq_delivery *d, const struct event *e,
                                        const char **why)
{
    struct event_message m;
    bool is_gone = false;
    enum err rc = event_data(d->arena, e, &EVENT_MESSAGE, &m, why);
    if (rc == ERR_OK)
        rc = message_store_lock(d->db, m.id, &is_gone);
    if (rc || is_gone)
        return rc;
    int64_t *ids = m.participant_ids.items;
    if (m.participant_ids.count)
        qsort(ids, m.participant_ids.count, sizeof *ids, compare_ids);
    struct str facts = facts_of_message(d->arena, &m);
    for (size_t i = 0; rc == ERR_OK && i < m.participant_ids.count; i++) {
        if (ids[i] == m.sender_id || ids[i] <= 0 || is_among(&m.muted_ids, ids[i]))
            continue;
        struct announcement a = from_delivery(d, e);
        a.user_id = ids[i];
        a.type = a.template = STR(SHIPPED_MESSAGE_RECEIVED);
        a.facts = facts;
        a.group = GROUP_MESSAGES;
        a.offered = LIVE_AND_PUSH;
        a.ticket_number = m.ticket_number;
        a.message_id = m.id;
        rc = tell(d, &a);
    }
    return rc;
}

static enum err CO_FN tell_change(struct mq_delivery *d, const struct event *e, const char **why)
{
    struct event_message m;
    bool is_gone;
    enum err rc = event_data(d->arena, e, &EVENT_MESSAGE, &m, why);
    bool is_edit = str_eq(m.change, STR("edited"));
    if (rc || !(is_edit || str_eq(m.change, STR("deleted")) || str_eq(m.change, STR("unsent"))))
        return rc;
    rc = message_store_lock(d->db, m.id, &is_gone);
    if (rc || is_gone)
        return rc;
    if (is_edit)
        return announce_edited(d->app, d->db, &m, d->log);
    return announce_gone(d->app, d->db, &m, d->now, d->log);
}

static enum err CO_FN welcome(struct mq_delivery *d, const struct event *e, const char **why)
{
    struct event_user u;
    enum err rc = event_data(d->arena, e, &EVENT_USER, &u, why);
    /* The queue of people may be behind this one, and the mail needs the address. */
    if (rc == ERR_OK)
        rc = people_apply(d->db, &u);
    if (rc)
        return rc;
    struct announcement a = from_delivery(d, e);
    a.user_id = u.id;
    a.type = a.template = STR("welcome");
    a.group = GROUP_ACCOUNT;
    a.offered = LIVE_AND_PUSH | CHANNEL_BIT(CHANNEL_EMAIL);
    a.is_urgent = true;
    return tell(d, &a);
}

static enum err CO_FN on_event(struct mq_delivery *d)
{
    struct event e;
    struct occasion o;
    const char *why = "not a CloudEvent";
    enum err rc = event_decode(d->arena, d->message, &e);
    if (rc == ERR_OK && str_eq(e.type, STR("message.created"))) {
        rc = tell_participants(d, &e, &why);
    } else if (rc == ERR_OK && str_eq(e.type, STR("message.changed"))) {
        rc = tell_change(d, &e, &why);
    } else if (rc == ERR_OK && str_eq(e.type, STR("user.created"))) {
        rc = welcome(d, &e, &why);
    } else if (rc == ERR_OK) {
        rc = occasion_of(d->arena, &e, &o, &why);
        if (rc == ERR_OK)
            rc = tell_audience(d, &e, &o);
    }
    if (rc == ERR_INVALID_PAYLOAD)
        d->reject_reason = str_from(why);
    return rc;
}

/* ---- to the open sockets ------------------------------------------------------------------- */

static enum err CO_FN fan_out_notification(struct live *l, struct arena *a, const struct event *e)
{
    struct event_notification n;
    const char *why;
    enum err rc = event_data(a, e, &EVENT_NOTIFICATION, &n, &why);
    if (rc)
        return rc;
    if (str_eq(e->type, STR("notification.created")))
        push_notification(l, a, &n);
    else if (str_eq(e->type, STR("notification.changed")))
        push_changed(l, a, &n);
    push_count(l, a, n.user_id);
    return ERR_OK;
}

static enum err fan_out_job(struct live *l, struct arena *a, const struct event *e)
{
    struct event_job j;
    const char *why;
    enum err rc = event_data(a, e, &EVENT_JOB, &j, &why);
    if (rc == ERR_OK)
        push_job(l, a, &j);
    return rc;
}

static enum err CO_FN on_fanout(struct mq_delivery *d)
{
    struct event e;
    struct live *l = &notification_state(d->app)->live;
    enum err rc = live_wait(l);
    if (rc == ERR_OK)
        rc = event_decode(d->arena, d->message, &e);
    if (rc)
        return rc;
    return str_has_prefix(e.type, STR("job.")) ? fan_out_job(l, d->arena, &e)
                                               : fan_out_notification(l, d->arena, &e);
}

void events_declare(struct service *s)
{
    static const struct mq_binding EVENTS[] = {
        {MQ_EVENTS_EXCHANGE, "ticket.*"},
        {MQ_EVENTS_EXCHANGE, "task.*"},
        {MQ_EVENTS_EXCHANGE, "sla.*"},
        {MQ_EVENTS_EXCHANGE, "feedback.received"},
        {MQ_EVENTS_EXCHANGE, "message.created"},
        {MQ_EVENTS_EXCHANGE, "user.created"},
        {MQ_EVENTS_EXCHANGE, "job.completed"},
        {MQ_EVENTS_EXCHANGE, "message.changed"},
        {NULL, NULL},
    };
    static const struct mq_binding FANOUT[] = {
        {MQ_EVENTS_EXCHANGE, "notification.created"},
        {MQ_EVENTS_EXCHANGE, "notification.changed"},
        {MQ_EVENTS_EXCHANGE, "notification.read"},
        {MQ_EVENTS_EXCHANGE, "job.*"},
        {NULL, NULL},
    };
    static const struct mq_queue QUEUES[] = {
        {"notification.events", MQ_QUORUM, EVENTS},
        {"notification.fanout", MQ_EXCLUSIVE, FANOUT},
    };
    /* What waits is written together: events of a busy person wait for each other anyway. */
    static const struct mq_consumer FROM_FLEET = {.queue = "notification.events",
                                                  .concurrency = 1,
                                                  .use_inbox = true,
                                                  .handler = on_event,
                                                  .in_batches = true,
                                                  .linger_ms = 20};
    static const struct mq_consumer TO_SOCKETS = {
        .queue = "notification.fanout", .concurrency = 1, .handler = on_fanout};
    mq_declare_queue(s->mq, &QUEUES[0]);
    mq_declare_queue(s->mq, &QUEUES[1]);
    mq_consume(s->mq, &FROM_FLEET, s->db, s);
    mq_consume(s->mq, &TO_SOCKETS, NULL, s);
    people_consume(s, NULL);
}
