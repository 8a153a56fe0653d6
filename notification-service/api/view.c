#include "api/view.h"

#include <stddef.h>

#define AT(member) offsetof(struct notification, member)
static const struct json_field FIELDS[] = {
    {"id", JK_INT, AT(id), JF_REQUIRED},
    {"user_id", JK_INT, AT(user_id)},
    {"type", JK_STR, AT(type), JF_REQUIRED},
    {"title", JK_STR, AT(title), JF_REQUIRED},
    {"message", JK_STR, AT(message), JF_REQUIRED},
    {"ticket_id", JK_INT, AT(ticket_id)},
    {"ticket_number", JK_STR, AT(ticket_number)},
    {"channel", JK_STR, AT(channel), JF_REQUIRED, .doc = "in_app, email, sms or push"},
    {"data", JK_RAW, AT(data)},
    {"is_read", JK_BOOL, AT(is_read), JF_REQUIRED},
    {"read_at", JK_TIME, AT(read_at), JF_MS},
    {"created_at", JK_TIME, AT(created_at), JF_REQUIRED | JF_MS},
};
#undef AT
JSON_SCHEMA(NOTIFICATION_SCHEMA, "Notification", struct notification, FIELDS);

void view_notification(struct json_writer *w, const struct notification *n)
{
    json_encode(w, &NOTIFICATION_SCHEMA, n);
}
