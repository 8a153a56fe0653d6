#pragma once
/* Notifications as rows. All calls may suspend. */
#include "db.h"

struct notification {
    int64_t id, user_id;
    struct str type, title, message, ticket_number, channel, data;
    bool is_read;
    int64_t read_at, created_at; /* INT64_MIN: not read */
};

struct new_notification {
    int64_t user_id;
    struct str type, title, message, ticket_number, channel;
    struct str data;     /* JSON object text, absent: {} */
    struct str event_id; /* absent: not caused by an event */
    int64_t now;
    bool is_read;
};

/* *id is 0 when the same event has been told before. */
MUST_CHECK enum err CO_FN notification_store_add(struct db_session *s,
                                                 const struct new_notification *n, int64_t *id);

struct notification_list {
    const struct notification *items;
    size_t count;
    int64_t unread;
};
/* Newest first; before: only ids below it, 0 for the newest. */
MUST_CHECK enum err CO_FN notification_store_list(struct db_session *s, int64_t user_id,
                                                  bool unread_only, int64_t before, int64_t limit,
                                                  struct notification_list *out);
MUST_CHECK enum err CO_FN notification_store_unread(struct db_session *s, int64_t user_id,
                                                    int64_t *count);
/* ERR_NOT_FOUND when the person has no such notification. Reading twice is fine. */
MUST_CHECK enum err CO_FN notification_store_read(struct db_session *s, int64_t user_id, int64_t id,
                                                  int64_t now, struct notification *out);
MUST_CHECK enum err CO_FN notification_store_read_all(struct db_session *s, int64_t user_id,
                                                      int64_t now, int64_t *count);
