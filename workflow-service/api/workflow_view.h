#pragma once
/* Workflows as clients see them. */
#include "api/definition.h"
#include "json.h"

struct workflow_summary {
    struct str workflow_id, name, description, state;
    int64_t version, revision; /* version JSON_NO_INT: a draft */
    int8_t has_draft;
    struct str department, category, sub_category, priority;
    int64_t created_at, updated_at, published_at, published_by;
};
extern const struct json_schema WORKFLOW_SUMMARY, WORKFLOW_DOC;

struct workflow_summary view_workflow_summary(const struct workflow_head *h);
/* The whole of it, by WORKFLOW_DOC. */
struct str view_workflow(struct arena *a, const struct loaded *w);
