#pragma once
/* Telling people: the notification, its deliveries and its event, in the session's transaction. */
#include "db.h"
#include "domain/matrix.h"
#include "log.h"
#include "store/notification_store.h"

struct service;

/*
 * With a channel it is sent on purpose: there, whatever the person wishes. Without one it is caused
 * by an event, and the person's wishes choose among the channels offered.
 */
struct announcement {
    int64_t user_id; /* 0: nobody known, only an address */
    struct str type;
    struct str template, facts; /* of its words; absent: the following */
    struct str title, message;
    int64_t ticket_id; /* 0: none */
    struct str ticket_number;
    struct str channel; /* on purpose */
    enum event_group group;
    unsigned offered;     /* CHANNEL_BIT */
    bool is_urgent;       /* neither quiet hours nor a digest hold it back */
    struct str data;      /* JSON, absent: {} */
    struct str recipient; /* instead of the person's address; absent: that */
    struct str event_id;  /* absent: not caused by an event */
    int64_t message_id;   /* of which message it tells; 0: none */
    bool is_history;      /* long past: stored as read, neither pushed nor sent */
    int64_t now;
    struct log_context log;
};
/*
 * False in *is_new when the same event has been told before, or the person wishes not to hear of
 * it; then *out is not filled. Who tells several people does so in order of their ids.
 * ERR_NOT_FOUND when there is no such template.
 */
MUST_CHECK enum err CO_FN announce(struct service *s, struct db_session *db,
                                   const struct announcement *a, struct notification *out,
                                   bool *is_new);
/* A message is gone: whoever was told of it is no longer told what it said. It is locked. */
struct event_message;
MUST_CHECK enum err CO_FN announce_gone(struct service *s, struct db_session *db,
                                        const struct event_message *m, int64_t now,
                                        struct log_context log);
/* A message says something else: whoever was told of it is told that. It is locked. */
MUST_CHECK enum err CO_FN announce_edited(struct service *s, struct db_session *db,
                                          const struct event_message *m, struct log_context log);
/* Tells every process that a person's unread count has changed. */
MUST_CHECK enum err CO_FN announce_read(struct db_session *db, int64_t user_id, int64_t now,
                                        struct log_context log);
