/* Messages of a ticket as comments: answers are replies, thumbs are ratings. */
#include <stddef.h>

#include "api/attachment.h"
#include "api/messages.h"
#include "api/posted.h"
#include "api/view.h"
#include "service.h"

/* A ticket's comments that are shown. */
#define SHOWN_MAX 500
#define THUMBS_UP STR("👍")
#define THUMBS_DOWN STR("👎")

struct new_comment {
    struct str ticket_id, content;
    int64_t parent;
    struct json_array documents; /* struct attachment */
};
#define AT(member) offsetof(struct new_comment, member)
static const struct json_field NEW_FIELDS[] = {
    {"ticket_id", JK_STR, AT(ticket_id), JF_REQUIRED | JF_NON_EMPTY, .max = 64,
     .alias = "ticket_number"},
    {"content", JK_STR, AT(content), JF_REQUIRED | JF_NON_EMPTY, .max = MAX_CONTENT},
    {"parent", JK_INT, AT(parent), JF_COERCE, .min = 1, .max = INT64_MAX},
    {"documents", JK_ARRAY, AT(documents), .max = MAX_ATTACHMENTS, .sub = &ATTACHMENT_SCHEMA},
};
#undef AT
JSON_SCHEMA(NEW_COMMENT, "NewComment", struct new_comment, NEW_FIELDS);

#define AT(member) offsetof(struct new_comment, member)
static const struct json_field REPLY_FIELDS[] = {
    {"content", JK_STR, AT(content), JF_REQUIRED | JF_NON_EMPTY, .max = MAX_CONTENT},
    {"documents", JK_ARRAY, AT(documents), .max = MAX_ATTACHMENTS, .sub = &ATTACHMENT_SCHEMA},
};
#undef AT
JSON_SCHEMA(COMMENT_REPLY, "CommentReply", struct new_comment, REPLY_FIELDS);

static const struct json_field TEXT_FIELDS[] = {
    {"content", JK_STR, offsetof(struct edit_body, content), JF_REQUIRED | JF_NON_EMPTY,
     .max = MAX_CONTENT},
};
JSON_SCHEMA(COMMENT_TEXT, "CommentText", struct edit_body, TEXT_FIELDS);

struct rating {
    int8_t is_up;
};
static const struct json_field RATING_FIELDS[] = {
    {"rating", JK_BOOL, offsetof(struct rating, is_up), .doc = "null takes the rating back"},
};
JSON_SCHEMA(COMMENT_RATING, "CommentRating", struct rating, RATING_FIELDS);

/* ---- reading ------------------------------------------------------------------------------ */

static void write_replies(struct arena *a, struct json_writer *w, const struct message_list *list,
                          int64_t parent)
{
    JW_KEY(w, "replies");
    jw_array(w);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].reply_to_id == parent && !message_is_gone(&list->items[i]))
            view_comment(a, w, &list->items[i]);
    jw_end_array(w);
}

static bool has_message(const struct message_list *list, int64_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].id == id && !message_is_gone(&list->items[i]))
            return true;
    return false;
}

static void write_thread(struct arena *a, struct json_writer *w, const struct message_list *list,
                         const struct message *m)
{
    jw_object(w);
    view_comment_members(a, w, m);
    write_replies(a, w, list, m->id);
    jw_end_object(w);
}

enum err CO_FN comments_by_ticket(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct message_list list;
    struct db_session *db;
    struct conversation c;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, 0, req_param(r, "ticket"), &c);
    if (rc == ERR_OK)
        rc = message_store_before(db, c.id, INT64_MAX, 0, SHOWN_MAX, &list);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_array(w);
    for (size_t i = 0; i < list.count; i++) {
        const struct message *m = &list.items[i];
        if (!message_is_gone(m) && !has_message(&list, m->reply_to_id))
            write_thread(r->arena, w, &list, m);
    }
    jw_end_array(w);
    return req_json_end(r, 200);
}

static enum err reply_comment(struct req *r, int status, const struct message *m)
{
    view_comment(r->arena, req_json_begin(r), m);
    return req_json_end(r, status);
}

enum err CO_FN comments_get(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    struct message m;
    enum err rc = message_find(r, &db, &who, &m, &c);
    return rc ? rc : reply_comment(r, 200, &m);
}

/* ---- posting ------------------------------------------------------------------------------ */

static enum err CO_FN post(struct req *r, struct db_session *db, const struct speaker *who,
                           const struct conversation *c, const struct new_comment *comment)
{
    const struct new_message b = {.content = comment->content,
                                  .reply_to_id = comment->parent,
                                  .attachments = comment->documents};
    struct message m;
    enum err rc = posted(r, db, who, c, &b, &m);
    return rc ? rc : reply_comment(r, 201, &m);
}

enum err CO_FN comments_post(struct req *r)
{
    const struct new_comment *b = r->body;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = conversation_find(db, &who, 0, b->ticket_id, &c);
    return rc ? rc : post(r, db, &who, &c, b);
}

enum err CO_FN comments_reply(struct req *r)
{
    struct new_comment b = *(const struct new_comment *)r->body;
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    struct message m;
    enum err rc = message_find(r, &db, &who, &m, &c);
    b.parent = m.id;
    return rc ? rc : post(r, db, &who, &c, &b);
}

/* ---- changing ----------------------------------------------------------------------------- */

enum err CO_FN comments_edit(struct req *r)
{
    const struct edit_body *b = r->body;
    struct act_result result = {0};
    enum err rc = acted(r, CHANGE_EDITED, message_of_path(r), b->content, &result);
    return rc ? rc : reply_comment(r, 200, &result.message);
}

enum err CO_FN comments_delete(struct req *r)
{
    struct act_result result = {0};
    enum err rc = acted(r, CHANGE_DELETED, message_of_path(r), STR_NULL, &result);
    if (rc)
        return rc;
    return reply_comment(r, 200, &result.message);
}

/* One thumb a person: the other one is taken back. */
enum err CO_FN comments_rate(struct req *r)
{
    const struct rating *b = r->body;
    int64_t id = message_of_path(r);
    struct act_result result = {0};
    enum err rc = ERR_OK;
    if (b->is_up != JSON_TRUE)
        rc = acted(r, CHANGE_REACTION_REMOVED, id, THUMBS_UP, &result);
    if (rc == ERR_OK && b->is_up != JSON_FALSE)
        rc = acted(r, CHANGE_REACTION_REMOVED, id, THUMBS_DOWN, &result);
    if (rc == ERR_OK && b->is_up != JSON_UNSET)
        rc = acted(r, CHANGE_REACTION_ADDED, id, b->is_up == JSON_TRUE ? THUMBS_UP : THUMBS_DOWN,
                   &result);
    return rc ? rc : reply_comment(r, 200, &result.message);
}
