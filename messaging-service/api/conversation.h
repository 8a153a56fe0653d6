#pragma once
/* What REST and WebSocket share: finding a conversation with access checked, posting a message. */
#include "actor.h"
#include "event.h"
#include "req.h"
#include "store/conversation_store.h"
#include "store/message_store.h"

#define MAX_CONTENT 10000 /* code points */
#define MAX_CLIENT_ID 100 /* bytes */

/* A person, as far as conversations are concerned. */
struct speaker {
    int64_t user_id;
    struct str name; /* of the token; the one the service knows comes first */
    bool sees_all_tickets;
};
struct speaker speaker_of(const struct actor *a);

/* By id, or by ticket number when id is 0. ERR_CONVERSATION_NOT_FOUND also when it is not one's
 * own. */
MUST_CHECK enum err CO_FN conversation_find(struct db_session *db, const struct speaker *who,
                                            int64_t id, struct str ticket_number,
                                            struct conversation *out);

/* The conversation that {id} of the path names. */
MUST_CHECK enum err CO_FN conversation_of_path(struct req *r, struct db_session **db,
                                               const struct speaker *who, struct conversation *out);
/* The direct conversation with another person, made when missing. ERR_USER_NOT_FOUND. */
MUST_CHECK enum err CO_FN conversation_open_direct(struct db_session *db, const struct speaker *who,
                                                   int64_t other, int64_t now,
                                                   struct conversation *out);

struct posting {
    const struct speaker *who;
    struct str content;
    struct str client_id; /* empty: none */
    int64_t now;
    bool time_overridden;
    struct log_context log;
};
/* NULL when content and client_id are fine, else what is wrong with them. */
const char *posting_problem(const struct posting *p);
/*
 * Stores the message and its event in one transaction. Who is not yet a participant (an admin)
 * becomes one. ERR_VALIDATION_ERROR for what posting_problem finds, ERR_FORBIDDEN for a former
 * participant. Repeating a client_id gives the first message, and *is_new is false.
 */
MUST_CHECK enum err CO_FN conversation_post(struct db_session *db, const struct conversation *c,
                                            const struct posting *p, struct message *out,
                                            bool *is_new);
