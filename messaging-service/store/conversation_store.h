#pragma once
/* Conversations and who takes part in them. All calls may suspend. */
#include "db.h"

struct conversation {
    int64_t id;
    struct str type, ticket_number, title; /* ticket_number: absent unless type is support */
    int64_t created_at, updated_at;
    /* of the person who asks */
    bool takes_part;
    bool is_current;         /* not only a former participant */
    int64_t unread;          /* conversation_store_of_person only, as the next */
    struct str last_message; /* absent: none yet */
};

/* ERR_CONVERSATION_NOT_FOUND when there is none. user_id: the person who asks. */
MUST_CHECK enum err CO_FN conversation_store_get(struct db_session *s, int64_t id, int64_t user_id,
                                                 struct conversation *out);
MUST_CHECK enum err CO_FN conversation_store_by_ticket(struct db_session *s,
                                                       struct str ticket_number, int64_t user_id,
                                                       struct conversation *out);

struct conversation_filter {
    struct str ticket_number; /* absent: any */
    int64_t id;               /* 0: any */
    int64_t limit;
};
/* Those a person takes part in, latest first, with unread and last_message. */
MUST_CHECK enum err CO_FN conversation_store_of_person(struct db_session *s, int64_t user_id,
                                                       const struct conversation_filter *f,
                                                       const struct conversation **out,
                                                       size_t *count);

/* What an event tells of a ticket's people; 0: nothing. */
struct ticket_people {
    struct str ticket_number, subject;
    int64_t requester_id, owner_id, assignee_id;
    int64_t since; /* of the event: an older one replaces nobody */
    int64_t now;
};
/* The ticket's conversation, made when missing; its people join. */
MUST_CHECK enum err CO_FN conversation_store_follow_ticket(struct db_session *s,
                                                           const struct ticket_people *p);
/* The direct conversation of two people, made when missing; a is who asks. */
MUST_CHECK enum err CO_FN conversation_store_direct(struct db_session *s, int64_t a, int64_t b,
                                                    int64_t now, struct conversation *out);
/* Makes a person a participant who stays one whatever becomes of the ticket. */
MUST_CHECK enum err CO_FN conversation_store_join(struct db_session *s, int64_t id, int64_t user_id,
                                                  int64_t now);
/* The current participants. */
MUST_CHECK enum err CO_FN conversation_store_participants(struct db_session *s, int64_t id,
                                                          const int64_t **ids, size_t *count);
/* All messages up to an id have been read. */
MUST_CHECK enum err CO_FN conversation_store_mark_read(struct db_session *s, int64_t id,
                                                       int64_t user_id, int64_t up_to);
