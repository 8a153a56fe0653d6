#pragma once
/* The body of a bulk change, which is also what its job keeps as params. */
#include "json.h"

struct req;

struct bulk_select {
    struct json_array numbers; /* struct str */
    struct str query;          /* domain/query.h */
    int64_t max;               /* with query: no more than so many */
};

/* One operation; which members belong to it is said by domain/bulk.h. */
struct bulk_step {
    struct str op, status, priority, category, sub_category, department;
    struct json_array tags; /* struct str */
    int64_t user_id;
    struct str comment, visibility;
};

struct bulk_body {
    struct bulk_select select;
    struct json_array operations; /* struct bulk_step */
    int8_t atomic, dry_run;
    struct str reason;
};
extern const struct json_schema BULK_BODY;

/* What the schema cannot state: a route's check. */
void bulk_check(struct req *r);
