#include "delivery/mailer.h"
#include "event.h"
#include "events/consume.h"
#include "store/delivery_store.h"
#include "store/notification_store.h"

#define SOURCE "notification-service"

enum err announce(struct service *s, struct db_session *db, const struct announcement *a,
                  int64_t *id)
{
    struct new_notification n = {.user_id = a->user_id,
                                 .type = a->type,
                                 .title = a->title,
                                 .message = a->message,
                                 .ticket_number = a->ticket_number,
                                 .data = a->data,
                                 .event_id = a->event_id,
                                 .now = a->now,
                                 .is_read = a->is_history};
    enum err rc = notification_store_add(db, &n, id);
    if (rc || *id == 0 || a->is_history)
        return rc;
    if (a->by_mail) {
        rc = delivery_store_add(db, *id, "email", a->recipient, a->now);
        if (rc)
            return rc;
        db_on_commit(db, mailer_kick, notification_state(s)->mailer);
    }
    struct event_notification payload = {.id = *id,
                                         .user_id = a->user_id,
                                         .type = a->type,
                                         .title = a->title,
                                         .message = a->message,
                                         .ticket_number = a->ticket_number,
                                         .created_at = a->now};
    struct event_meta meta = {.source = SOURCE,
                              .type = "notification.created",
                              .subject = str_printf(db->arena, "%lld", (long long)*id),
                              .time = a->now,
                              .log = a->log};
    return event_put(db, &meta, &EVENT_NOTIFICATION, &payload);
}

enum err announce_read(struct db_session *db, int64_t user_id, int64_t now, struct log_context log)
{
    struct event_notification payload = {.user_id = user_id, .created_at = now};
    struct event_meta meta = {.source = SOURCE,
                              .type = "notification.read",
                              .subject = str_printf(db->arena, "%lld", (long long)user_id),
                              .time = now,
                              .log = log};
    return event_put(db, &meta, &EVENT_NOTIFICATION, &payload);
}
