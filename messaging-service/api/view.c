#include "api/view.h"

#include <stddef.h>

#define AT(member) offsetof(struct conversation, member)
static const struct json_field CONVERSATION_FIELDS[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"type", JK_STR, AT(type), JF_REQUIRED, .doc = "support, direct or group"},
    {"ticket_number", JK_STR, AT(ticket_number)},
    {"ticket_status", JK_STR, AT(ticket_status), JF_OMIT},
    {"title", JK_STR, AT(title), JF_REQUIRED},
    {"owner_id", JK_INT, AT(group_owner_id), JF_OMIT, .doc = "of a group"},
    {"unread_count", JK_INT, AT(unread), JF_REQUIRED},
    {"last_read_id", JK_INT, AT(last_read_id), JF_REQUIRED},
    {"is_muted", JK_BOOL, AT(is_muted), JF_REQUIRED},
    {"is_archived", JK_BOOL, AT(is_archived), JF_REQUIRED},
    {"last_message", JK_STR, AT(last_message), .doc = "its beginning"},
    {"last_message_at", JK_TIME, AT(last_message_at), JF_MS},
    {"counterpart_id", JK_INT, AT(counterpart_id), JF_OMIT, .doc = "the other one of a direct one"},
    {"counterpart_name", JK_STR, AT(counterpart_name), JF_OMIT},
    {"counterpart_email", JK_STR, AT(counterpart_email), JF_OMIT},
    {"metadata", JK_STR, AT(metadata), JF_REQUIRED, .doc = "a JSON object as text: the context"},
    {"messages", JK_RAW, AT(messages), JF_OMIT, .doc = "in lists: the latest, oldest first"},
    {"version", JK_INT, AT(version), JF_REQUIRED},
    {"created_at", JK_TIME, AT(created_at), JF_REQUIRED | JF_MS},
    {"updated_at", JK_TIME, AT(updated_at), JF_REQUIRED | JF_MS},
};
#undef AT
JSON_SCHEMA(CONVERSATION_SCHEMA, "Conversation", struct conversation, CONVERSATION_FIELDS);

#define AT(member) offsetof(struct message, member)
static const struct json_field MESSAGE_FIELDS[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"conversation_id", JK_INT, AT(conversation_id), JF_REQUIRED},
    {"ticket_number", JK_STR, AT(ticket_number), JF_OMIT},
    {"sender_id", JK_INT, AT(sender_id), JF_REQUIRED},
    {"sender_name", JK_STR, AT(sender_name), JF_REQUIRED},
    {"sender_role", JK_STR, AT(sender_role)},
    {"content", JK_STR, AT(content), JF_REQUIRED, .doc = "empty when deleted or unsent"},
    {"type", JK_STR, AT(type), JF_REQUIRED, .doc = "text, image or file"},
    {"client_id", JK_STR, AT(client_id), JF_OMIT},
    {"attachments", JK_RAW, AT(attachments), JF_OMIT},
    {"reply_to_id", JK_INT, AT(reply_to_id), JF_OMIT},
    {"reply_to", JK_RAW, AT(reply_to), JF_OMIT, .doc = "the beginning of what it answers"},
    {"mentions", JK_INT_ARRAY, AT(mention_ids), JF_OMIT},
    {"reactions", JK_RAW, AT(reactions), JF_OMIT, .doc = "the first 200"},
    {"reaction_counts", JK_RAW, AT(reaction_counts), JF_OMIT},
    {"is_read", JK_BOOL, AT(is_read), JF_OMIT,
     .doc = "in lists: of one's own messages by anybody else, of others by oneself"},
    {"version", JK_INT, AT(version), JF_REQUIRED},
    {"created_at", JK_TIME, AT(created_at), JF_REQUIRED | JF_MS},
    {"edited_at", JK_TIME, AT(edited_at), JF_MS | JF_OMIT},
    {"deleted_at", JK_TIME, AT(deleted_at), JF_MS | JF_OMIT},
    {"unsent_at", JK_TIME, AT(unsent_at), JF_MS | JF_OMIT},
};
#undef AT
JSON_SCHEMA(MESSAGE_SCHEMA, "Message", struct message, MESSAGE_FIELDS);

void view_list(struct arena *a, struct json_writer *w, const struct list_view *v)
{
    struct buf items;
    struct json_writer inner;
    buf_init(&items, a);
    jw_init(&inner, &items);
    jw_array(&inner);
    for (size_t i = 0; i < v->count; i++)
        json_encode(&inner, v->schema, (const char *)v->items + i * v->schema->size);
    jw_end_array(&inner);
    jw_object(w);
    JW_BOOL(w, "success", true);
    if (v->conversation_id)
        JW_INT(w, "conversation_id", v->conversation_id);
    JW_INT(w, "count", (int64_t)v->count);
    JW_STR(w, "next_cursor", v->next_cursor);
    JW_RAW(w, "results", buf_str(&items));
    JW_RAW(w, "data", buf_str(&items));
    jw_end_object(w);
}

void view_message(struct json_writer *w, const struct message *m)
{
    json_encode(w, &MESSAGE_SCHEMA, m);
}

static struct str or_empty(struct str json, struct str empty)
{
    return json.len ? json : empty;
}

void view_ticket_message(struct json_writer *w, const struct message *m)
{
    bool is_deleted = m->deleted_at != JSON_NO_TIME, is_unsent = m->unsent_at != JSON_NO_TIME;
    bool is_edited = m->edited_at != JSON_NO_TIME;
    int64_t updated_at = is_unsent    ? m->unsent_at
                         : is_deleted ? m->deleted_at
                         : is_edited  ? m->edited_at
                                      : m->created_at;
    jw_object(w);
    JW_INT(w, "message_id", m->id);
    JW_INT(w, "conversation_id", m->conversation_id);
    JW_STR(w, "ticket_id", m->ticket_number);
    JW_STR(w, "sender", m->sender_name);
    JW_STR(w, "sender_role", m->sender_role);
    JW_INT(w, "user_id", m->sender_id);
    JW_STR(w, "message", m->content);
    JW_TIME_MS(w, "created_at", m->created_at);
    JW_TIME_MS(w, "updated_at", updated_at);
    JW_BOOL(w, "is_edited", is_edited);
    JW_TIME_MS(w, "edited_at", m->edited_at);
    JW_BOOL(w, "is_deleted", is_deleted);
    JW_TIME_MS(w, "deleted_at", m->deleted_at);
    JW_BOOL(w, "is_unsent", is_unsent);
    JW_TIME_MS(w, "unsent_at", m->unsent_at);
    JW_BOOL(w, "unsent_for_all", is_unsent);
    if (m->client_id.len)
        JW_STR(w, "client_id", m->client_id);
    if (m->reply_to.len)
        JW_RAW(w, "reply_to", m->reply_to);
    JW_RAW(w, "attachments", or_empty(m->attachments, STR("[]")));
    JW_RAW(w, "reactions", or_empty(m->reactions, STR("[]")));
    JW_RAW(w, "reaction_counts", or_empty(m->reaction_counts, STR("{}")));
    jw_end_object(w);
}
