#include "api/conversations.h"

#include <stddef.h>

#include "api/conversation.h"
#include "api/view.h"
#include "service.h"

#define LIST_LIMIT 100

struct list_query {
    struct str ticket_number;
};
static const struct json_field LIST_FIELDS[] = {
    {"ticket_number", JK_STR, offsetof(struct list_query, ticket_number), .max = 64,
     .alias = "ticket_id"},
};
JSON_SCHEMA(CONVERSATION_QUERY, "ConversationQuery", struct list_query, LIST_FIELDS);

struct new_direct {
    int64_t recipient_id;
};
static const struct json_field DIRECT_FIELDS[] = {
    {"recipient_id", JK_INT, offsetof(struct new_direct, recipient_id), JF_REQUIRED, .min = 1,
     .max = INT64_MAX},
};
JSON_SCHEMA(NEW_DIRECT, "NewDirectConversation", struct new_direct, DIRECT_FIELDS);

/* A ticket's conversation is found by its number even by who sees all tickets and takes no part. */
static enum err CO_FN find_unlisted(struct db_session *db, const struct speaker *who,
                                    struct str ticket_number, struct list_view *v)
{
    struct conversation *c = ARENA_NEW(db->arena, struct conversation);
    struct message_list newest;
    enum err rc = conversation_find(db, who, 0, ticket_number, c);
    if (rc == ERR_OK)
        rc = message_store_before(db, c->id, INT64_MAX, 1, &newest);
    if (rc)
        return rc == ERR_CONVERSATION_NOT_FOUND ? ERR_OK : rc;
    if (newest.count)
        c->last_message = newest.items[0].content;
    v->items = c;
    v->count = 1;
    return ERR_OK;
}

enum err CO_FN conversations_list(struct req *r)
{
    const struct list_query *q = r->query_args;
    return conversations_reply(r, q->ticket_number);
}

enum err CO_FN conversations_reply(struct req *r, struct str ticket_number)
{
    const struct speaker who = speaker_of(r->actor);
    const struct conversation_filter f = {.ticket_number = ticket_number, .limit = LIST_LIMIT};
    const struct conversation *items = NULL;
    struct list_view v = {.schema = &CONVERSATION_SCHEMA};
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_store_of_person(db, who.user_id, &f, &items, &v.count);
    v.items = items;
    if (rc == ERR_OK && v.count == 0 && ticket_number.len)
        rc = find_unlisted(db, &who, ticket_number, &v);
    if (rc)
        return rc;
    view_list(r->arena, req_json_begin(r), &v);
    return req_json_end(r, 200);
}

/* Answers with the conversation as its participant sees it. */
static enum err CO_FN reply_conversation(struct req *r, struct db_session *db, int64_t id)
{
    const struct conversation_filter f = {.id = id, .limit = 1};
    const struct conversation *c;
    size_t count;
    enum err rc = conversation_store_of_person(db, r->actor->user_id, &f, &c, &count);
    if (rc)
        return rc;
    if (count == 0)
        return ERR_CONVERSATION_NOT_FOUND;
    return req_reply_json(r, 200, &CONVERSATION_SCHEMA, c);
}

enum err CO_FN conversations_direct(struct req *r)
{
    const struct new_direct *b = r->body;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    if (b->recipient_id == who.user_id) {
        req_field_error(r, "recipient_id", "must be another person");
        return ERR_VALIDATION_ERROR;
    }
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_open_direct(db, &who, b->recipient_id, r->now, &c);
    return rc ? rc : reply_conversation(r, db, c.id);
}

/* PUT …/read: everything up to now. */
enum err CO_FN conversations_read(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    int64_t newest = 0;
    enum err rc = conversation_of_path(r, &db, &who, &c);
    if (rc == ERR_OK)
        rc = message_store_newest(db, c.id, &newest);
    if (rc == ERR_OK)
        rc = conversation_store_mark_read(db, c.id, who.user_id, newest);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_INT(w, "conversation_id", c.id);
    JW_INT(w, "last_read_id", newest);
    jw_end_object(w);
    return req_json_end(r, 200);
}
