#include "api/frame.h"

#include "api/view.h"
#include "ws_json.h"

static struct json_writer *begin(struct arena *a, const char *type, const struct change *c)
{
    struct json_writer *w = ws_json_begin(a, type);
    JW_INT(w, "seq", c->id);
    JW_INT(w, "conversation_id", c->conversation_id);
    if (c->ticket_number.len)
        JW_STR(w, "ticket_number", c->ticket_number);
    return w;
}

/* ---- what all tongues share ---------------------------------------------------------------- */

static void write_message(struct json_writer *w, const struct change *c, enum tongue t)
{
    JW_KEY(w, "message");
    if (t == TONGUE_CHAT)
        view_message(w, &c->message);
    else
        view_ticket_message(w, &c->message);
}

static void write_reaction(struct json_writer *w, const struct change *c)
{
    jw_object(w);
    JW_STR(w, "reaction", c->detail);
    JW_STR(w, "user", c->actor_name);
    JW_INT(w, "user_id", c->actor_id);
    JW_STR(w, "user_full_name", c->actor_name);
    JW_TIME_MS(w, "created_at", c->happened_at);
    jw_end_object(w);
}

static void write_ids(struct json_writer *w, const struct json_array *ids)
{
    jw_array(w);
    for (size_t i = 0; i < ids->count; i++)
        jw_int(w, ((const int64_t *)ids->items)[i]);
    jw_end_array(w);
}

static struct str conversation_text(struct arena *a, const struct change *c)
{
    struct json_writer *w = begin(a, "conversation_updated", c);
    JW_STR(w, "change", str_from(change_word(c->kind)));
    JW_INT(w, "actor_id", c->actor_id);
    JW_STR(w, "actor_name", c->actor_name);
    if (c->detail.len)
        JW_STR(w, "title", c->detail);
    JW_KEY(w, "user_ids");
    write_ids(w, &c->user_ids);
    JW_TIME_MS(w, "timestamp", c->happened_at);
    return ws_json_end(w);
}

static struct str read_text(struct arena *a, const struct change *c)
{
    struct json_writer *w = begin(a, "message_read", c);
    JW_INT(w, "user_id", c->actor_id);
    JW_INT(w, "last_read_id", c->last_read_id);
    return ws_json_end(w);
}

/* ---- messages ------------------------------------------------------------------------------ */

/* The platform's sample has the message's members in the frame itself. */
static struct str sent_text(struct arena *a, const struct change *c)
{
    const struct message *m = &c->message;
    struct json_writer *w = ws_json_begin(a, "message");
    JW_INT(w, "id", m->id);
    JW_INT(w, "conversation_id", m->conversation_id);
    if (m->ticket_number.len)
        JW_STR(w, "ticket_number", m->ticket_number);
    JW_INT(w, "sender_id", m->sender_id);
    JW_STR(w, "sender_name", m->sender_name);
    JW_STR(w, "content", m->content);
    JW_STR(w, "message_type", m->type);
    if (m->client_id.len)
        JW_STR(w, "client_id", m->client_id);
    if (m->attachments.len)
        JW_RAW(w, "attachments", m->attachments);
    if (m->reply_to.len)
        JW_RAW(w, "reply_to", m->reply_to);
    if (m->mention_ids.count) {
        JW_KEY(w, "mentions");
        write_ids(w, &m->mention_ids);
    }
    JW_TIME_MS(w, "created_at", m->created_at);
    if (m->edited_at != JSON_NO_TIME)
        JW_TIME_MS(w, "edited_at", m->edited_at);
    if (m->deleted_at != JSON_NO_TIME)
        JW_TIME_MS(w, "deleted_at", m->deleted_at);
    if (m->unsent_at != JSON_NO_TIME)
        JW_TIME_MS(w, "unsent_at", m->unsent_at);
    return ws_json_end(w);
}

