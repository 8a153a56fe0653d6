#pragma once
/* Conversations, their participants and messages. All calls may suspend. */
#include "db.h"

struct conversation {
    int64_t id;
    struct str type, ticket_number, title;
    int64_t created_at, updated_at;
    int64_t unread;          /* for the person who asks */
    struct str last_message; /* absent: none yet */
};

struct message {
    int64_t id, conversation_id, sender_id;
    struct str sender_name, content, client_id;
    int64_t created_at;
};

struct message_list {
    const struct message *items;
    size_t count;
};

/* ERR_CONVERSATION_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN conversation_store_get(struct db_session *s, int64_t id,
                                                 struct conversation *out);
MUST_CHECK enum err CO_FN conversation_store_by_ticket(struct db_session *s,
                                                       struct str ticket_number,
                                                       struct conversation *out);
MUST_CHECK enum err CO_FN conversation_store_of_person(struct db_session *s, int64_t user_id,
                                                       struct str ticket_number, int64_t limit,
                                                       const struct conversation **out,
                                                       size_t *count);
/* The ticket's conversation, made when missing; people join (ids <= 0 are ignored). */
MUST_CHECK enum err CO_FN conversation_store_follow_ticket(struct db_session *s,
                                                           struct str ticket_number,
                                                           struct str title, const int64_t *people,
                                                           size_t n, int64_t now);
/* The direct conversation of two people, made when missing. */
MUST_CHECK enum err CO_FN conversation_store_direct(struct db_session *s, int64_t a, int64_t b,
                                                    int64_t now, struct conversation *out);
MUST_CHECK enum err CO_FN conversation_store_takes_part(struct db_session *s, int64_t id,
                                                        int64_t user_id, bool *out);
MUST_CHECK enum err CO_FN conversation_store_participants(struct db_session *s, int64_t id,
                                                          const int64_t **ids, size_t *count);

/* Messages with ids above after (message_store_after) or the newest below before; oldest first. */
MUST_CHECK enum err CO_FN message_store_after(struct db_session *s, int64_t conversation_id,
                                              int64_t after, int64_t limit,
                                              struct message_list *out);
MUST_CHECK enum err CO_FN message_store_before(struct db_session *s, int64_t conversation_id,
                                               int64_t before, int64_t limit,
                                               struct message_list *out);
/*
 * Adds m and fills id; sender_id, sender_name, content, client_id and created_at are given. With a
 * client_id that was used before, *out is the message stored then and *is_new false.
 */
MUST_CHECK enum err CO_FN message_store_add(struct db_session *s, const struct message *m,
                                            struct message *out, bool *is_new);
MUST_CHECK enum err CO_FN message_store_mark_read(struct db_session *s, int64_t conversation_id,
                                                  int64_t user_id, int64_t up_to);
