#include "api/view.h"

#include <stddef.h>

#include "ws_json.h"

#define AT(member) offsetof(struct conversation, member)
static const struct json_field CONVERSATION_FIELDS[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"type", JK_STR, AT(type), JF_REQUIRED, .doc = "support, direct or group"},
    {"ticket_number", JK_STR, AT(ticket_number)},
    {"title", JK_STR, AT(title), JF_REQUIRED},
    {"unread_count", JK_INT, AT(unread), JF_REQUIRED},
    {"last_message", JK_STR, AT(last_message)},
    {"created_at", JK_TIME, AT(created_at), JF_REQUIRED | JF_MS},
    {"updated_at", JK_TIME, AT(updated_at), JF_REQUIRED | JF_MS},
};
#undef AT
JSON_SCHEMA(CONVERSATION_SCHEMA, "Conversation", struct conversation, CONVERSATION_FIELDS);

#define AT(member) offsetof(struct message, member)
static const struct json_field MESSAGE_FIELDS[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"conversation_id", JK_INT, AT(conversation_id), JF_REQUIRED},
    {"sender_id", JK_INT, AT(sender_id), JF_REQUIRED},
    {"sender_name", JK_STR, AT(sender_name), JF_REQUIRED},
    {"content", JK_STR, AT(content), JF_REQUIRED},
    {"client_id", JK_STR, AT(client_id), JF_OMIT},
    {"created_at", JK_TIME, AT(created_at), JF_REQUIRED | JF_MS},
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
    JW_RAW(w, "results", buf_str(&items));
    JW_RAW(w, "data", buf_str(&items));
    jw_end_object(w);
}

struct str view_message_frame(struct arena *a, const struct message *m, struct str ticket_number)
{
    struct json_writer *w = ws_json_begin(a, "message");
    JW_INT(w, "id", m->id);
    JW_INT(w, "conversation_id", m->conversation_id);
    if (ticket_number.len)
        JW_STR(w, "ticket_number", ticket_number);
    JW_INT(w, "sender_id", m->sender_id);
    JW_STR(w, "sender_name", m->sender_name);
    JW_STR(w, "content", m->content);
    if (m->client_id.len)
        JW_STR(w, "client_id", m->client_id);
    JW_TIME_MS(w, "created_at", m->created_at);
    return ws_json_end(w);
}
