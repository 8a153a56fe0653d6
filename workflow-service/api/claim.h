#pragma once
/* Waiting work taken by hand, and how a task's work found people. */
#include "json.h"
#include "req.h"

extern const struct json_schema ASSIGN_BODY, DECISIONS_QUERY, DECISION_PAGE;

enum err CO_FN claim_post(struct req *r);
enum err CO_FN assign_post(struct req *r);
enum err CO_FN decisions_list(struct req *r);
