#pragma once
/* The handlers of the administration's route table and the schemas of what they take. */
#include "req.h"

/* audit.c */
struct audit_query {
    int64_t actor_id;
    struct str action, target_type, target_id, result, cursor;
    int64_t from, to, limit;
};
extern const struct json_schema AUDIT_QUERY, AUDIT_PAGE_VIEW;
enum err CO_FN audit_list_get(struct req *r);
