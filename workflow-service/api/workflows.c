#include "api/workflows.h"

#include "api/field.h"
#include "api/paging.h"
#include "api/workflow_view.h"
#include "service.h"
#include "write_run.h"

#define MAX_SEARCH 200

/* ---- the list ----------------------------------------------------------------------------- */

struct workflows_query {
    struct paging paging;
    struct str state, department, category, search;
};

static const struct json_field QUERY_FIELDS[] = {
    PAGING_FIELDS(struct workflows_query),
    {.name = "status",
     .kind = JK_ENUM,
     .offset = offsetof(struct workflows_query, state),
     .choices = "draft|published|retired",
     .alias = "state"},
    {.name = "department", .kind = JK_STR, .offset = offsetof(struct workflows_query, department)},
    {.name = "category", .kind = JK_STR, .offset = offsetof(struct workflows_query, category)},
    {.name = "search",
     .kind = JK_STR,
     .offset = offsetof(struct workflows_query, search),
     .max = MAX_SEARCH,
     .doc = "part of the name or description"},
};
JSON_SCHEMA(WORKFLOWS_QUERY, "WorkflowQuery", struct workflows_query, QUERY_FIELDS);
static const struct json_field PAGE_DOC_FIELDS[] = PAGE_FIELDS(WORKFLOW_SUMMARY);
JSON_SCHEMA(WORKFLOW_PAGE, "WorkflowPage", struct page_reply, PAGE_DOC_FIELDS);

static struct str given(struct str s)
{
    return s.len ? s : STR_NULL;
}

enum err workflows_list(struct req *r)
{
    const struct workflows_query *q = r->query_args;
    struct workflow_filter filter = {
        .state = given(q->state),
        .department = given(q->department),
        .category = given(q->category),
        .search = given(q->search),
        .limit = paging_limit(&q->paging),
        .offset = paging_offset(&q->paging),
    };
    struct db_session *s;
    struct workflow_head *heads;
    size_t count;
    int64_t total;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = workflow_store_list(s, &filter, &heads, &count, &total);
    if (rc)
        return req_fail(r, rc);
    struct workflow_summary *docs = ARENA_ARRAY(r->arena, struct workflow_summary, count + 1);
    for (size_t i = 0; i < count; i++)
        docs[i] = view_workflow_summary(&heads[i]);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){docs, count};
    return req_reply_json(r, 200, &WORKFLOW_PAGE, &reply);
}

/* ---- one workflow ------------------------------------------------------------------------- */

static enum err CO_FN reply_with(struct req *r, const struct which *which)
{
    struct db_session *s;
    struct loaded w;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = definition_load(s, which, &w);
    if (rc)
        return req_fail(r, rc);
    req_set_header(r, "ETag", etag_format(r->arena, w.head.revision));
    return req_reply(r, 200, "application/json", view_workflow(r->arena, &w));
}

enum err workflows_get(struct req *r)
{
    struct which w = {req_param(r, "workflow_id"), INT64_MIN, false};
    return reply_with(r, &w);
}

enum err workflows_draft(struct req *r)
{
    struct which w = {req_param(r, "workflow_id"), INT64_MIN, true};
    return reply_with(r, &w);
}

enum err workflows_version(struct req *r)
{
    struct which w = {.public_id = req_param(r, "workflow_id")};
    if (!req_param_int(r, "version", &w.version))
        return req_fail(r, definition_is_id(w.public_id) ? ERR_NOT_FOUND : ERR_WORKFLOW_NOT_FOUND);
    return reply_with(r, &w);
}

/* ---- versions ----------------------------------------------------------------------------- */

struct versions_query {
    struct paging paging;
};

static const struct json_field VERSIONS_QUERY_FIELDS[] = {PAGING_FIELDS(struct versions_query)};
JSON_SCHEMA(WORKFLOW_VERSIONS_QUERY, "WorkflowVersionQuery", struct versions_query,
            VERSIONS_QUERY_FIELDS);

static const struct json_field VERSION_FIELDS[] = {
    FIELD(workflow_version, JK_INT, version),
    FIELD(workflow_version, JK_STR, state),
    FIELD(workflow_version, JK_STR, name),
    FIELD(workflow_version, JK_TIME, published_at),
    FIELD(workflow_version, JK_INT, published_by),
    {.name = "steps", .kind = JK_INT, .offset = offsetof(struct workflow_version, step_count)},
    {.name = "transitions",
     .kind = JK_INT,
     .offset = offsetof(struct workflow_version, transition_count)},
    {.name = "running_tasks", .kind = JK_INT, .offset = offsetof(struct workflow_version, running)},
};
static JSON_SCHEMA(VERSION_DOC, "WorkflowVersion", struct workflow_version, VERSION_FIELDS);
static const struct json_field VERSION_PAGE_FIELDS[] = PAGE_FIELDS(VERSION_DOC);
JSON_SCHEMA(WORKFLOW_VERSION_PAGE, "WorkflowVersionPage", struct page_reply, VERSION_PAGE_FIELDS);

enum err workflows_versions(struct req *r)
{
    const struct versions_query *q = r->query_args;
    struct str id = req_param(r, "workflow_id"), draft;
    struct workflow_head head;
    struct db_session *s;
    struct workflow_version *versions;
    size_t count;
    int64_t total;
    enum err rc = definition_is_id(id) ? req_db(r, &s) : ERR_WORKFLOW_NOT_FOUND;
    if (rc == ERR_OK)
        rc = workflow_store_find(s, id, &head, &draft);
    if (rc == ERR_OK)
        rc = workflow_store_versions(s, head.workflow_id, paging_limit(&q->paging),
                                     paging_offset(&q->paging), &versions, &count, &total);
    if (rc)
        return req_fail(r, rc);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){versions, count};
    return req_reply_json(r, 200, &WORKFLOW_VERSION_PAGE, &reply);
}
