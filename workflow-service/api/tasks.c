#include "api/tasks.h"

#include "actor.h"
#include "api/paging.h"
#include "api/view.h"
#include "label.h"
#include "service.h"
#include "store/task_store.h"
#include "write_run.h"

#define STATUS_DOC "task status"
#define MAX_SEARCH 200

/* ---- lists -------------------------------------------------------------------------------- */

struct list_query {
    struct paging paging;
    struct str status, priority, category, search, ticket_number;
};

#define LIST_FIELDS                                                                                \
    PAGING_FIELDS(struct list_query),                                                              \
        {.name = "status",                                                                         \
         .kind = JK_ENUM,                                                                          \
         .offset = offsetof(struct list_query, status),                                            \
         .choices = TASK_STATUS_CHOICES,                                                           \
         .doc = STATUS_DOC},                                                                       \
        {.name = "priority",                                                                       \
         .kind = JK_ENUM,                                                                          \
         .offset = offsetof(struct list_query, priority),                                          \
         .choices = "Low|Medium|High|Urgent"},                                                     \
        {.name = "category", .kind = JK_STR, .offset = offsetof(struct list_query, category)},     \
    {                                                                                              \
        .name = "search", .kind = JK_STR, .offset = offsetof(struct list_query, search),           \
        .max = MAX_SEARCH, .doc = "part of subject, description or number"                         \
    }

static const struct json_field OWNED_QUERY_FIELDS[] = {LIST_FIELDS};
JSON_SCHEMA(OWNED_QUERY, "OwnedTicketQuery", struct list_query, OWNED_QUERY_FIELDS);

static const struct json_field TASKS_QUERY_FIELDS[] = {
    LIST_FIELDS,
    {.name = "ticket_number",
     .kind = JK_STR,
     .offset = offsetof(struct list_query, ticket_number),
     .alias = "ticket_id"},
};
JSON_SCHEMA(TASKS_QUERY, "TaskQuery", struct list_query, TASKS_QUERY_FIELDS);

static struct task_filter filter_of(const struct list_query *q)
{
    return (struct task_filter){
        .status = q->status.len ? q->status : STR_NULL,
        .priority = q->priority.len ? q->priority : STR_NULL,
        .category = q->category.len ? q->category : STR_NULL,
        .search = q->search.len ? q->search : STR_NULL,
        .ticket_number = q->ticket_number.len ? q->ticket_number : STR_NULL,
        .limit = paging_limit(&q->paging),
        .offset = paging_offset(&q->paging),
    };
}

static struct page_reply reply_of(struct req *r, const struct paging *p,
                                  const struct task_page *page)
{
    struct page_reply reply = paging_reply(r, p, page->total);
    if (page->is_more)
        reply.count_estimated = JSON_TRUE;
    return reply;
}

enum err tasks_owned(struct req *r)
{
    const struct list_query *q = r->query_args;
    struct task_filter filter = filter_of(q);
    struct db_session *s;
    struct task_page page;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = task_store_owned(s, r->actor->user_id, &filter, &page);
    if (rc)
        return req_fail(r, rc);
    struct owned_row *rows = ARENA_ARRAY(r->arena, struct owned_row, page.count + 1);
    for (size_t i = 0; i < page.count; i++)
        rows[i] = view_owned_row(r->arena, &page.tasks[i], r->now);
    struct page_reply reply = reply_of(r, &q->paging, &page);
    reply.results = (struct json_array){rows, page.count};
    return req_reply_json(r, 200, &OWNED_PAGE, &reply);
}

static bool sees_all(const struct req *r)
{
    return actor_may(r->actor, PERM_TASK_READ_ALL);
}

enum err tasks_list(struct req *r)
{
    const struct list_query *q = r->query_args;
    struct task_filter filter = filter_of(q);
    struct db_session *s;
    struct task_page page;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = task_store_list(s, sees_all(r) ? NO_PERSON : r->actor->user_id, &filter, &page);
    if (rc)
        return req_fail(r, rc);
    struct task_doc *docs = ARENA_ARRAY(r->arena, struct task_doc, page.count + 1);
    for (size_t i = 0; i < page.count; i++)
        docs[i] = view_task(r->arena, &page.tasks[i], &page.exits[i], r->now);
    struct page_reply reply = reply_of(r, &q->paging, &page);
    reply.results = (struct json_array){docs, page.count};
    return req_reply_json(r, 200, &TASK_PAGE, &reply);
}

