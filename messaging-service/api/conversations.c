#include "api/conversations.h"

#include <stddef.h>

#include "api/conversation.h"
#include "api/view.h"
#include "clock.h"
#include "page.h"
#include "service.h"
#include "store/participant_store.h"
#include "write_run.h"

#define LIST_DEFAULT 100
#define LIST_MAX 100
#define EMBEDDED 10
#define EMBEDDED_MAX 50

#define AT(member) offsetof(struct conversation_list_query, member)
static const struct json_field LIST_FIELDS[] = {
    {"ticket_number", JK_STR, AT(ticket_number), .max = 64, .alias = "ticket_id"},
    {"archived", JK_BOOL, AT(is_archived), .doc = "those put away instead of the others",
     .alias = "is_archived"},
    {"limit", JK_INT, AT(limit), .min = 1, .max = LIST_MAX, .alias = "page_size"},
    {"cursor", JK_STR, AT(cursor), .max = 4096, .doc = "next_cursor of the page before"},
    {"messages", JK_INT, AT(messages), .max = EMBEDDED_MAX,
     .doc = "how many of the latest messages come with each; else the unread ones, 1 to 10"},
};
#undef AT
JSON_SCHEMA(CONVERSATION_QUERY, "ConversationQuery", struct conversation_list_query, LIST_FIELDS);

struct new_direct {
    int64_t recipient_id;
    const struct json *context;
};
static const struct json_field DIRECT_FIELDS[] = {
    {"recipient_id", JK_INT, offsetof(struct new_direct, recipient_id), JF_REQUIRED, .min = 1,
     .max = INT64_MAX},
    {"context", JK_ANY, offsetof(struct new_direct, context),
     .doc = "an object, kept as the conversation's metadata"},
};
JSON_SCHEMA(NEW_DIRECT, "NewDirectConversation", struct new_direct, DIRECT_FIELDS);

struct read_up_to {
    int64_t message_id;
};
static const struct json_field READ_FIELDS[] = {
    {"up_to_id", JK_INT, offsetof(struct read_up_to, message_id), JF_COERCE, .min = 1,
     .max = INT64_MAX, .alias = "message_id", .doc = "everything said so far unless given"},
};
JSON_SCHEMA(READ_UP_TO, "ReadUpTo", struct read_up_to, READ_FIELDS);

struct preferences {
    int8_t is_muted, is_archived;
};
static const struct json_field PREFERENCE_FIELDS[] = {
    {"is_muted", JK_BOOL, offsetof(struct preferences, is_muted)},
    {"is_archived", JK_BOOL, offsetof(struct preferences, is_archived)},
};
JSON_SCHEMA(PREFERENCES, "ConversationPreferences", struct preferences, PREFERENCE_FIELDS);

/* ---- lists -------------------------------------------------------------------------------- */

static struct str messages_json(struct arena *a, const struct message_list *list,
                                int64_t conversation_id)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].conversation_id == conversation_id)
            view_message(&w, &list->items[i]);
    jw_end_array(&w);
    return buf_str(&b);
}

/* Clients of the platform surface show the last message and count the unread ones that come with a
 * conversation: so many are there unless the request says how many. */
static enum err CO_FN embed(struct req *r, struct db_session *db, struct conversation *items,
                            size_t count, int64_t asked)
{
    struct message_list list;
    int64_t *ids = ARENA_ARRAY(r->arena, int64_t, count + 1);
    int64_t *most = ARENA_ARRAY(r->arena, int64_t, count + 1);
    const struct latest of = {ids, most, count};
    for (size_t i = 0; i < count; i++) {
        int64_t unread = items[i].unread < 1 ? 1 : items[i].unread;
        ids[i] = items[i].id;
        most[i] = asked != JSON_NO_INT ? asked : unread < EMBEDDED ? unread : EMBEDDED;
    }
    if (!asked || !count)
        return ERR_OK;
    enum err rc = message_store_latest(db, &of, r->actor->user_id, &list);
    for (size_t i = 0; rc == ERR_OK && i < count; i++)
        items[i].messages = messages_json(r->arena, &list, items[i].id);
    return rc;
}

static enum err CO_FN reply_of_ticket(struct req *r, struct db_session *db,
                                      const struct conversation_list_query *q)
{
    const struct speaker who = speaker_of(r->actor);
    struct list_view v = {.schema = &CONVERSATION_SCHEMA};
    struct conversation c;
    enum err rc = conversation_find(db, &who, 0, q->ticket_number, &c);
    if (rc == ERR_OK)
        rc = conversation_store_seen_by(db, c.id, who.user_id, &c);
    if (rc == ERR_OK)
        rc = embed(r, db, &c, 1, q->messages);
    if (rc && rc != ERR_CONVERSATION_NOT_FOUND)
        return rc;
    v.items = &c;
    v.count = rc == ERR_OK;
    view_list(r->arena, req_json_begin(r), &v);
    return req_json_end(r, 200);
}

/* A cursor is the place of the last conversation: when something last happened there, and its id.
 */
static enum err read_cursor(struct req *r, struct str text, struct conversation_filter *f)
{
    struct cursor at;
    if (!text.len)
        return ERR_OK;
    if (cursor_decode(req_service(r)->jwt, r->arena,
                      f->is_archived ? STR("conversations?archived") : STR("conversations"), text,
                      &at) ||
        !str_to_i64(at.key, &f->before_at)) {
        req_field_error(r, "cursor", "is not a cursor of this list");
        return ERR_VALIDATION_ERROR;
    }
    f->before_id = at.id;
    return ERR_OK;
}

