#pragma once
/* Reading workflow definitions. */
#include "req.h"

enum err CO_FN workflows_list(struct req *r);
enum err CO_FN workflows_get(struct req *r);

extern const struct json_schema WORKFLOWS_QUERY, WORKFLOW_PAGE, WORKFLOW_DOC;

/* Whether the text is a UUID, as the ids of workflows are. */
bool workflows_is_id(struct str s);
