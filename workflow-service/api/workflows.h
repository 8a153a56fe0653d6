#pragma once
/* Reading workflows: what is live, what is drafted, every version. */
#include "req.h"

enum err CO_FN workflows_list(struct req *r);
enum err CO_FN workflows_get(struct req *r);
enum err CO_FN workflows_draft(struct req *r);
enum err CO_FN workflows_versions(struct req *r);
enum err CO_FN workflows_version(struct req *r);

extern const struct json_schema WORKFLOWS_QUERY, WORKFLOW_PAGE, WORKFLOW_VERSIONS_QUERY,
    WORKFLOW_VERSION_PAGE;
