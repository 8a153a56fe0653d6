#include "api/schemas_audit.h"

#include <stddef.h>

#define AT(member) offsetof(struct audit_query, member)
#define FILTERS                                                                                    \
    {"actor", JK_STR, AT(actor), 0, 1, 100, .doc = "a person's id, or the name of a program"},     \
        {"object_type", JK_STR, AT(object_type), 0, 1, 100, .doc = "such as ticket"},              \
        {"object", JK_STR, AT(object), 0, 1, 100, .doc = "its id, or the number of a ticket"},     \
        {"action", JK_STR, AT(action), 0, 1, 100, .doc = "such as ticket.update"},                 \
        {"source", JK_STR, AT(source), 0, 1, 100, .doc = "the program that told of it"},           \
        {"result", JK_ENUM, AT(result), .choices = "allowed|refused"},                             \
        {"from", JK_TIME, AT(from), .doc = "inclusive"},                                           \
    {                                                                                              \
        "to", JK_TIME, AT(to), .doc = "exclusive"                                                  \
    }

static const struct json_field LIST_FIELDS[] = {
    FILTERS,
    {"page_size", JK_INT, AT(page_size), 0, 1, 1000000000, .doc = "10 unless given, at most 100"},
    {"cursor", JK_STR, AT(cursor), 0, 0, 4096, .doc = "next_cursor of the page before"},
};
JSON_SCHEMA(AUDIT_QUERY, "AuditQuery", struct audit_query, LIST_FIELDS);

static const struct json_field EXPORT_FIELDS[] = {
    FILTERS,
    {"format", JK_ENUM, AT(format), .choices = "ndjson|csv", .doc = "ndjson unless given"},
};
JSON_SCHEMA(AUDIT_EXPORT_QUERY, "AuditExportQuery", struct audit_query, EXPORT_FIELDS);
#undef AT

#define AT(member) offsetof(struct audit_verify_query, member)
static const struct json_field VERIFY_FIELDS[] = {
    {"seq", JK_INT, AT(seq), 0, 1, INT64_C(1) << 53, .doc = "of a checkpoint known from before"},
    {"hash", JK_STR, AT(hash), 0, 64, 64, .doc = "its hash, in hexadecimal"},
};
JSON_SCHEMA(AUDIT_VERIFY_QUERY, "AuditVerifyQuery", struct audit_verify_query, VERIFY_FIELDS);
