#include "api/message_act.h"

#include "api/announce.h"
#include "api/attachment.h"
#include "domain/emoji.h"

struct work {
    const struct act *act;
    struct act_result *out;
    struct conversation conversation;
    struct message_access access;
};

const char *act_problem(const struct act *a)
{
    if (a->kind == CHANGE_REACTION_ADDED || a->kind == CHANGE_REACTION_REMOVED)
        return emoji_is_valid(a->text) ? NULL : "reaction must be an emoji";
    if (a->kind != CHANGE_EDITED)
        return NULL;
    if (!str_trim(a->text).len)
        return "content is required";
    if (!str_is_utf8(a->text))
        return "content is not UTF-8";
    return str_utf8_len(a->text) > MAX_CONTENT ? "content is too long" : NULL;
}

/* ---- may it happen? ----------------------------------------------------------------------- */

static enum err refuse(struct work *w, enum err e, const char *problem)
{
    w->out->problem = problem;
    return e;
}

/* The message, under its conversation's lock. */
static enum err CO_FN find(struct db_session *db, struct work *w)
{
    const struct speaker *who = w->act->occasion.who;
    struct message *m = &w->out->message;
    enum err rc = message_store_get(db, w->act->message_id, m);
    if (rc == ERR_OK)
        rc = conversation_store_lock(db, m->conversation_id);
    if (rc == ERR_OK)
        rc = conversation_find(db, who, m->conversation_id, STR_NULL, &w->conversation);
    if (rc == ERR_OK)
        rc = message_store_get(db, w->act->message_id, m);
    if (rc == ERR_CONVERSATION_NOT_FOUND)
        return ERR_NOT_FOUND;
    if (rc)
        return rc;
    const struct conversation *c = &w->conversation;
    struct access access = access_to(c, who);
    w->access = (struct message_access){
        .may_write = access_may_write(&access),
        .is_sender = m->sender_id == who->user_id,
        .is_moderator =
            (access.is_support && access.sees_all_tickets) || c->group_owner_id == who->user_id,
        .is_gone = message_is_gone(m),
        .age_us = w->act->occasion.now - m->created_at,
    };
    return ERR_OK;
}

static enum err check(struct work *w)
{
    const struct message_access *access = &w->access;
    switch (w->act->kind) {
    case CHANGE_EDITED:
    case CHANGE_ATTACHED:
    case CHANGE_DETACHED:
        if (!message_may_edit(access))
            return ERR_FORBIDDEN;
        return access->is_gone ? refuse(w, ERR_CONFLICT, "The message is gone") : ERR_OK;
    case CHANGE_DELETED:
        return message_may_delete(access) ? ERR_OK : ERR_FORBIDDEN;
    case CHANGE_UNSENT:
        if (!access->is_sender)
            return ERR_FORBIDDEN;
        if (!access->is_gone && !message_is_in_window(access, w->act->unsend_window_us))
            return refuse(w, ERR_CONFLICT, "It is too late to unsend the message");
        return ERR_OK;
    case CHANGE_REACTION_ADDED:
    case CHANGE_REACTION_REMOVED:
        if (!access->may_write)
            return ERR_FORBIDDEN;
        return access->is_gone ? refuse(w, ERR_CONFLICT, "The message is gone") : ERR_OK;
    case CHANGE_MESSAGE:
    case CHANGE_READ:
    case CHANGE_RENAMED:
    case CHANGE_MEMBERS_ADDED:
    case CHANGE_MEMBERS_REMOVED:
    case CHANGE_OWNER:
    case CHANGE_PEOPLE:
    case CHANGE_KIND_COUNT:
        break;
    }
    return ERR_INTERNAL_ERROR;
}

/* ---- it happens --------------------------------------------------------------------------- */

static enum err CO_FN edit(struct db_session *db, struct work *w)
{
    struct message *m = &w->out->message;
    struct json_array mentions;
    w->out->has_changed = !str_eq(m->content, w->act->text);
    if (!w->out->has_changed)
        return ERR_OK;
    enum err rc = conversation_mentions(db, m->conversation_id, w->act->text, &mentions);
    return rc ? rc : message_store_edit(db, m, w->act->text, &mentions, w->act->occasion.now);
}

