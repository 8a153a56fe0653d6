#include "api/messages.h"

#include <stddef.h>

#include "api/attachment.h"
#include "api/conversation.h"
#include "api/conversations.h"
#include "api/posted.h"
#include "api/refuse.h"
#include "api/view.h"
#include "domain/mention.h"
#include "service.h"
#include "store/participant_store.h"

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
#define BEFORE_DOC "only ids below this one, the newest of them; next_cursor of the page before"
#define LIMIT_DOC "50 by default"

#define AT(member) offsetof(struct page, member)
static const struct json_field PAGE_FIELDS[] = {
    {"after", JK_INT, AT(after), .max = INT64_MAX, .doc = AFTER_DOC},
    {"before", JK_INT, AT(before), .min = 1, .max = INT64_MAX, .alias = "cursor",
     .doc = BEFORE_DOC},
    {"limit", JK_INT, AT(limit), .min = 1, .max = PAGE_LIMIT_MAX, .alias = "page_size",
     .doc = LIMIT_DOC},
};
#undef AT
JSON_SCHEMA(MESSAGE_PAGE, "MessagePage", struct page, PAGE_FIELDS);

#define AT(member) offsetof(struct message_query, member)
static const struct json_field QUERY_FIELDS[] = {
    {"conversation_id", JK_INT, AT(conversation_id), .min = 1, .max = INT64_MAX},
    {"ticket_number", JK_STR, AT(ticket_number), .max = 64, .alias = "ticket_id"},
    {"after", JK_INT, AT(page.after), .max = INT64_MAX, .doc = AFTER_DOC},
    {"before", JK_INT, AT(page.before), .min = 1, .max = INT64_MAX, .alias = "cursor",
     .doc = BEFORE_DOC},
    {"limit", JK_INT, AT(page.limit), .min = 1, .max = PAGE_LIMIT_MAX, .alias = "page_size",
     .doc = LIMIT_DOC},
};
#undef AT
JSON_SCHEMA(MESSAGE_QUERY, "MessageQuery", struct message_query, QUERY_FIELDS);

static struct str id_text(struct arena *a, int64_t id)
{
    return str_printf(a, "%lld", (long long)id);
}

/* Who asks has read what lies up to last_read_id, and of his own what anybody else has. */
static enum err CO_FN tell_read(struct db_session *db, const struct conversation *c,
                                int64_t user_id, const struct message_list *list)
{
    int64_t others;
    struct message *items = list->items;
    enum err rc = participant_store_others_read(db, c->id, user_id, &others);
    for (size_t i = 0; rc == ERR_OK && i < list->count; i++) {
        int64_t read = items[i].sender_id == user_id ? others : c->last_read_id;
        items[i].is_read = items[i].id <= read ? JSON_TRUE : JSON_FALSE;
    }
    return rc;
}

/* One more than fits tells whether there are others behind it. */
static enum err CO_FN reply_page(struct req *r, struct db_session *db, const struct conversation *c,
                                 const struct page *p)
{
    struct message_list list;
    int64_t limit = p->limit == JSON_NO_INT ? PAGE_LIMIT : p->limit;
    int64_t before = p->before == JSON_NO_INT ? INT64_MAX : p->before;
    bool is_backwards = p->after == JSON_NO_INT;
    enum err rc = is_backwards ? message_store_before(db, c->id, before, 0, limit + 1, &list)
                               : message_store_after(db, c->id, p->after, before, limit, &list);
    if (rc == ERR_OK)
        rc = tell_read(db, c, r->actor->user_id, &list);
    if (rc)
        return rc;
    struct list_view v = {&MESSAGE_SCHEMA, list.items, list.count, c->id, STR_NULL};
    if (list.count > (size_t)limit) {
        v.items = list.items + 1;
        v.count--;
        v.next_cursor = id_text(r->arena, list.items[1].id);
    }
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
    static const struct conversation_list_query ALL = {.limit = JSON_NO_INT,
                                                       .is_archived = JSON_UNSET};
    const struct message_query *q = r->query_args;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    int64_t id = q->conversation_id == JSON_NO_INT ? 0 : q->conversation_id;
    if (!id && !q->ticket_number.len)
        return conversations_reply(r, &ALL);
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, id, q->ticket_number, &c);
    return rc ? rc : reply_page(r, db, &c, &q->page);
}

/* ---- search ------------------------------------------------------------------------------- */

struct search_query {
    struct str q;
    int64_t conversation_id, before, limit;
};
#define AT(member) offsetof(struct search_query, member)
static const struct json_field SEARCH_FIELDS[] = {
    {"q", JK_STR, AT(q), JF_REQUIRED | JF_NON_EMPTY, .min = 1, .max = 200, .alias = "search",
     .doc = "words, \"phrases\", or, -not"},
    {"conversation_id", JK_INT, AT(conversation_id), .min = 1, .max = INT64_MAX},
    {"before", JK_INT, AT(before), .min = 1, .max = INT64_MAX, .alias = "cursor",
     .doc = "next_cursor of the page before"},
    {"limit", JK_INT, AT(limit), .min = 1, .max = 100, .alias = "page_size",
     .doc = "20 by default"},
};
#undef AT
JSON_SCHEMA(SEARCH_QUERY, "MessageSearch", struct search_query, SEARCH_FIELDS);

