#include "api/conversations.h"

#include <stddef.h>

#include "api/conversation.h"
#include "people.h"
#include "service.h"

#define LIST_LIMIT 100

struct list_query {
    struct str ticket_number;
};
static const struct json_field LIST_FIELDS[] = {
    {"ticket_number", JK_STR, offsetof(struct list_query, ticket_number), .max = 64},
};
JSON_SCHEMA(CONVERSATION_QUERY, "ConversationQuery", struct list_query, LIST_FIELDS);

struct page_query {
    int64_t after, before, limit;
};
static const struct json_field PAGE_FIELDS[] = {
    {"after", JK_INT,                     offsetof(struct page_query, after),   .max = INT64_MAX,
     .doc = "only ids above this one, oldest first"},
    { "before", JK_INT, offsetof(struct page_query,                    before), .min = 1, .max = INT64_MAX,
     .doc = "the newest below this id"},
    {              "limit", JK_INT, offsetof(struct page_query,                     limit), .min = 1,       .max = 200,
     .doc = "50 by default"},
};
JSON_SCHEMA(MESSAGE_QUERY, "MessageQuery", struct page_query, PAGE_FIELDS);

struct new_message {
    struct str content, client_id;
};
static const struct json_field NEW_FIELDS[] = {
    {"content",   JK_STR, offsetof(struct new_message, content),   JF_REQUIRED | JF_NON_EMPTY,
     .max = MAX_CONTENT                                                },
    {"client_id", JK_STR, offsetof(struct new_message, client_id), .max = 100,
     .doc = "chosen by the client: a repeated one stores nothing twice"},
};
JSON_SCHEMA(NEW_MESSAGE, "NewMessage", struct new_message, NEW_FIELDS);

struct new_direct {
    int64_t recipient_id;
};
static const struct json_field DIRECT_FIELDS[] = {
    {"recipient_id", JK_INT, offsetof(struct new_direct, recipient_id), JF_REQUIRED, .min = 1,
     .max = INT64_MAX},
};
JSON_SCHEMA(NEW_DIRECT, "NewDirectConversation", struct new_direct, DIRECT_FIELDS);

static const struct json_field MESSAGE_FIELDS[] = {
    {"id",              JK_INT,  offsetof(struct message, id),              JF_REQUIRED        },
    {"conversation_id", JK_INT,  offsetof(struct message, conversation_id), JF_REQUIRED        },
    {"sender_id",       JK_INT,  offsetof(struct message, sender_id),       JF_REQUIRED        },
    {"sender_name",     JK_STR,  offsetof(struct message, sender_name),     JF_REQUIRED        },
    {"content",         JK_STR,  offsetof(struct message, content),         JF_REQUIRED        },
    {"client_id",       JK_STR,  offsetof(struct message, client_id),       JF_OMIT            },
    {"created_at",      JK_TIME, offsetof(struct message, created_at),      JF_REQUIRED | JF_MS},
};
JSON_SCHEMA(MESSAGE_SCHEMA, "Message", struct message, MESSAGE_FIELDS);

static void write_conversation(struct json_writer *w, const struct conversation *c)
{
    jw_object(w);
    JW_INT(w, "id", c->id);
    JW_STR(w, "type", c->type);
    JW_STR(w, "ticket_number", c->ticket_number);
    JW_STR(w, "title", c->title);
    JW_INT(w, "unread_count", c->unread);
    JW_STR(w, "last_message", c->last_message);
    JW_TIME_MS(w, "created_at", c->created_at);
    JW_TIME_MS(w, "updated_at", c->updated_at);
    jw_end_object(w);
}

/* Clients of the platform surface read "data", the canonical one "results". */
enum err conversations_list(struct req *r)
{
    const struct list_query *q = r->query_args;
    const struct conversation *items;
    size_t count;
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_store_of_person(db, r->actor->user_id, q->ticket_number, LIST_LIMIT,
                                          &items, &count);
    if (rc)
        return rc;
    struct conversation other;
    if (count == 0 && q->ticket_number.len &&
        conversation_find(db, r->actor, 0, q->ticket_number, &other) == ERR_OK) {
        items = &other;
        count = 1;
    }
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_INT(w, "count", (int64_t)count);
    for (int copy = 0; copy < 2; copy++) {
        jw_key(w, copy ? STR("data") : STR("results"));
        jw_array(w);
        for (size_t i = 0; i < count; i++)
            write_conversation(w, &items[i]);
        jw_end_array(w);
    }
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err CO_FN addressed(struct req *r, struct db_session **db, struct conversation *c)
{
    int64_t id;
    if (!req_param_int(r, "id", &id))
        return ERR_CONVERSATION_NOT_FOUND;
    enum err rc = req_db(r, db);
    return rc ? rc : conversation_find(*db, r->actor, id, STR_NULL, c);
}

enum err messages_list(struct req *r)
{
    const struct page_query *q = r->query_args;
    struct db_session *db;
    struct conversation c;
    struct message_list list;
    int64_t limit = q->limit == JSON_NO_INT ? 50 : q->limit;
    enum err rc = addressed(r, &db, &c);
    if (rc == ERR_OK && q->after != JSON_NO_INT)
        rc = message_store_after(db, c.id, q->after, limit, &list);
    else if (rc == ERR_OK)
        rc = message_store_before(db, c.id, q->before == JSON_NO_INT ? INT64_MAX : q->before, limit,
                                  &list);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_INT(w, "conversation_id", c.id);
    for (int copy = 0; copy < 2; copy++) {
        jw_key(w, copy ? STR("data") : STR("results"));
        jw_array(w);
        for (size_t i = 0; i < list.count; i++)
            json_encode(w, &MESSAGE_SCHEMA, &list.items[i]);
        jw_end_array(w);
    }
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err messages_post(struct req *r)
{
    const struct new_message *b = r->body;
    struct db_session *db;
    struct conversation c;
    struct message m;
    struct posting p = {.who = r->actor,
                        .content = b->content,
                        .client_id = b->client_id,
                        .now = r->now,
                        .time_overridden = r->time_overridden,
                        .log = r->log};
    enum err rc = addressed(r, &db, &c);
    if (rc == ERR_OK)
        rc = conversation_post(db, &c, &p, &m);
    return rc ? rc : req_reply_json(r, 201, &MESSAGE_SCHEMA, &m);
}

enum err conversations_direct(struct req *r)
{
    const struct new_direct *b = r->body;
    struct db_session *db;
    struct conversation c;
    if (b->recipient_id == r->actor->user_id) {
        req_field_error(r, "recipient_id", "must be another person");
        return ERR_VALIDATION_ERROR;
    }
    struct person recipient;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = person_by_id(db, b->recipient_id, &recipient);
    if (rc == ERR_OK)
        rc = conversation_store_direct(db, r->actor->user_id, b->recipient_id, r->now, &c);
    if (rc)
        return rc;
    write_conversation(req_json_begin(r), &c);
    return req_json_end(r, 200);
}

/* PUT …/read: everything up to now. */
enum err conversations_read(struct req *r)
{
    struct db_session *db;
    struct conversation c;
    struct message_list newest;
    enum err rc = addressed(r, &db, &c);
    if (rc == ERR_OK)
        rc = message_store_before(db, c.id, INT64_MAX, 1, &newest);
    int64_t up_to = rc == ERR_OK && newest.count ? newest.items[0].id : 0;
    if (rc == ERR_OK)
        rc = message_store_mark_read(db, c.id, r->actor->user_id, up_to);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "conversation_id", c.id);
    JW_INT(w, "last_read_id", up_to);
    jw_end_object(w);
    return req_json_end(r, 200);
}
