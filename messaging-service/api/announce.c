#include "api/announce.h"

#include "store/participant_store.h"

#define SOURCE "messaging-service"

/* ---- change to event ---------------------------------------------------------------------- */

/* Who takes part, and who of them does not want to hear of it. */
struct audience {
    struct json_array participants, muted; /* int64_t */
};

static struct event_message message_event(const struct change *c, const struct audience *audience)
{
    const struct message *m = &c->message;
    struct event_message e = {
        .id = m->id,
        .conversation_id = m->conversation_id,
        .sender_id = m->sender_id,
        .ticket_number = m->ticket_number,
        .sender_name = m->sender_name,
        .sender_role = m->sender_role,
        .type = m->type,
        .content = m->content,
        .client_id = m->client_id,
        .created_at = m->created_at,
        .edited_at = m->edited_at,
        .deleted_at = m->deleted_at,
        .unsent_at = m->unsent_at,
        .version = m->version,
        .reply_to_id = m->reply_to_id,
        .attachments = m->attachments,
        .reply_to = m->reply_to,
        .reactions = m->reactions,
        .reaction_counts = m->reaction_counts,
        .mentioned_ids = m->mention_ids,
        .participant_ids = audience->participants,
        .muted_ids = audience->muted,
    };
    if (c->kind == CHANGE_MESSAGE)
        return e;
    e.change_id = c->id;
    e.change = str_from(change_word(c->kind));
    e.actor_id = c->actor_id;
    e.actor_name = c->actor_name;
    e.reaction = c->detail.len ? c->detail : STR_NULL;
    e.happened_at = c->happened_at;
    return e;
}

static struct event_conversation conversation_event(const struct change *c,
                                                    const struct audience *audience)
{
    return (struct event_conversation){
        .id = c->id,
        .conversation_id = c->conversation_id,
        .ticket_number = c->ticket_number,
        .change = str_from(change_word(c->kind)),
        .title = c->detail.len ? c->detail : STR_NULL,
        .actor_id = c->actor_id,
        .actor_name = c->actor_name,
        .user_ids = c->user_ids,
        .last_read_id = c->kind == CHANGE_READ ? c->last_read_id : JSON_NO_INT,
        .happened_at = c->happened_at,
        .participant_ids = audience->participants,
    };
}

enum err announce(struct db_session *db, const struct occasion *o, const struct change *c)
{
    struct audience audience;
    enum err rc =
        participant_store_audience(db, c->conversation_id, &audience.participants, &audience.muted);
    if (rc)
        return rc;
    struct event_meta meta = {
        .source = SOURCE,
        .type = c->kind == CHANGE_MESSAGE ? "message.created"
                : change_is_of_message(c) ? "message.changed"
                                          : "conversation.changed",
        .subject = c->ticket_number.len
                       ? c->ticket_number
                       : str_printf(db->arena, "%lld", (long long)c->conversation_id),
        .time = o->now,
        .log = o->log,
        .time_overridden = o->time_overridden,
    };
    if (change_is_of_message(c)) {
        struct event_message e = message_event(c, &audience);
        return event_put(db, &meta, &EVENT_MESSAGE, &e);
    }
    struct event_conversation e = conversation_event(c, &audience);
    return event_put(db, &meta, &EVENT_CONVERSATION, &e);
}

/* ---- event to change ---------------------------------------------------------------------- */

static enum err read_message(struct arena *a, const struct event *ev, struct change *c)
{
    const char *why;
    struct event_message e;
    enum err rc = event_data(a, ev, &EVENT_MESSAGE, &e, &why);
    if (rc)
        return rc;
    *c = (struct change){
        .id = e.id,
        .kind = CHANGE_MESSAGE,
        .conversation_id = e.conversation_id,
        .ticket_number = e.ticket_number,
        .actor_id = e.sender_id,
        .actor_name = e.sender_name,
        .happened_at = e.created_at,
        .participant_ids = e.participant_ids,
        .message =
            {
                .id = e.id,
                .conversation_id = e.conversation_id,
                .ticket_number = e.ticket_number,
                .sender_id = e.sender_id,
                .sender_name = e.sender_name,
                .sender_role = e.sender_role,
                .type = e.type,
                .content = e.content,
                .client_id = e.client_id,
                .created_at = e.created_at,
                .edited_at = e.edited_at,
                .deleted_at = e.deleted_at,
                .unsent_at = e.unsent_at,
                .version = e.version,
                .reply_to_id = e.reply_to_id,
                .attachments = e.attachments,
                .reply_to = e.reply_to,
                .reactions = e.reactions,
                .reaction_counts = e.reaction_counts,
                .is_read = JSON_UNSET,
                .mention_ids = e.mentioned_ids,
            },
    };
    if (!e.change.len)
        return ERR_OK;
    c->id = e.change_id;
    c->kind = change_kind_of(e.change);
    c->actor_id = e.actor_id;
    c->actor_name = e.actor_name;
    c->detail = e.reaction;
    c->happened_at = e.happened_at;
    return change_is_of_message(c) ? ERR_OK : ERR_INVALID_PAYLOAD;
}

static enum err read_conversation(struct arena *a, const struct event *ev, struct change *c)
{
    const char *why;
    struct event_conversation e;
    enum err rc = event_data(a, ev, &EVENT_CONVERSATION, &e, &why);
    if (rc)
        return rc;
    *c = (struct change){
        .id = e.id,
        .kind = change_kind_of(e.change),
        .conversation_id = e.conversation_id,
        .ticket_number = e.ticket_number,
        .actor_id = e.actor_id,
        .actor_name = e.actor_name,
        .detail = e.title,
        .user_ids = e.user_ids,
        .last_read_id = e.last_read_id,
        .happened_at = e.happened_at,
        .participant_ids = e.participant_ids,
    };
    return c->kind == CHANGE_KIND_COUNT || change_is_of_message(c) ? ERR_INVALID_PAYLOAD : ERR_OK;
}

enum err announced(struct arena *a, const struct event *e, struct change *out)
{
    return str_has_prefix(e->type, STR("message.")) ? read_message(a, e, out)
                                                    : read_conversation(a, e, out);
}
