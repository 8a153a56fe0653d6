#pragma once
/* What the handlers that post and change messages share, whatever they answer. */
#include "api/conversation.h"
#include "api/message_act.h"
#include "req.h"

struct new_message {
    struct str content, client_id, type;
    struct json_array attachments, mentions;
    int64_t reply_to_id;
};

struct edit_body {
    struct str content;
};

/* Stores the message. Of what is wrong with it the request is told. */
MUST_CHECK enum err CO_FN posted(struct req *r, struct db_session *db, const struct speaker *who,
                                 const struct conversation *c, const struct new_message *b,
                                 struct message *out);
/* Changes the message. ERR_NOT_FOUND for id 0. Likewise. */
MUST_CHECK enum err CO_FN acted(struct req *r, enum change_kind kind, int64_t id, struct str text,
                                struct act_result *out);
struct attachment;
MUST_CHECK enum err CO_FN acted_on_file(struct req *r, enum change_kind kind, int64_t id,
                                        const struct attachment *file, struct act_result *out);
/* {id} of the path, 0 when it is none. */
int64_t message_of_path(struct req *r);
/* {id} and the conversation it is in, with access checked. ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN message_find(struct req *r, struct db_session **db,
                                       const struct speaker *who, struct message *m,
                                       struct conversation *c);