static struct str cursor_behind(struct req *r, const struct conversation *c, bool is_archived)
{
    const struct cursor at = {
        .key = str_printf(r->arena, "%lld", (long long)c->updated_at),
        .id = c->id,
    };
    return cursor_encode(req_service(r)->jwt, r->arena,
                         is_archived ? STR("conversations?archived") : STR("conversations"), &at);
}

enum err CO_FN conversations_reply(struct req *r, const struct conversation_list_query *q)
{
    int64_t limit = q->limit == JSON_NO_INT ? LIST_DEFAULT : q->limit;
    struct conversation_filter f = {.is_archived = q->is_archived == JSON_TRUE, .limit = limit + 1};
    struct conversation *items = NULL;
    struct list_view v = {.schema = &CONVERSATION_SCHEMA};
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK && q->ticket_number.len)
        return reply_of_ticket(r, db, q);
    if (rc == ERR_OK)
        rc = read_cursor(r, q->cursor, &f);
    if (rc == ERR_OK)
        rc = conversation_store_list(db, r->actor->user_id, &f, &items, &v.count);
    if (rc)
        return rc;
    v.items = items;
    if (v.count > (size_t)limit) {
        v.count = (size_t)limit;
        v.next_cursor = cursor_behind(r, &items[limit - 1], f.is_archived);
    }
    rc = embed(r, db, items, v.count, q->messages);
    if (rc)
        return rc;
    view_list(r->arena, req_json_begin(r), &v);
    return req_json_end(r, 200);
}

enum err CO_FN conversations_list(struct req *r)
{
    return conversations_reply(r, r->query_args);
}

enum err CO_FN conversations_unread(struct req *r)
{
    struct db_session *db;
    struct unread unread;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = participant_store_unread(db, r->actor->user_id, &unread);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "unread_count", unread.messages);
    JW_INT(w, "conversations", unread.conversations);
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- one ---------------------------------------------------------------------------------- */

enum err conversation_reply(struct req *r, struct db_session *db, int64_t id)
{
    struct conversation c;
    enum err rc = conversation_store_seen_by(db, id, r->actor->user_id, &c);
    if (rc)
        return rc;
    req_set_header(r, "ETag", etag_format(r->arena, c.version));
    return req_reply_json(r, 200, &CONVERSATION_SCHEMA, &c);
}

enum err CO_FN conversations_get(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    enum err rc = conversation_of_path(r, &db, &who, &c);
    return rc ? rc : conversation_reply(r, db, c.id);
}

enum err CO_FN conversations_direct(struct req *r)
{
    const struct new_direct *b = r->body;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    struct str metadata;
    if (b->recipient_id == who.user_id) {
        req_field_error(r, "recipient_id", "must be another person");
        return ERR_VALIDATION_ERROR;
    }
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = context_text(r, b->context, &metadata);
    if (rc == ERR_OK)
        rc = conversation_open_direct(db, &who, b->recipient_id, metadata, r->now, &c);
    return rc ? rc : conversation_reply(r, db, c.id);
}

enum err CO_FN conversations_read(struct req *r)
{
    const struct read_up_to *b = r->body;
    const struct speaker who = speaker_of(r->actor);
    const struct occasion o = occasion_of(r, &who);
    int64_t up_to = b && b->message_id != JSON_NO_INT ? b->message_id : INT64_MAX, last = 0;
    struct db_session *db;
    struct conversation c;
    enum err rc = conversation_of_path(r, &db, &who, &c);
    if (rc == ERR_OK)
        rc = conversation_read(db, &c, &o, up_to, &last);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_INT(w, "conversation_id", c.id);
    JW_INT(w, "last_read_id", last);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err CO_FN conversations_prefer(struct req *r)
{
    const struct preferences *b = r->body;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    enum err rc = conversation_of_path(r, &db, &who, &c);
    if (rc == ERR_OK)
        rc = participant_store_prefer(db, c.id, who.user_id, b->is_muted, b->is_archived);
    return rc ? rc : conversation_reply(r, db, c.id);
}

/* ---- who takes part ----------------------------------------------------------------------- */

static void write_participant(struct json_writer *w, const struct participant *p,
                              const struct conversation *c)
{
    jw_object(w);
    JW_INT(w, "user_id", p->user_id);
    JW_STR(w, "name", p->name);
    JW_BOOL(w, "is_owner", p->user_id == c->group_owner_id);
    JW_BOOL(w, "is_current", p->is_current);
    JW_INT(w, "last_read_id", p->last_read_id);
    JW_BOOL(w, "is_online", p->is_online);
    JW_TIME_MS(w, "last_seen_at", p->last_seen_at);
    JW_TIME_MS(w, "joined_at", p->joined_at);
    jw_end_object(w);
}

enum err CO_FN conversations_participants(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct page_found found = {.total = PAGE_NOT_COUNTED};
    const struct participant *items;
    struct cursor last = {0};
    struct db_session *db;
    struct conversation c;
    struct page p;
    enum err rc = page_read(r, r->query_args, &p);
    if (rc == ERR_OK)
        rc = conversation_of_path(r, &db, &who, &c);
    const struct participant_range range = {
        .after = p.is_continued ? p.after.id : 0,
        .skip = p.is_continued ? 0 : p.skip,
        .limit = page_limit(&p),
    };
    if (rc == ERR_OK)
        rc = participant_store_list(db, c.id, &range, r->now, &items, &found.count);
    if (rc)
        return rc;
    size_t shown = page_shown(&p, &found);
    if (shown)
        last.id = items[shown - 1].user_id;
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++)
        write_participant(w, &items[i], &c);
    return page_end(r, w);
}
