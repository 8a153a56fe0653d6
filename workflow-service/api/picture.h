#pragma once
/* Pictures of workflows, with the way of a task through one. */
#include "req.h"

enum err CO_FN picture_get(struct req *r);

extern const struct json_schema PICTURE_QUERY;
