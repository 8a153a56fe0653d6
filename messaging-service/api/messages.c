#include "api/messages.h"

#include <stddef.h>

#include "api/conversation.h"
#include "api/conversations.h"
#include "api/view.h"
#include "service.h"

#define PAGE_LIMIT 50
#define PAGE_LIMIT_MAX 200

/* ---- reading ------------------------------------------------------------------------------ */

struct page {
    int64_t after, before, limit;
};
struct message_query {
    struct page page;
    int64_t conversation_id;
    struct str ticket_number;
};

#define AFTER_DOC "only ids above this one, oldest first"
#define BEFORE_DOC "only ids below this one, the newest of them"
#define LIMIT_DOC "50 by default"

#define AT(member) offsetof(struct page, member)
static const struct json_field PAGE_FIELDS[] = {
    {"after", JK_INT, AT(after), .max = INT64_MAX, .doc = AFTER_DOC},
    {"before", JK_INT, AT(before), .min = 1, .max = INT64_MAX, .doc = BEFORE_DOC},
    {"limit", JK_INT, AT(limit), .min = 1, .max = PAGE_LIMIT_MAX, .doc = LIMIT_DOC},
};
#undef AT
JSON_SCHEMA(MESSAGE_PAGE, "MessagePage", struct page, PAGE_FIELDS);

#define AT(member) offsetof(struct message_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"conversation_id", JK_INT, AT(conversation_id), .min = 1, .max = INT64_MAX},
    {"ticket_number", JK_STR, AT(ticket_number), .max = 64, .alias = "ticket_id"},
    {"after", JK_INT, AT(page.after), .max = INT64_MAX, .doc = AFTER_DOC},
    {"before", JK_INT, AT(page.before), .min = 1, .max = INT64_MAX, .doc = BEFORE_DOC},
    {"limit", JK_INT, AT(page.limit), .min = 1, .max = PAGE_LIMIT_MAX, .doc = LIMIT_DOC},
};
#undef AT
JSON_SCHEMA(MESSAGE_QUERY, "MessageQuery", struct message_query, QUERY_FIELDS);

static enum err CO_FN reply_page(struct req *r, struct db_session *db, const struct conversation *c,
                                 const struct page *p)
{
    struct message_list list;
    int64_t limit = p->limit == JSON_NO_INT ? PAGE_LIMIT : p->limit;
    int64_t before = p->before == JSON_NO_INT ? INT64_MAX : p->before;
    enum err rc = p->after == JSON_NO_INT
                      ? message_store_before(db, c->id, before, limit, &list)
                      : message_store_after(db, c->id, p->after, before, limit, &list);
    if (rc)
        return rc;
    const struct list_view v = {&MESSAGE_SCHEMA, list.items, list.count, c->id};
    view_list(r->arena, req_json_begin(r), &v);
    return req_json_end(r, 200);
}

enum err CO_FN messages_of_conversation(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    enum err rc = conversation_of_path(r, &db, &who, &c);
    return rc ? rc : reply_page(r, db, &c, r->query_args);
}

/* Without a conversation the conversations are listed, as the platform's task list has it. */
enum err CO_FN messages_list(struct req *r)
{
    const struct message_query *q = r->query_args;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    int64_t id = q->conversation_id == JSON_NO_INT ? 0 : q->conversation_id;
    if (!id && !q->ticket_number.len)
        return conversations_reply(r, STR_NULL);
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, id, q->ticket_number, &c);
    return rc ? rc : reply_page(r, db, &c, &q->page);
}

enum err CO_FN messages_get(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    int64_t id;
    struct db_session *db;
    struct message m;
    struct conversation c;
    if (!req_param_int(r, "id", &id))
        return ERR_NOT_FOUND;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = message_store_get(db, id, &m);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, m.conversation_id, STR_NULL, &c);
    if (rc == ERR_CONVERSATION_NOT_FOUND)
        return ERR_NOT_FOUND;
    return rc ? rc : req_reply_json(r, 200, &MESSAGE_SCHEMA, &m);
}

