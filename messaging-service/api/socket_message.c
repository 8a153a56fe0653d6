/* Frames that say, change and read messages. */
#include <stddef.h>

#include "api/attachment.h"
#include "api/message_act.h"
#include "api/socket_frame.h"
#include "clock.h"

int64_t frame_id(const struct json *m, const char *key)
{
    const struct json *given = json_get(m, key);
    int64_t id = 0;
    if (json_int(given, &id) || str_to_i64(json_str(given), &id))
        return id;
    return 0;
}

/* ---- saying ------------------------------------------------------------------------------- */

struct said {
    struct str content, client_id, type;
    struct json_array attachments, mentions;
    int64_t reply_to_id;
};
#define AT(member) offsetof(struct said, member)
static const struct json_field SAID_FIELDS[] = {
    {"content", JK_STR, AT(content), .max = MAX_CONTENT, .alias = "message"},
    {"client_id", JK_STR, AT(client_id), .max = MAX_CLIENT_ID},
    {"message_type", JK_ENUM, AT(type), .choices = "text|image|file"},
    {"attachments", JK_ARRAY, AT(attachments), .max = MAX_ATTACHMENTS, .sub = &ATTACHMENT_SCHEMA},
    {"mentions", JK_INT_ARRAY, AT(mentions), .alias = "mention_ids"},
    {"reply_to_id", JK_INT, AT(reply_to_id), JF_COERCE, .min = 1, .max = INT64_MAX,
     .alias = "reply_to"},
};
#undef AT
static JSON_SCHEMA(SAID, "MessageFrame", struct said, SAID_FIELDS);

static const char *read_said(struct arena *a, const struct json *m, struct posting *p)
{
    struct said s;
    struct json_problem *problem = NULL;
    if (json_decode(a, &SAID, m, &s, &problem) != ERR_OK)
        return str_cstr(a, str_printf(a, "%.*s: %s", STR_ARG(problem->field), problem->message));
    p->content = s.content;
    p->client_id = s.client_id;
    p->type = s.type;
    p->files = s.attachments;
    p->mentions = s.mentions;
    p->reply_to_id = s.reply_to_id;
    return posting_problem(p);
}

/* What was said once already was announced then, but the client waits for an answer. */
static void answer_repeated(struct client *c, struct arena *a, const struct message *m)
{
    const struct change change = {.id = m->id,
                                  .kind = CHANGE_MESSAGE,
                                  .conversation_id = m->conversation_id,
                                  .ticket_number = m->ticket_number,
                                  .message = *m,
                                  .happened_at = m->created_at};
    ws_send_text(c->ws, frame_text(a, &change, c->tongue));
}

void frame_message(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    struct message stored;
    struct posting p = {.occasion = client_occasion(c)};
    bool is_new;
    const char *problem = read_said(a, m, &p);
    if (problem) {
        ws_json_error(ws, a, m, ERR_VALIDATION_ERROR, problem);
        return;
    }
    db_session_init(&db, c->service->db, a);
    if (!frame_find(&db, c, m, &conversation))
        return;
    enum err rc = conversation_post(&db, &conversation, &p, &stored, &is_new, &problem);
    if (rc)
        ws_json_error(ws, a, m, rc, problem);
    else if (!is_new)
        answer_repeated(c, a, &stored);
}

/* ---- changing ----------------------------------------------------------------------------- */

/* Everybody is told of the change, who asked for it included; only who changed nothing waits in
 * vain. */
static void CO_FN act(struct client *c, struct arena *a, const struct json *m,
                      enum change_kind kind, struct str text)
{
    struct db_session db;
    struct act_result result;
    const struct act request = {
        .occasion = client_occasion(c),
        .kind = kind,
        .message_id = frame_id(m, "message_id"),
        .text = text,
        .unsend_window_us = messaging_config(c->service)->unsend_window_s * US_PER_S,
    };
    db_session_init(&db, c->service->db, a);
    enum err rc = message_act(&db, &request, &result);
    if (rc) {
        ws_json_error(c->ws, a, m, rc, result.problem);
    } else if (!result.has_changed) {
        struct json_writer *w = ws_json_begin(a, "unchanged");
        JW_INT(w, "message_id", request.message_id);
        ws_send_text(c->ws, ws_json_end(w));
    }
}

void frame_edit(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct str content = json_str(json_get(m, "content"));
    (void)ws;
    act(arg, a, m, CHANGE_EDITED, content.p ? content : json_str(json_get(m, "message")));
}

void frame_delete(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)ws;
    act(arg, a, m, CHANGE_DELETED, STR_NULL);
}

void frame_unsend(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)ws;
    act(arg, a, m, CHANGE_UNSENT, STR_NULL);
}

void frame_reaction_add(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)ws;
    act(arg, a, m, CHANGE_REACTION_ADDED, json_str(json_get(m, "reaction")));
}

void frame_reaction_remove(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    (void)ws;
    act(arg, a, m, CHANGE_REACTION_REMOVED, json_str(json_get(m, "reaction")));
}

/* ---- reading ------------------------------------------------------------------------------ */

void frame_read(struct ws *ws, void *arg, struct arena *a, const struct json *m)
{
    struct client *c = arg;
    struct db_session db;
    struct conversation conversation;
    int64_t up_to = frame_id(m, "message_id"), last;
    const struct occasion o = client_occasion(c);
    db_session_init(&db, c->service->db, a);
    if (!frame_find(&db, c, m, &conversation))
        return;
    enum err rc = conversation_read(&db, &conversation, &o, up_to > 0 ? up_to : INT64_MAX, &last);
    if (rc) {
        ws_json_error(ws, a, m, rc, NULL);
        return;
    }
    struct json_writer *w = ws_json_begin(a, "read");
    JW_INT(w, "conversation_id", conversation.id);
    JW_INT(w, "last_read_id", last);
    ws_send_text(ws, ws_json_end(w));
}