enum err CO_FN messages_search(struct req *r)
{
    const struct search_query *q = r->query_args;
    int64_t limit = q->limit == JSON_NO_INT ? 20 : q->limit;
    const struct message_search search = {
        .user_id = r->actor->user_id,
        .query = q->q,
        .conversation_id = q->conversation_id == JSON_NO_INT ? 0 : q->conversation_id,
        .before = q->before == JSON_NO_INT ? INT64_MAX : q->before,
        .limit = limit + 1,
    };
    struct db_session *db;
    struct message_list list;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = message_store_search(db, &search, &list);
    if (rc)
        return rc;
    struct list_view v = {&MESSAGE_SCHEMA, list.items, list.count, 0, STR_NULL};
    if (list.count > (size_t)limit) {
        v.count--;
        v.next_cursor = id_text(r->arena, list.items[limit - 1].id);
    }
    view_list(r->arena, req_json_begin(r), &v);
    return req_json_end(r, 200);
}

/* ---- posting ------------------------------------------------------------------------------ */

struct addressed_message {
    struct new_message message;
    int64_t conversation_id, recipient_id;
    struct str ticket_number;
    const struct json *context;
};

#define CLIENT_ID_DOC "chosen by the client: repeating one stores nothing twice"
#define MENTIONS_DOC "ids of participants, beside those named @name"

/* The members of a message, from the offset at on. */
#define MESSAGE_FIELDS(at)                                                                           \
    {"content",                                                                                      \
     JK_STR,                                                                                         \
     (at) + offsetof(struct new_message, content),                                                   \
     .max = MAX_CONTENT,                                                                             \
     .alias = "message",                                                                             \
     .doc = "may be empty with attachments"},                                                        \
        {"client_id", JK_STR, (at) + offsetof(struct new_message, client_id),                        \
         .max = MAX_CLIENT_ID, .doc = CLIENT_ID_DOC},                                                \
        {"type", JK_ENUM, (at) + offsetof(struct new_message, type), .choices = "text|image|file",   \
         .alias = "message_type"},                                                                   \
        {"attachments", JK_ARRAY, (at) + offsetof(struct new_message, attachments),                  \
         .max = MAX_ATTACHMENTS, .sub = &ATTACHMENT_SCHEMA},                                         \
        {"mentions",          JK_INT_ARRAY,           (at) + offsetof(struct new_message, mentions), \
         .max = MENTIONS_MAX, .alias = "mention_ids", .doc = MENTIONS_DOC},                          \
    {                                                                                                \
        "reply_to_id", JK_INT, (at) + offsetof(struct new_message, reply_to_id), JF_COERCE,          \
            .min = 1, .max = INT64_MAX, .alias = "reply_to",                                         \
            .doc = "a message of the same conversation"                                              \
    }

static const struct json_field NEW_FIELDS[] = {MESSAGE_FIELDS(0)};
JSON_SCHEMA(NEW_MESSAGE, "NewMessage", struct new_message, NEW_FIELDS);

#define AT(member) offsetof(struct addressed_message, member)
static const struct json_field ADDRESSED_FIELDS[] = {
    {"conversation_id", JK_INT, AT(conversation_id), JF_COERCE, .min = 1, .max = INT64_MAX},
    {"ticket_number", JK_STR, AT(ticket_number), .max = 64, .alias = "ticket_id"},
    {"recipient_id", JK_INT, AT(recipient_id), JF_COERCE, .min = 1, .max = INT64_MAX},
    {"context", JK_ANY, AT(context), .doc = "with recipient_id: see NewDirectConversation"},
    MESSAGE_FIELDS(AT(message)),
};
#undef AT
JSON_SCHEMA(ADDRESSED_MESSAGE, "AddressedMessage", struct addressed_message, ADDRESSED_FIELDS);

#define AT(member) offsetof(struct addressed_message, member)
static const struct json_field TICKET_FIELDS[] = {
    {"ticket_id", JK_STR, AT(ticket_number), JF_REQUIRED | JF_NON_EMPTY, .max = 64,
     .alias = "ticket_number"},
    MESSAGE_FIELDS(AT(message)),
};
#undef AT
JSON_SCHEMA(TICKET_MESSAGE, "TicketMessage", struct addressed_message, TICKET_FIELDS);

/* Idempotency-Key does for any client what client_id does for ours. */
enum err posted(struct req *r, struct db_session *db, const struct speaker *who,
                const struct conversation *c, const struct new_message *b, struct message *out)
{
    bool is_new;
    const char *problem;
    const struct posting p = {.occasion = occasion_of(r, who),
                              .content = b->content,
                              .client_id = b->client_id.len ? b->client_id
                                                            : req_header(r, "Idempotency-Key"),
                              .type = b->type,
                              .files = b->attachments,
                              .mentions = b->mentions,
                              .reply_to_id = b->reply_to_id};
    if (!str_trim(b->content).len && !b->attachments.count) {
        req_field_error(r, "content", "is required");
        return ERR_INVALID_INPUT;
    }
    enum err rc = conversation_post(db, c, &p, out, &is_new, &problem);
    return rc && problem ? refuse(r, rc, problem) : rc;
}

static enum err CO_FN post(struct req *r, struct db_session *db, const struct speaker *who,
                           const struct conversation *c, const struct new_message *b)
{
    struct message m;
    enum err rc = posted(r, db, who, c, b, &m);
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
    struct str metadata;
    enum err rc = context_text(r, b->context, &metadata);
    return rc ? rc : conversation_open_direct(db, who, b->recipient_id, metadata, r->now, out);
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

/* Of the ticket system: its clients are answered in its words. */
enum err CO_FN ticket_messages_post(struct req *r)
{
    const struct addressed_message *b = r->body;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    struct message m;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, 0, b->ticket_number, &c);
    if (rc == ERR_OK)
        rc = posted(r, db, &who, &c, &b->message, &m);
    if (rc)
        return rc;
    view_ticket_message(req_json_begin(r), &m);
    return req_json_end(r, 201);
}