/* ---- posting ------------------------------------------------------------------------------ */

struct new_message {
    struct str content, client_id;
};
struct addressed_message {
    struct new_message message;
    int64_t conversation_id, recipient_id;
    struct str ticket_number;
};

#define CONTENT_FLAGS (JF_REQUIRED | JF_NON_EMPTY)
#define CLIENT_ID_DOC "chosen by the client: repeating one stores nothing twice"

#define AT(member) offsetof(struct new_message, member)
static const struct json_field NEW_FIELDS[] = {
    {"content", JK_STR, AT(content), CONTENT_FLAGS, .max = MAX_CONTENT, .alias = "message"},
    {"client_id", JK_STR, AT(client_id), .max = MAX_CLIENT_ID, .doc = CLIENT_ID_DOC},
};
#undef AT
JSON_SCHEMA(NEW_MESSAGE, "NewMessage", struct new_message, NEW_FIELDS);

#define AT(member) offsetof(struct addressed_message, member)
static const struct json_field ADDRESSED_FIELDS[] = {
    {"conversation_id", JK_INT, AT(conversation_id), JF_COERCE, .min = 1, .max = INT64_MAX},
    {"ticket_number", JK_STR, AT(ticket_number), .max = 64, .alias = "ticket_id"},
    {"recipient_id", JK_INT, AT(recipient_id), JF_COERCE, .min = 1, .max = INT64_MAX},
    {"content", JK_STR, AT(message.content), CONTENT_FLAGS, .max = MAX_CONTENT, .alias = "message"},
    {"client_id", JK_STR, AT(message.client_id), .max = MAX_CLIENT_ID, .doc = CLIENT_ID_DOC},
};
#undef AT
JSON_SCHEMA(ADDRESSED_MESSAGE, "AddressedMessage", struct addressed_message, ADDRESSED_FIELDS);

/* Idempotency-Key does for any client what client_id does for ours. */
static enum err CO_FN post(struct req *r, struct db_session *db, const struct speaker *who,
                           const struct conversation *c, const struct new_message *b)
{
    struct message m;
    bool is_new;
    const struct posting p = {.who = who,
                              .content = b->content,
                              .client_id = b->client_id.len ? b->client_id
                                                            : req_header(r, "Idempotency-Key"),
                              .now = r->now,
                              .time_overridden = r->time_overridden,
                              .log = r->log};
    const char *problem = posting_problem(&p);
    if (problem)
        return req_failf(r, ERR_VALIDATION_ERROR, "%s", problem);
    enum err rc = conversation_post(db, c, &p, &m, &is_new);
    return rc ? rc : req_reply_json(r, 201, &MESSAGE_SCHEMA, &m);
}

enum err CO_FN messages_post_in(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    enum err rc = conversation_of_path(r, &db, &who, &c);
    return rc ? rc : post(r, db, &who, &c, r->body);
}

static enum err CO_FN addressee(struct req *r, struct db_session *db, const struct speaker *who,
                                const struct addressed_message *b, struct conversation *out)
{
    if (b->conversation_id != JSON_NO_INT || b->ticket_number.len) {
        int64_t id = b->conversation_id == JSON_NO_INT ? 0 : b->conversation_id;
        return conversation_find(db, who, id, b->ticket_number, out);
    }
    if (b->recipient_id == who->user_id) {
        req_field_error(r, "recipient_id", "must be another person");
        return ERR_VALIDATION_ERROR;
    }
    return conversation_open_direct(db, who, b->recipient_id, r->now, out);
}

enum err CO_FN messages_post(struct req *r)
{
    const struct addressed_message *b = r->body;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    if (b->conversation_id == JSON_NO_INT && b->recipient_id == JSON_NO_INT &&
        !b->ticket_number.len)
        return req_failf(r, ERR_INVALID_INPUT,
                         "conversation_id, ticket_number or recipient_id is required");
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = addressee(r, db, &who, b, &c);
    return rc ? rc : post(r, db, &who, &c, &b->message);
}
