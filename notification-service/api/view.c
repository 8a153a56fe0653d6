#include "api/view.h"

#include <stddef.h>

void view_notification(struct json_writer *w, const struct notification *n)
{
    jw_object(w);
    JW_INT(w, "id", n->id);
    JW_INT(w, "user_id", n->user_id);
    JW_STR(w, "type", n->type);
    JW_STR(w, "title", n->title);
    JW_STR(w, "message", n->message);
    JW_STR(w, "ticket_number", n->ticket_number);
    JW_STR(w, "channel", n->channel);
    JW_RAW(w, "data", n->data);
    JW_BOOL(w, "is_read", n->is_read);
    JW_TIME(w, "read_at", n->read_at);
    JW_TIME(w, "created_at", n->created_at);
    jw_end_object(w);
}

static const struct json_field FIELDS[] = {
    {"id",                          JK_INT,         offsetof(struct notification,                           id),                                                           JF_REQUIRED},
    {"user_id",                             JK_INT,                                   offsetof(struct notification,                                                       user_id),                                                      JF_REQUIRED},
    {"type",                  JK_STR,                                offsetof(struct notification,                                                                                 type),                                                                  JF_REQUIRED},
    {"title",                        JK_STR,                           offsetof(struct notification, title),JF_REQUIRED},
    {"message", JK_STR,offsetof(struct notification,                          message),                                                                                                 JF_REQUIRED},
    {"ticket_number",                       JK_STR,                           offsetof(struct notification,                                                ticket_number) },
    {"channel",               JK_STR, offsetof(struct notification, channel)},
    {"data",                     JK_RAW,               offsetof(struct notification,                                         data)                                                                                             },
    {"is_read",                        JK_BOOL,            offsetof(struct notification,                        is_read)                                       },
    {"read_at",                     JK_TIME,     offsetof(struct notification,                    read_at)                                                 },
    {"created_at",                     JK_TIME,        offsetof(struct notification,                              created_at)                                                               },
};
JSON_SCHEMA(NOTIFICATION_SCHEMA, "Notification", struct notification, FIELDS);