static enum err CO_FN attach(struct db_session *db, struct work *w)
{
    const struct attachment *file = w->act->file;
    struct message *m = &w->out->message;
    w->out->has_changed = !attachments_have(db->arena, m->attachments, file->media_id);
    if (!w->out->has_changed)
        return ERR_OK;
    if (attachments_count(db->arena, m->attachments) >= MAX_ATTACHMENTS)
        return refuse(w, ERR_CONFLICT, "The message has too many files");
    return message_store_attach(db, m->id, attachments_with(db->arena, m->attachments, file));
}

static enum err CO_FN detach(struct db_session *db, struct work *w)
{
    int64_t media_id = w->act->file->media_id;
    struct message *m = &w->out->message;
    if (!attachments_have(db->arena, m->attachments, media_id))
        return ERR_NOT_FOUND;
    struct str left = attachments_without(db->arena, m->attachments, media_id);
    w->out->has_changed = true;
    if (!left.p && !str_trim(m->content).len)
        return refuse(w, ERR_CONFLICT, "The message would be empty");
    return message_store_attach(db, m->id, left);
}

static enum err CO_FN react(struct db_session *db, struct work *w)
{
    const struct reaction x = {.message_id = w->act->message_id,
                               .user_id = w->act->occasion.who->user_id,
                               .emoji = w->act->text,
                               .user_name = w->out->actor_name,
                               .now = w->act->occasion.now};
    if (w->act->kind == CHANGE_REACTION_REMOVED)
        return message_store_unreact(db, &x, &w->out->has_changed);
    enum err rc = message_store_react(db, &x, REACTIONS_MAX, &w->out->has_changed);
    return rc == ERR_CONFLICT ? refuse(w, rc, "The message has too many different reactions") : rc;
}

static enum err CO_FN apply(struct db_session *db, struct work *w)
{
    const struct act *a = w->act;
    if (a->kind == CHANGE_EDITED)
        return edit(db, w);
    if (a->kind == CHANGE_ATTACHED)
        return attach(db, w);
    if (a->kind == CHANGE_DETACHED)
        return detach(db, w);
    if (a->kind == CHANGE_REACTION_ADDED || a->kind == CHANGE_REACTION_REMOVED)
        return react(db, w);
    w->out->has_changed = !w->access.is_gone;
    if (w->access.is_gone)
        return ERR_OK;
    return a->kind == CHANGE_DELETED ? message_store_delete(db, a->message_id, a->occasion.now)
                                     : message_store_unsend(db, a->message_id, a->occasion.now);
}

static enum err CO_FN enter(struct db_session *db, struct work *w)
{
    const struct occasion *o = &w->act->occasion;
    struct str detail = w->act->kind >= CHANGE_REACTION_ADDED ? w->act->text : STR_NULL;
    if (w->act->file)
        detail = str_printf(db->arena, "%lld", (long long)w->act->file->media_id);
    enum err rc = message_store_get(db, w->act->message_id, &w->out->message);
    if (rc)
        return rc;
    struct change change = {.kind = w->act->kind,
                            .conversation_id = w->conversation.id,
                            .ticket_number = w->conversation.ticket_number,
                            .message = w->out->message,
                            .actor_id = o->who->user_id,
                            .actor_name = w->out->actor_name,
                            .detail = detail,
                            .happened_at = o->now};
    rc = change_store_add(db, &change);
    return rc ? rc : announce(db, o, &change);
}

static enum err CO_FN run(struct db_session *db, void *arg)
{
    struct work *w = arg;
    *w->out = (struct act_result){0};
    enum err rc = find(db, w);
    if (rc == ERR_OK)
        rc = speaker_name(db, w->act->occasion.who, &w->out->actor_name);
    if (rc == ERR_OK)
        rc = check(w);
    if (rc)
        return rc;
    if (w->act->expects_version && w->act->expects_version != w->out->message.version)
        return ERR_PRECONDITION_FAILED;
    w->out->ticket_number = w->conversation.ticket_number;
    rc = apply(db, w);
    return rc || !w->out->has_changed ? rc : enter(db, w);
}

enum err message_act(struct db_session *db, const struct act *a, struct act_result *out)
{
    struct work w = {.act = a, .out = out};
    *out = (struct act_result){.problem = act_problem(a)};
    return out->problem ? ERR_VALIDATION_ERROR : db_transact(db, run, &w);
}
