#include "dead_json.h"

#include <stddef.h>

#define AT(member) offsetof(struct dead_letter, member)

static const struct json_field FIELDS[] = {
    {"id", JK_INT, AT(id)},
    {"queue", JK_STR, AT(queue)},
    {"type", JK_STR, AT(kind), .doc = "of the event, or the name of the task"},
    {"message_id", JK_STR, AT(message_id)},
    {"correlation_id", JK_STR, AT(correlation_id)},
    {"content_type", JK_STR, AT(content_type)},
    {"reason", JK_STR, AT(reason)},
    {"attempts", JK_INT, AT(attempts)},
    {"failed_at", JK_TIME, AT(failed_at)},
    {"body_size", JK_INT, AT(body_size), .doc = "bytes"},
    {"body", JK_STR, AT(body), .doc = "the first 4096 bytes"},
    {"headers", JK_RAW, AT(headers)},
};
JSON_SCHEMA(DEADLETTER_DOC, "DeadLetter", struct dead_letter, FIELDS);

void dead_json_write(struct json_writer *w, const struct dead_letter *d)
{
    json_encode(w, &DEADLETTER_DOC, d);
}
