#pragma once
/* Telling people: the notification, its delivery and its event, in the session's transaction. */
#include "db.h"
#include "log.h"
#include "store/notification_store.h"

struct service;

struct announcement {
    int64_t user_id; /* 0: nobody known, only an address */
    struct str type, title, message;
    int64_t ticket_id; /* 0: none */
    struct str ticket_number;
    struct str channel;   /* empty: in_app */
    struct str data;      /* JSON, absent: {} */
    struct str recipient; /* instead of the person's address; absent: that */
    struct str event_id;  /* absent: not caused by an event */
    bool by_mail;         /* told in the app, and mailed unless the person does not want it */
    bool is_history;      /* long past: stored as read, neither pushed nor sent */
    int64_t now;
    struct log_context log;
};
/* False in *is_new when the same event has been told before; then *out is not filled. */
MUST_CHECK enum err CO_FN announce(struct service *s, struct db_session *db,
                                   const struct announcement *a, struct notification *out,
                                   bool *is_new);
/* The same in a transaction of its own; not for what an event has caused. */
MUST_CHECK enum err CO_FN announce_alone(struct service *s, struct db_session *db,
                                         const struct announcement *a, struct notification *out);
/* Tells every process that a person's unread count has changed. */
MUST_CHECK enum err CO_FN announce_read(struct db_session *db, int64_t user_id, int64_t now,
                                        struct log_context log);
