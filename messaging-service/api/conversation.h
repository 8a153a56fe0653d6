#pragma once
/* What REST and WebSocket share: finding a conversation with access checked, posting, reading. */
#include "actor.h"
#include "domain/access.h"
#include "event.h"
#include "req.h"
#include "store/change_store.h"
#include "store/conversation_store.h"

#define MAX_CONTENT 10000 /* code points */
#define MAX_CLIENT_ID 100 /* bytes */
#define MAX_ATTACHMENTS 10
/* In larger conversations nobody is told live how far the others have read. */
#define RECEIPT_PEOPLE_MAX 50

/* A person, as far as conversations are concerned. */
struct speaker {
    int64_t user_id;
    struct str name;              /* of the token; the one the service knows comes first */
    struct str role_system, role; /* what is shown of the sender's roles */
    bool sees_all_tickets;
};
struct speaker speaker_of(const struct actor *a);

/* What something happened for. */
struct occasion {
    const struct speaker *who;
    int64_t now;
    bool time_overridden;
    struct log_context log;
};
struct occasion occasion_of(const struct req *r, const struct speaker *who);

struct access access_to(const struct conversation *c, const struct speaker *who);

/* By id, or by ticket number when id is 0. ERR_CONVERSATION_NOT_FOUND also when it is not one's
 * own. */
MUST_CHECK enum err CO_FN conversation_find(struct db_session *db, const struct speaker *who,
                                            int64_t id, struct str ticket_number,
                                            struct conversation *out);

/* The conversation that {id} of the path names. */
MUST_CHECK enum err CO_FN conversation_of_path(struct req *r, struct db_session **db,
                                               const struct speaker *who, struct conversation *out);
/* The direct conversation with another person, made when missing; metadata as of
 * conversation_store_direct. ERR_USER_NOT_FOUND. */
MUST_CHECK enum err CO_FN conversation_open_direct(struct db_session *db, const struct speaker *who,
                                                   int64_t other, struct str metadata, int64_t now,
                                                   struct conversation *out);
/* What a request calls context, as the text that is kept. ERR_VALIDATION_ERROR, with the field. */
#define MAX_CONTEXT 4096 /* bytes */
MUST_CHECK enum err context_text(struct req *r, const struct json *context, struct str *out);
/* The name people know now, not the one in an old token. ERR_FORBIDDEN for who is disabled. */
MUST_CHECK enum err CO_FN speaker_name(struct db_session *db, const struct speaker *who,
                                       struct str *out);

struct posting {
    struct occasion occasion;
    struct str content;
    struct str client_id;       /* empty: none */
    struct str type;            /* empty: text */
    struct json_array files;    /* struct attachment */
    struct json_array mentions; /* int64_t: beside those that the content names */
    int64_t reply_to_id;        /* JSON_NO_INT: none */
};
/* NULL when content, client_id and so on are fine, else what is wrong with them. */
const char *posting_problem(const struct posting *p);
/*
 * Stores the message and its event in one transaction. Who is not yet a participant (an admin)
 * becomes one. ERR_VALIDATION_ERROR for what posting_problem finds, and with *problem for a reply
 * or a mention that does not fit; ERR_FORBIDDEN for a former participant. Repeating a client_id
 * gives the first message, and *is_new is false.
 */
MUST_CHECK enum err CO_FN conversation_post(struct db_session *db, const struct conversation *c,
                                            const struct posting *p, struct message *out,
                                            bool *is_new, const char **problem);

/* Whom a text names by @name, of the conversation's participants. */
MUST_CHECK enum err CO_FN conversation_mentions(struct db_session *db, int64_t conversation_id,
                                                struct str content, struct json_array *out);
/* Locks the conversation and finds it again. ERR_FORBIDDEN for who may not write in it. */
MUST_CHECK enum err CO_FN conversation_lock_for_writing(struct db_session *db,
                                                        const struct speaker *who, int64_t id,
                                                        struct conversation *out);

/* The speaker has read everything up to a message, as far as there is any. *last_read_id is how far
 * that is now. */
MUST_CHECK enum err CO_FN conversation_read(struct db_session *db, const struct conversation *c,
                                            const struct occasion *o, int64_t up_to,
                                            int64_t *last_read_id);
