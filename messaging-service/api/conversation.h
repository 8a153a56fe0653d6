#pragma once
/* What REST and WebSocket share: finding a conversation with access checked, posting a message. */
#include "actor.h"
#include "event.h"
#include "store/conversation_store.h"

#define MAX_CONTENT 10000

/* By id, or by ticket number when id is 0. ERR_CONVERSATION_NOT_FOUND also when it is not one's
 * own. */
MUST_CHECK enum err CO_FN conversation_find(struct db_session *db, const struct actor *who,
                                            int64_t id, struct str ticket_number,
                                            struct conversation *out);

struct posting {
    const struct actor *who;
    struct str content, client_id;
    int64_t now;
    bool time_overridden;
    struct log_context log;
};
/*
 * Stores the message and its event in one transaction; a sender who is not yet a participant (an
 * admin) becomes one. ERR_VALIDATION_ERROR for an empty, too long or ill-formed content. Repeating
 * a client_id answers the first message.
 */
MUST_CHECK enum err CO_FN conversation_post(struct db_session *db, const struct conversation *c,
                                            const struct posting *p, struct message *out);
