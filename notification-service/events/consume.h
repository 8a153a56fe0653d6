#pragma once
/* What this program listens to: the fleet's events (queue notification.events) become
 * notifications; notification.created and notification.read reach every process for its open
 * sockets. */
#include "config.h"

void events_declare(struct service *s);

/* Stores a notification with its deliveries and announces it, in the session's transaction. */
struct announcement {
    int64_t user_id;
    struct str type, title, message, ticket_number, data;
    struct str event_id;
    struct str recipient; /* overrides the person's address, may be absent */
    bool by_mail, is_history;
    int64_t now;
    struct log_context log;
};
/* *id is 0 when the same event has been told before. */
MUST_CHECK enum err CO_FN announce(struct service *s, struct db_session *db,
                                   const struct announcement *a, int64_t *id);
/* Tells every process that a person's unread count has changed. */
MUST_CHECK enum err CO_FN announce_read(struct db_session *db, int64_t user_id, int64_t now,
                                        struct log_context log);
