#pragma once
/* Conversations, as one person sees them. All calls may suspend. */
#include "db.h"
#include "json.h"

struct conversation {
    int64_t id;
    struct str type, ticket_number, title; /* ticket_number: absent unless type is support */
    struct str ticket_status;
    struct str metadata; /* JSON */
    int64_t created_at, updated_at;
    int64_t version;
    int64_t group_owner_id; /* JSON_NO_INT: none */
    /* of the person who asks */
    bool takes_part;
    bool is_current; /* not only a former participant */
    int8_t is_muted, is_archived;
    int64_t last_read_id, unread;
    /* conversation_store_seen_by and conversation_store_list only */
    struct str last_message; /* its beginning; absent: none yet */
    int64_t last_message_at;
    int64_t counterpart_id; /* of a direct one, JSON_NO_INT */
    struct str counterpart_name, counterpart_email;
    struct str messages; /* JSON: the latest, for whoever fills it; absent: none */
};

/* ERR_CONVERSATION_NOT_FOUND when there is none. user_id: the person who asks. */
MUST_CHECK enum err CO_FN conversation_store_get(struct db_session *s, int64_t id, int64_t user_id,
                                                 struct conversation *out);
MUST_CHECK enum err CO_FN conversation_store_by_ticket(struct db_session *s,
                                                       struct str ticket_number, int64_t user_id,
                                                       struct conversation *out);
/* With everything that is shown, also to who takes no part. */
MUST_CHECK enum err CO_FN conversation_store_seen_by(struct db_session *s, int64_t id,
                                                     int64_t user_id, struct conversation *out);
/* Until the end of the transaction nothing else happens in the conversation, and what the
 * transaction reads from now on is not older. ERR_CONVERSATION_NOT_FOUND. */
MUST_CHECK enum err CO_FN conversation_store_lock(struct db_session *s, int64_t id);

struct conversation_filter {
    bool is_archived;
    int64_t before_at,
        before_id; /* the place in the list behind which to go on; 0: the beginning */
    int64_t limit;
};
/* Those a person takes part in, latest first. */
MUST_CHECK enum err CO_FN conversation_store_list(struct db_session *s, int64_t user_id,
                                                  const struct conversation_filter *f,
                                                  struct conversation **out, size_t *count);

/* What an event tells of a ticket's people; 0: nothing. */
struct ticket_people {
    struct str ticket_number, subject, status;
    int64_t requester_id, owner_id, assignee_id;
    int64_t since; /* of the event: an older one replaces nobody */
    int64_t now;
};
/* The ticket's conversation, made when missing; its people join. *id is the conversation's, which
 * is locked; *former are those who belonged to the ticket and do so no longer. */
MUST_CHECK enum err CO_FN conversation_store_follow_ticket(struct db_session *s,
                                                           const struct ticket_people *p,
                                                           int64_t *id, struct json_array *former);
/* The direct conversation of two people, made when missing; a is who asks. metadata: JSON, absent:
 * left as it is. */
MUST_CHECK enum err CO_FN conversation_store_direct(struct db_session *s, int64_t a, int64_t b,
                                                    struct str metadata, int64_t now,
                                                    struct conversation *out);
/* A group without members. */
MUST_CHECK enum err CO_FN conversation_store_add_group(struct db_session *s, struct str title,
                                                       int64_t owner_id, int64_t now, int64_t *id);
MUST_CHECK enum err CO_FN conversation_store_rename(struct db_session *s, int64_t id,
                                                    struct str title, int64_t now);
/* owner_id 0: whoever has been a member for longest. *owner is JSON_NO_INT when nobody is left. */
MUST_CHECK enum err CO_FN conversation_store_hand_over(struct db_session *s, int64_t id,
                                                       int64_t owner_id, int64_t *owner);
