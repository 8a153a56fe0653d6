#pragma once
/* SLA policies: kept by administrators, read by everyone. */
#include "req.h"

enum err CO_FN policies_list(struct req *r);
enum err CO_FN policies_get(struct req *r);
enum err CO_FN policies_post(struct req *r);
enum err CO_FN policies_patch(struct req *r);
enum err CO_FN policies_delete(struct req *r);

extern const struct json_schema POLICIES_QUERY, POLICY_BODY, POLICY_PATCH, POLICY_DOC, POLICY_PAGE;
