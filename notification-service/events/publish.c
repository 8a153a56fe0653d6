#include "events/publish.h"

#include "courier.h"
#include "event.h"
#include "state.h"
#include "store/delivery_store.h"

static bool is_in_app(const struct announcement *a)
{
    return !a->channel.len || str_eq(a->channel, STR("in_app"));
}

/* The person is the subject: a person's events keep their order. */
static enum err CO_FN put(struct db_session *db, const char *type,
                          const struct event_notification *payload, struct log_context log)
{
    const struct event_meta meta = {.source = "notification-service",
                                    .type = type,
                                    .subject =
                                        str_printf(db->arena, "%lld", (long long)payload->user_id),
                                    .time = payload->created_at,
                                    .log = log};
    return event_put(db, &meta, &EVENT_NOTIFICATION, payload);
}

static enum err CO_FN deliver(struct service *s, struct db_session *db,
                              const struct announcement *a, int64_t id)
{
    const struct new_delivery d = {.notification_id = id,
                                   .channel = is_in_app(a) ? STR("email") : a->channel,
                                   .recipient = a->recipient,
                                   .is_optional = is_in_app(a),
                                   .now = a->now};
    enum err rc = delivery_store_add(db, &d);
    if (rc == ERR_OK)
        db_on_commit(db, courier_kick, notification_state(s)->courier);
    return rc;
}

enum err announce(struct service *s, struct db_session *db, const struct announcement *a,
                  struct notification *out, bool *is_new)
{
    const struct new_notification n = {.user_id = a->user_id,
                                       .type = a->type,
                                       .title = a->title,
                                       .message = a->message,
                                       .ticket_id = a->ticket_id,
                                       .ticket_number = a->ticket_number,
                                       .channel = is_in_app(a) ? STR("in_app") : a->channel,
                                       .data = a->data,
                                       .event_id = a->event_id,
                                       .now = a->now,
                                       .is_read = a->is_history};
    enum err rc = notification_store_add(db, &n, out, is_new);
    if (rc || !*is_new || a->is_history)
        return rc;
    if (a->by_mail || !is_in_app(a))
        rc = deliver(s, db, a, out->id);
    if (rc || !is_in_app(a))
        return rc;
    const struct event_notification payload = {.id = out->id,
                                               .user_id = a->user_id,
                                               .type = a->type,
                                               .title = a->title,
                                               .message = a->message,
                                               .ticket_number = a->ticket_number,
                                               .created_at = a->now};
    return put(db, "notification.created", &payload, a->log);
}

struct alone {
    struct service *service;
    const struct announcement *announcement;
    struct notification *out;
};

static enum err CO_FN announce_in_transaction(struct db_session *db, void *arg)
{
    struct alone *x = arg;
    bool is_new;
    return announce(x->service, db, x->announcement, x->out, &is_new);
}

enum err announce_alone(struct service *s, struct db_session *db, const struct announcement *a,
                        struct notification *out)
{
    struct alone x = {s, a, out};
    return db_transact(db, announce_in_transaction, &x);
}

enum err announce_read(struct db_session *db, int64_t user_id, int64_t now, struct log_context log)
{
    const struct event_notification payload = {.user_id = user_id, .created_at = now};
    return put(db, "notification.read", &payload, log);
}
