/* One message, and what becomes of it. */
#include <stddef.h>

#include "api/messages.h"
#include "api/posted.h"
#include "api/refuse.h"
#include "api/view.h"
#include "clock.h"
#include "service.h"
#include "state.h"
#include "write_run.h"

static const struct json_field EDIT_FIELDS[] = {
    {"content", JK_STR, offsetof(struct edit_body, content), JF_REQUIRED | JF_NON_EMPTY,
     .max = MAX_CONTENT, .alias = "message"},
};
JSON_SCHEMA(MESSAGE_EDIT, "MessageEdit", struct edit_body, EDIT_FIELDS);

struct reaction_body {
    struct str reaction;
};
static const struct json_field REACTION_FIELDS[] = {
    {"reaction", JK_STR, offsetof(struct reaction_body, reaction), JF_REQUIRED | JF_NON_EMPTY,
     .max = 64, .alias = "emoji", .doc = "an emoji"},
};
JSON_SCHEMA(REACTION_BODY, "Reaction", struct reaction_body, REACTION_FIELDS);

/* ---- what they share ---------------------------------------------------------------------- */

int64_t message_of_path(struct req *r)
{
    int64_t id;
    return req_param_int(r, "id", &id) ? id : 0;
}

enum err message_find(struct req *r, struct db_session **db, const struct speaker *who,
                      struct message *m, struct conversation *c)
{
    int64_t id = message_of_path(r);
    if (!id)
        return ERR_NOT_FOUND;
    enum err rc = req_db(r, db);
    if (rc == ERR_OK)
        rc = message_store_get(*db, id, m);
    if (rc == ERR_OK)
        rc = conversation_find(*db, who, m->conversation_id, STR_NULL, c);
    return rc == ERR_CONVERSATION_NOT_FOUND ? ERR_NOT_FOUND : rc;
}

/* "3" in quotes; 0 without If-Match or with *; -1 is no version there ever was. */
static int64_t expected_version(struct req *r)
{
    struct str given = str_trim(req_header(r, "If-Match"));
    int64_t version;
    if (!given.len || str_eq(given, STR("*")))
        return 0;
    if (given.len > 2 && given.p[0] == '"' &&
        str_to_i64(str_slice(given, 1, given.len - 1), &version))
        return version;
    return -1;
}

static enum err CO_FN act_on(struct req *r, struct act *a, struct act_result *out)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    a->occasion = occasion_of(r, &who);
    a->expects_version = a->kind == CHANGE_EDITED ? expected_version(r) : 0;
    a->unsend_window_us = messaging_config(req_service(r))->unsend_window_s * US_PER_S;
    if (!a->message_id)
        return ERR_NOT_FOUND;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = message_act(db, a, out);
    if (rc == ERR_PRECONDITION_FAILED)
        req_detail(r, "current_version",
                   str_printf(r->arena, "%lld", (long long)out->message.version));
    return rc && out->problem ? refuse(r, rc, out->problem) : rc;
}

enum err acted(struct req *r, enum change_kind kind, int64_t id, struct str text,
               struct act_result *out)
{
    struct act a = {.kind = kind, .message_id = id, .text = text};
    return act_on(r, &a, out);
}

enum err acted_on_file(struct req *r, enum change_kind kind, int64_t id,
                       const struct attachment *file, struct act_result *out)
{
    struct act a = {.kind = kind, .message_id = id, .file = file};
    return act_on(r, &a, out);
}

static enum err reply_message(struct req *r, const struct message *m)
{
    req_set_header(r, "ETag", etag_format(r->arena, m->version));
    return req_reply_json(r, 200, &MESSAGE_SCHEMA, m);
}

/* Answers with the message as it is then. */
static enum err CO_FN act_and_reply(struct req *r, enum change_kind kind, struct str text)
{
    struct act_result result = {0};
    enum err rc = acted(r, kind, message_of_path(r), text, &result);
    return rc ? rc : reply_message(r, &result.message);
}

/* ---- handlers ----------------------------------------------------------------------------- */

enum err CO_FN messages_get(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    struct db_session *db;
    struct conversation c;
    struct message m;
    enum err rc = message_find(r, &db, &who, &m, &c);
    return rc ? rc : reply_message(r, &m);
}

enum err CO_FN messages_versions(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    const struct message_version *items;
    struct db_session *db;
    struct conversation c;
    struct message m;
    size_t n = 0;
    enum err rc = message_find(r, &db, &who, &m, &c);
    if (rc == ERR_OK && !message_is_gone(&m))
        rc = message_store_versions(db, m.id, &items, &n);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_INT(w, "count", (int64_t)n);
    JW_KEY(w, "results");
    jw_array(w);
    for (size_t i = 0; i < n; i++) {
        jw_object(w);
        JW_INT(w, "version", items[i].version);
        JW_STR(w, "content", items[i].content);
        JW_TIME_MS(w, "written_at", items[i].written_at);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}

enum err CO_FN messages_edit(struct req *r)
{
    const struct edit_body *b = r->body;
    return act_and_reply(r, CHANGE_EDITED, b->content);
}

enum err CO_FN messages_delete(struct req *r)
{
    return act_and_reply(r, CHANGE_DELETED, STR_NULL);
}

enum err CO_FN messages_unsend(struct req *r)
{
    return act_and_reply(r, CHANGE_UNSENT, STR_NULL);
}

enum err CO_FN messages_react(struct req *r)
{
    const struct reaction_body *b = r->body;
    return act_and_reply(r, CHANGE_REACTION_ADDED, b->reaction);
}

enum err CO_FN messages_unreact(struct req *r)
{
    return act_and_reply(r, CHANGE_REACTION_REMOVED, req_param(r, "reaction"));
}

/* Everything up to the message has been read. */
enum err CO_FN messages_read(struct req *r)
{
    const struct speaker who = speaker_of(r->actor);
    const struct occasion o = occasion_of(r, &who);
    struct db_session *db;
    struct conversation c;
    struct message m;
    int64_t last = 0;
    enum err rc = message_find(r, &db, &who, &m, &c);
    if (rc == ERR_OK)
        rc = conversation_read(db, &c, &o, m.id, &last);
    if (rc)
        return rc;
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_BOOL(w, "success", true);
    JW_INT(w, "id", m.id);
    JW_INT(w, "conversation_id", c.id);
    JW_INT(w, "last_read_id", last);
    JW_BOOL(w, "is_read", true);
    jw_end_object(w);
    return req_json_end(r, 200);
}
