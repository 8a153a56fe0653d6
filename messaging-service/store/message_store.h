#pragma once
/* What has been said. All calls may suspend. */
#include "db.h"

struct message {
    int64_t id, conversation_id, sender_id;
    struct str sender_name, content;
    struct str client_id; /* chosen by the client; absent: none */
    int64_t created_at;
};

struct message_list {
    const struct message *items; /* oldest first */
    size_t count;
};

/* ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN message_store_get(struct db_session *s, int64_t id, struct message *out);
/* The first with ids between the bounds, which are excluded. */
MUST_CHECK enum err CO_FN message_store_after(struct db_session *s, int64_t conversation_id,
                                              int64_t after, int64_t before, int64_t limit,
                                              struct message_list *out);
/* The newest with ids below. */
MUST_CHECK enum err CO_FN message_store_before(struct db_session *s, int64_t conversation_id,
                                               int64_t before, int64_t limit,
                                               struct message_list *out);
/* The newest id of a conversation, 0 when nothing has been said; of all when it is 0. */
MUST_CHECK enum err CO_FN message_store_newest(struct db_session *s, int64_t conversation_id,
                                               int64_t *id);
/*
 * Adds m and fills id; sender_id, sender_name, content, client_id and created_at are given. With a
 * client_id that was used before, *out is the message stored then and *is_new false.
 */
MUST_CHECK enum err CO_FN message_store_add(struct db_session *s, const struct message *m,
                                            struct message *out, bool *is_new);

/* A message and whom it is pushed to. */
struct missed_message {
    struct message message;
    struct str ticket_number;
    const int64_t *participant_ids;
    size_t participant_count;
};
/* Messages of all conversations with ids above after, oldest first. */
MUST_CHECK enum err CO_FN message_store_missed(struct db_session *s, int64_t after, int64_t limit,
                                               const struct missed_message **out, size_t *count);
