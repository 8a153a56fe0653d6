#pragma once
/* Handlers of conversations; see routes.c. */
#include "json.h"
#include "req.h"

enum err CO_FN conversations_list(struct req *r);
/* The list itself. */
struct conversation_list_query;
enum err CO_FN conversations_reply(struct req *r, const struct conversation_list_query *q);
enum err CO_FN conversations_get(struct req *r);
enum err CO_FN conversations_direct(struct req *r);
enum err CO_FN conversations_read(struct req *r);
enum err CO_FN conversations_prefer(struct req *r);
enum err CO_FN conversations_unread(struct req *r);
enum err CO_FN conversations_participants(struct req *r);

struct conversation_list_query {
    struct str ticket_number, cursor;
    int8_t is_archived;
    int64_t limit, messages;
};

struct db_session;
/* Answers with the conversation as the person sees it. */
enum err CO_FN conversation_reply(struct req *r, struct db_session *db, int64_t id);

extern const struct json_schema CONVERSATION_QUERY, NEW_DIRECT, READ_UP_TO, PREFERENCES;