struct mine_query {
    struct paging paging;
    struct str tab, status, search;
};

static const struct json_field MINE_QUERY_FIELDS[] = {
    PAGING_FIELDS(struct mine_query),
    {.name = "tab",
     .kind = JK_ENUM,
     .offset = offsetof(struct mine_query, tab),
     .choices = "active|inactive|all",
     .doc = "active by default"},
    {.name = "status",
     .kind = JK_ENUM,
     .offset = offsetof(struct mine_query, status),
     .choices = "new|in_progress|resolved|reassigned|escalated|cancelled"},
    {.name = "search",
     .kind = JK_STR,
     .offset = offsetof(struct mine_query, search),
     .max = MAX_SEARCH},
};
JSON_SCHEMA(MINE_QUERY, "MyTaskQuery", struct mine_query, MINE_QUERY_FIELDS);

enum err tasks_mine(struct req *r)
{
    const struct mine_query *q = r->query_args;
    bool wants_all = str_eq(q->tab, STR("all")) || (q->status.len && !q->tab.len);
    bool wants_done = str_eq(q->tab, STR("inactive"));
    struct item_filter filter = {
        .open = wants_all || !wants_done,
        .done = wants_all || wants_done,
        .status = q->status.len ? q->status : STR_NULL,
        .search = q->search.len ? q->search : STR_NULL,
        .limit = paging_limit(&q->paging),
        .offset = paging_offset(&q->paging),
    };
    struct db_session *s;
    struct item_page page;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = task_store_items_of(s, r->actor->user_id, &filter, &page);
    if (rc)
        return req_fail(r, rc);
    struct mine_doc *docs = ARENA_ARRAY(r->arena, struct mine_doc, page.count + 1);
    for (size_t i = 0; i < page.count; i++)
        docs[i] = view_mine(r->arena, &page.items[i], r->now);
    struct page_reply reply = paging_reply(r, &q->paging, page.total);
    reply.results = (struct json_array){docs, page.count};
    return req_reply_json(r, 200, &MINE_PAGE, &reply);
}

/* ---- one task ----------------------------------------------------------------------------- */

struct found_task {
    struct task_view view;
    struct task_exits exits;
};

/* By id, or by ticket number when the id is INT64_MIN; only for those who may see it. */
static enum err CO_FN find(struct req *r, int64_t task_id, struct str ticket_number,
                           struct db_session **s, struct found_task *t)
{
    bool is_involved;
    enum err rc = req_db(r, s);
    if (rc == ERR_OK)
        rc = task_store_find(*s, task_id, ticket_number, r->actor->user_id, &t->view, &t->exits,
                             &is_involved);
    if (rc)
        return rc;
    return is_involved || sees_all(r) ? ERR_OK : ERR_FORBIDDEN;
}

enum err tasks_get(struct req *r)
{
    int64_t id;
    struct db_session *s;
    struct found_task t;
    if (!req_param_int(r, "task_id", &id))
        return req_fail(r, ERR_TASK_NOT_FOUND);
    enum err rc = find(r, id, STR_NULL, &s, &t);
    if (rc)
        return req_fail(r, rc);
    struct task_doc doc = view_task(r->arena, &t.view, &t.exits, r->now);
    return req_reply_json(r, 200, &TASK_DOC, &doc);
}

enum err tasks_answer(struct req *r, struct db_session *s, int64_t task_id, struct answer *out)
{
    struct found_task t;
    bool is_involved;
    enum err rc =
        task_store_find(s, task_id, STR_NULL, r->actor->user_id, &t.view, &t.exits, &is_involved);
    if (rc)
        return rc;
    struct task_doc doc = view_task(r->arena, &t.view, &t.exits, r->now);
    out->body = answer_json(r->arena, &TASK_DOC, &doc);
    return ERR_OK;
}
