/* Messages for clients of the ticket system, in its words. */
#include <stddef.h>

#include "api/messages.h"
#include "api/posted.h"
#include "api/view.h"
#include "domain/mention.h"
#include "page.h"
#include "service.h"

/* A ticket's messages that are shown at once; older ones are read by pages. */
#define BY_TICKET_MAX 500

struct ticket_query {
    struct page_query page;
    struct str ticket_id;
};
static const struct json_field QUERY_FIELDS[] = {
    {"ticket_id", JK_STR, offsetof(struct ticket_query, ticket_id), JF_REQUIRED | JF_NON_EMPTY,
     .max = 64, .alias = "ticket_number"},
    PAGE_FIELD_NUMBER(offsetof(struct ticket_query, page)),
    PAGE_FIELD_SIZE(offsetof(struct ticket_query, page)),
    PAGE_FIELD_CURSOR(offsetof(struct ticket_query, page)),
};
JSON_SCHEMA(TICKET_MESSAGE_QUERY, "TicketMessageQuery", struct ticket_query, QUERY_FIELDS);

struct ticket_reaction {
    int64_t message_id;
    struct str reaction;
};
#define AT(member) offsetof(struct ticket_reaction, member)
static const struct json_field REACTION_FIELDS[] = {
    {"message_id", JK_INT, AT(message_id), JF_REQUIRED | JF_COERCE, .min = 1, .max = INT64_MAX},
    {"reaction", JK_STR, AT(reaction), JF_REQUIRED | JF_NON_EMPTY, .max = 64},
};
#undef AT
JSON_SCHEMA(TICKET_REACTION, "TicketReaction", struct ticket_reaction, REACTION_FIELDS);

/* ---- reading ------------------------------------------------------------------------------ */

/* Newest first, as pages go there. */
enum err CO_FN ticket_messages_list(struct req *r)
{
    const struct ticket_query *q = r->query_args;
    const struct speaker who = speaker_of(r->actor);
    struct page_found found = {.total = PAGE_NOT_COUNTED};
    struct message_list list;
    struct cursor last = {0};
    struct db_session *db;
    struct conversation c;
    struct page p;
    enum err rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, 0, q->ticket_id, &c);
    if (rc == ERR_OK)
        rc = message_store_before(db, c.id, p.is_continued ? p.after.id : INT64_MAX,
                                  p.is_continued ? 0 : p.skip, page_limit(&p), &list);
    if (rc)
        return rc;
    found.count = list.count;
    size_t shown = page_shown(&p, &found);
    if (shown)
        last.id = list.items[list.count - shown].id;
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++)
        view_ticket_message(w, &list.items[list.count - 1 - i]);
    return page_end(r, w);
}

enum err CO_FN ticket_messages_by_ticket(struct req *r)
{
    const struct ticket_query *q = r->query_args;
    const struct speaker who = speaker_of(r->actor);
    struct message_list list;
    struct db_session *db;
    struct conversation c;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, 0, q->ticket_id, &c);
    if (rc == ERR_OK)
        rc = message_store_before(db, c.id, INT64_MAX, 0, BY_TICKET_MAX, &list);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "ticket_id", c.ticket_number);
    JW_INT(w, "conversation_id", c.id);
    JW_STR(w, "ticket_status", c.ticket_status);
    JW_KEY(w, "messages");
    jw_array(w);
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].deleted_at == JSON_NO_TIME)
            view_ticket_message(w, &list.items[i]);
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err reply_message(struct req *r, int status, const struct message *m)
{
    view_ticket_message(req_json_begin(r), m);
    return req_json_end(r, status);
}

enum err CO_FN ticket_messages_get(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    struct message m;
    enum err rc = message_find(r, &db, &who, &m, &c);
    return rc ? rc : reply_message(r, 200, &m);
}

/* ---- posting and changing ----------------------------------------------------------------- */

static enum err CO_FN act_and_reply(struct req *r, enum change_kind kind, struct str text)
{
    struct act_result result = {0};
    enum err rc = acted(r, kind, message_of_path(r), text, &result);
    return rc ? rc : reply_message(r, 200, &result.message);
}

enum err CO_FN ticket_messages_edit(struct req *r)
{
    const struct edit_body *b = r->body;
    return act_and_reply(r, CHANGE_EDITED, b->content);
}

enum err CO_FN ticket_messages_unsend(struct req *r)
{
    return act_and_reply(r, CHANGE_UNSENT, STR_NULL);
}

static enum err reply_status(struct req *r, const char *text)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "status", str_from(text));
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err CO_FN ticket_messages_delete(struct req *r)
{
    struct act_result result = {0};
    enum err rc = acted(r, CHANGE_DELETED, message_of_path(r), STR_NULL, &result);
    return rc ? rc : reply_status(r, "Message deleted successfully");
}

enum err CO_FN ticket_reactions_add(struct req *r)
{
    const struct ticket_reaction *b = r->body;
    struct act_result result = {0};
    enum err rc = acted(r, CHANGE_REACTION_ADDED, b->message_id, b->reaction, &result);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "message_id", b->message_id);
    JW_STR(w, "reaction", b->reaction);
    JW_STR(w, "user", result.actor_name);
    JW_INT(w, "user_id", r->actor->user_id);
    JW_STR(w, "user_full_name", result.actor_name);
    JW_TIME_MS(w, "created_at", r->now);
    jw_end_object(w);
    return req_json_end(r, 201);
}

enum err CO_FN ticket_reactions_remove(struct req *r)
{
    const struct ticket_reaction *b = r->body;
    struct act_result result = {0};
    enum err rc = acted(r, CHANGE_REACTION_REMOVED, b->message_id, b->reaction, &result);
    if (rc)
        return rc;
    return result.has_changed ? reply_status(r, "Reaction removed successfully") : ERR_NOT_FOUND;
}
