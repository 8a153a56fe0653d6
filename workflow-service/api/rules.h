#pragma once
/* Assignment policies. */
#include "json.h"
#include "req.h"

extern const struct json_schema RULES_QUERY, RULE_BODY, RULE_PATCH, RULE_DOC, RULE_PAGE;

enum err CO_FN rules_list(struct req *r);
enum err CO_FN rules_get(struct req *r);
enum err CO_FN rules_post(struct req *r);
enum err CO_FN rules_put(struct req *r);
enum err CO_FN rules_patch(struct req *r);
enum err CO_FN rules_delete(struct req *r);
