#pragma once
/* Query parameters of the audit trail. */
#include "json.h"

struct audit_query {
    struct str actor, object_type, object, action, source, result;
    int64_t from, to;
    int64_t page_size; /* of lists, as in page.h */
    struct str cursor;
    struct str format; /* of exports */
};
extern const struct json_schema AUDIT_QUERY, AUDIT_EXPORT_QUERY;

struct audit_verify_query {
    int64_t seq; /* JSON_NO_INT: nothing was known before */
    struct str hash;
};
extern const struct json_schema AUDIT_VERIFY_QUERY;
