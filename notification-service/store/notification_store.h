#pragma once
/* Notifications as rows. All calls may suspend. */
#include "db.h"

struct notification {
    int64_t id;
    int64_t user_id; /* INT64_MIN: an address that belongs to nobody known */
    struct str type, title, message;
    int64_t ticket_id; /* INT64_MIN: none */
    struct str ticket_number, channel, data;
    bool is_read;
    int64_t read_at, created_at; /* INT64_MIN: not read */
    /* of its delivery, notification_store_history only */
    struct str status; /* queued, sending, collected, sent, failed or suppressed */
    int64_t retry_count, sent_at;
};

struct new_notification {
    int64_t user_id; /* 0: nobody known */
    struct str type, title, message;
    int64_t ticket_id; /* 0: none */
    struct str ticket_number, channel;
    struct str data;                                   /* JSON, absent: {} */
    struct str event_id;                               /* absent: not caused by an event */
    struct str template, facts, language, event_group; /* absent: in words of its own */
    int64_t message_id;                                /* of which message it tells; 0: none */
    bool is_urgent;
    int64_t now;
    bool is_read;
};

/* False in *is_new when the same event has been told before; then *out is not filled. The person's
 * mailbox is locked (recipient_store.h). */
MUST_CHECK enum err CO_FN notification_store_add(struct db_session *s,
                                                 const struct new_notification *n,
                                                 struct notification *out, bool *is_new);

struct notification_list {
    const struct notification *items;
    size_t count;
};
struct notification_filter {
    bool unread_only;
    int64_t before; /* only ids below it; 0: the newest */
    int64_t limit;
};
/* What a person is told in the app, newest first. */
MUST_CHECK enum err CO_FN notification_store_list(struct db_session *s, int64_t user_id,
                                                  const struct notification_filter *f,
                                                  struct notification_list *out);
/* The newest of all channels, with what became of their delivery. */
MUST_CHECK enum err CO_FN notification_store_history(struct db_session *s, int64_t user_id,
                                                     int64_t limit, struct notification_list *out);
MUST_CHECK enum err CO_FN notification_store_unread(struct db_session *s, int64_t user_id,
                                                    int64_t *count);
/* Of several people: (*counts)[i] is user_ids[i]'s. */
MUST_CHECK enum err CO_FN notification_store_unread_of(struct db_session *s,
                                                       const int64_t *user_ids, size_t n,
                                                       const int64_t **counts);
/* ERR_NOT_FOUND when the person has no such notification. Reading twice is fine. */
MUST_CHECK enum err CO_FN notification_store_read(struct db_session *s, int64_t user_id, int64_t id,
                                                  int64_t now, struct notification *out);
MUST_CHECK enum err CO_FN notification_store_read_all(struct db_session *s, int64_t user_id,
                                                      int64_t now, int64_t *count);
/* ERR_NOT_FOUND as above. */
MUST_CHECK enum err CO_FN notification_store_delete(struct db_session *s, int64_t user_id,
                                                    int64_t id);

/* Gives one other words. */
MUST_CHECK enum err CO_FN notification_store_rename(struct db_session *s, int64_t id,
                                                    struct str title, struct str message);
/* Removes one that nobody has been told of. */
MUST_CHECK enum err CO_FN notification_store_drop(struct db_session *s, int64_t id);

/* The newest id of all notifications and changes, 0 when there is none. */
MUST_CHECK enum err CO_FN notification_store_newest(struct db_session *s, int64_t *id);
/* Everybody's unread ones with ids above after, and those that have got other words since: changes
 * have ids of the same sequence. Oldest first. */
struct missed {
    int64_t id; /* of the notification or of the change */
    bool is_change;
    struct notification notification;
};
struct missed_list {
    const struct missed *items;
    size_t count;
};
MUST_CHECK enum err CO_FN notification_store_missed(struct db_session *s, int64_t after,
                                                    int64_t limit, struct missed_list *out);