static struct str message_text(struct arena *a, const struct change *c, enum tongue t)
{
    struct json_writer *w;
    switch (c->kind) {
    case CHANGE_MESSAGE:
        if (t == TONGUE_CHAT)
            return sent_text(a, c);
        w = begin(a, "message_sent", c);
        write_message(w, c, t);
        return ws_json_end(w);
    case CHANGE_EDITED:
    case CHANGE_ATTACHED:
    case CHANGE_DETACHED:
    case CHANGE_UNSENT:
        w = begin(a, c->kind == CHANGE_UNSENT ? "message_unsent" : "message_edited", c);
        write_message(w, c, t);
        return ws_json_end(w);
    case CHANGE_DELETED:
        w = begin(a, "message_deleted", c);
        JW_INT(w, "message_id", c->message.id);
        return ws_json_end(w);
    case CHANGE_REACTION_ADDED:
        w = begin(a, "reaction_added", c);
        JW_INT(w, "message_id", c->message.id);
        JW_KEY(w, "reaction");
        write_reaction(w, c);
        return ws_json_end(w);
    case CHANGE_REACTION_REMOVED:
        w = begin(a, "reaction_removed", c);
        JW_INT(w, "message_id", c->message.id);
        JW_STR(w, "user", c->actor_name);
        JW_INT(w, "user_id", c->actor_id);
        JW_STR(w, "reaction", c->detail);
        return ws_json_end(w);
    case CHANGE_READ:
        return read_text(a, c);
    case CHANGE_RENAMED:
    case CHANGE_MEMBERS_ADDED:
    case CHANGE_MEMBERS_REMOVED:
    case CHANGE_OWNER:
        return conversation_text(a, c);
    case CHANGE_PEOPLE: /* who it is about is told, in access_changed */
    case CHANGE_KIND_COUNT:
        break;
    }
    return STR_NULL;
}

/* ---- comments ------------------------------------------------------------------------------ */

static const char *comment_action(const struct change *c)
{
    switch (c->kind) {
    case CHANGE_MESSAGE:
        return c->message.reply_to_id == JSON_NO_INT ? "create" : "reply";
    case CHANGE_EDITED:
        return "update";
    case CHANGE_ATTACHED:
        return "attach_document";
    case CHANGE_DETACHED:
        return "detach_document";
    case CHANGE_DELETED:
    case CHANGE_UNSENT:
        return "delete";
    case CHANGE_REACTION_ADDED:
    case CHANGE_REACTION_REMOVED:
        return "rate";
    case CHANGE_READ:
    case CHANGE_RENAMED:
    case CHANGE_MEMBERS_ADDED:
    case CHANGE_MEMBERS_REMOVED:
    case CHANGE_OWNER:
    case CHANGE_PEOPLE:
    case CHANGE_KIND_COUNT:
        break;
    }
    return NULL;
}

static struct str comment_text(struct arena *a, const struct change *c)
{
    const char *action = comment_action(c);
    if (!action)
        return STR_NULL;
    struct json_writer *w = begin(a, "comment_update", c);
    JW_STR(w, "action", str_from(action));
    JW_KEY(w, "comment");
    view_comment(a, w, &c->message);
    JW_TIME_MS(w, "timestamp", c->happened_at);
    if (c->kind == CHANGE_DELETED || c->kind == CHANGE_UNSENT)
        JW_INT(w, "deleted_comment_id", c->message.id);
    if (c->kind == CHANGE_ATTACHED || c->kind == CHANGE_DETACHED)
        JW_RAW(w, "document_info", str_printf(a, "{\"id\":%.*s}", STR_ARG(c->detail)));
    if (c->kind == CHANGE_REACTION_ADDED || c->kind == CHANGE_REACTION_REMOVED) {
        JW_KEY(w, "rating_data");
        write_reaction(w, c);
    }
    return ws_json_end(w);
}

struct str frame_text(struct arena *a, const struct change *c, enum tongue t)
{
    return t == TONGUE_COMMENTS ? comment_text(a, c) : message_text(a, c, t);
}

/* ---- once for many ------------------------------------------------------------------------- */

struct ws_frame *frames_of(struct frames *f, enum tongue t)
{
    if (!f->is_known[t]) {
        struct str text = frame_text(f->arena, f->change, t);
        f->is_known[t] = true;
        f->made[t] = text.p ? ws_frame_text(ws_json_traced(f->arena, text)) : NULL;
    }
    return f->made[t];
}

void frames_release(struct frames *f)
{
    for (int t = 0; t < TONGUE_COUNT; t++)
        ws_frame_unref(f->made[t]);
}
