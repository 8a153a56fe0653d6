#pragma once
/* Notifications that tell of messages, and messages that are gone. All calls may suspend. */
#include "db.h"

/* Until the end of the transaction nobody else tells of the message or of its end. True when it is
 * gone. */
MUST_CHECK enum err CO_FN message_store_lock(struct db_session *s, int64_t message_id,
                                             bool *is_gone);
/* It is gone from now on; it is locked. False in *is_new when it was so already. */
MUST_CHECK enum err CO_FN message_store_end(struct db_session *s, int64_t message_id, int64_t now,
                                            bool *is_new);

/* Who was told of a message, by language. */
struct told {
    int64_t id, user_id;
    struct str language, name, email; /* absent: not known */
    bool is_in_app;
};
MUST_CHECK enum err CO_FN message_store_told(struct db_session *s, int64_t message_id,
                                             const struct told **out, size_t *count);

/* Gives a notification other words, and template and facts that make them. *change_id is the place
 * of the change among the ids of notifications. ERR_NOT_FOUND when there is none, or when it says
 * so already, or tells of a newer version. */
struct other_words {
    struct str title, message, template, facts, language;
    struct str why;  /* what waits to be sent is not sent, and this is its error; absent: it is */
    int64_t version; /* of the message; 0: not known */
};
struct notification;
MUST_CHECK enum err CO_FN message_store_reword(struct db_session *s, int64_t notification_id,
                                               const struct other_words *w,
                                               struct notification *out, int64_t *change_id);
