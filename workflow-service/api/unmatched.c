#include "api/unmatched.h"

#include "actor.h"
#include "api/definition.h"
#include "api/field.h"
#include "api/paging.h"
#include "api/start.h"
#include "api/tasks.h"
#include "log.h"
#include "page.h"
#include "service.h"
#include "store/unmatched_store.h"
#include "write_run.h"

/* ---- matching anew ------------------------------------------------------------------------ */

enum err unmatched_replay(struct db_session *s)
{
    return unmatched_store_raise(s);
}

static enum err CO_FN take(struct db_session *s, const struct cause *c, const struct ticket *t,
                           const struct start_plan *p, struct started_task *started)
{
    enum err rc = start_work(s, c, t, p, started);
    if (rc == ERR_OK)
        rc = unmatched_store_taken(s, t->id);
    if (rc == ERR_OK)
        log_info("a workflow takes a ticket that none had taken",
                 LOG_STR("ticket_number", t->number), LOG_STR("workflow", p->workflow_name));
    return rc;
}

/* ERR_WORKFLOW_NOT_FOUND when none fits now either, which is noted. */
static enum err CO_FN match(struct db_session *s, const struct cause *c, struct ticket *t,
                            struct started_task *started)
{
    struct start_plan *plans;
    size_t n;
    enum err rc = unmatched_store_plans(s, t, &plans, &n);
    if (rc)
        return rc;
    const struct start_plan *best = start_choose(s->arena, plans, n, &t->match);
    if (best)
        return take(s, c, t, best, started);
    rc = ticket_store_mark_unmatched(s, t);
    return rc ? rc : ERR_WORKFLOW_NOT_FOUND;
}

enum err unmatched_match(struct db_session *s, const struct cause *c, int64_t limit,
                         int64_t *looked)
{
    struct ticket *tickets;
    struct started_task started;
    size_t n;
    enum err rc = unmatched_store_claim(s, limit, &tickets, &n, looked);
    for (size_t i = 0; rc == ERR_OK && i < n; i++) {
        rc = match(s, c, &tickets[i], &started);
        if (rc == ERR_WORKFLOW_NOT_FOUND)
            rc = ERR_OK;
    }
    return rc;
}

/* ---- requests ----------------------------------------------------------------------------- */

struct start_body {
    struct str ticket_number, workflow_id;
};

#define NUMBER_FIELD(flags_)                                                                       \
    {                                                                                              \
        .name = "ticket_number", .kind = JK_STR,                                                   \
        .offset = offsetof(struct start_body, ticket_number), .flags = flags_, .max = 64,          \
        .alias = "ticket_id"                                                                       \
    }

static const struct json_field START_FIELDS[] = {
    NUMBER_FIELD(JF_REQUIRED | JF_NON_EMPTY),
    {.name = "workflow_id",
     .kind = JK_STR,
     .offset = offsetof(struct start_body, workflow_id),
     .doc = "a published workflow; without it the rules decide"},
};
JSON_SCHEMA(START_BODY, "StartRequest", struct start_body, START_FIELDS);

static const struct json_field REPLAY_FIELDS[] = {NUMBER_FIELD(0)};
JSON_SCHEMA(REPLAY_BODY, "ReplayRequest", struct start_body, REPLAY_FIELDS);

struct replay_reply {
    struct str status, ticket_number;
    int64_t task_id;
    struct str message;
};

static const struct json_field REPLY_FIELDS[] = {
    FIELD(replay_reply, JK_STR, status),
    FIELD(replay_reply, JK_STR, ticket_number),
    FIELD(replay_reply, JK_INT, task_id),
    FIELD(replay_reply, JK_STR, message),
};
JSON_SCHEMA(REPLAY_REPLY, "ReplayReply", struct replay_reply, REPLY_FIELDS);

static enum err CO_FN start_with(struct req *r, struct db_session *s, const struct start_body *b,
                                 struct started_task *started)
{
    struct ticket t;
    struct start_plan plan;
    struct cause c;
    int64_t task_id;
    bool is_over;
    struct str workflow = str_trim(b->workflow_id);
    cause_from_request(&c, r);
    if (workflow.p && !definition_is_id(workflow))
        return ERR_WORKFLOW_NOT_FOUND;
    enum err rc = unmatched_store_lock(s, str_trim(b->ticket_number), &t, &task_id, &is_over);
    if (rc)
        return rc;
    if (task_id != INT64_MIN || is_over) {
        req_detail_str(r, "reason",
                       is_over ? STR("the ticket is over") : STR("the ticket has a task"));
        return ERR_CONFLICT;
    }
    if (!workflow.p)
        return match(s, &c, &t, started);
    rc = unmatched_store_plan_of(s, workflow, &plan);
    return rc ? rc : take(s, &c, &t, &plan, started);
}

static enum err CO_FN start(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    struct started_task started;
    enum err rc = start_with(r, s, arg, &started);
    if (rc == ERR_OK)
        rc = tasks_answer(r, s, started.task_id, out);
    if (rc)
        return rc;
    out->status = 201;
    out->location = str_printf(r->arena, "/api/v1/tasks/%lld", (long long)started.task_id);
    return ERR_OK;
}

enum err unmatched_start_post(struct req *r)
{
    return write_run(r, req_body_text(r), start, r->body);
}

static enum err CO_FN replay(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct start_body *b = arg;
    struct started_task started = {.task_id = JSON_NO_INT};
    bool is_one = b && b->ticket_number.p;
    if (is_one && !str_trim(b->ticket_number).len) {
        req_field_error(r, "ticket_number", "is empty");
        return ERR_INVALID_INPUT;
    }
    enum err rc = is_one ? start_with(r, s, b, &started) : unmatched_replay(s);
    if (rc)
        return rc;
    struct replay_reply reply = {
        .status = STR("success"),
        .ticket_number = is_one ? str_trim(b->ticket_number) : STR_NULL,
        .task_id = started.task_id,
        .message = is_one ? STR("The work on the ticket has begun")
                          : STR("The tickets are being matched anew"),
    };
    out->status = is_one ? 200 : 202;
    out->body = answer_json(r->arena, &REPLAY_REPLY, &reply);
    return ERR_OK;
}

enum err unmatched_replay_post(struct req *r)
{
    return write_run(r, req_body_text(r), replay, r->body);
}

/* ---- the list ----------------------------------------------------------------------------- */

struct list_query {
    struct page_query page;
    struct str category;
};

static const struct json_field QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(0),
    PAGE_FIELD_SIZE(0),
    PAGE_FIELD_CURSOR(0),
    {.name = "category", .kind = JK_STR, .offset = offsetof(struct list_query, category)},
};
JSON_SCHEMA(UNMATCHED_QUERY, "UnmatchedQuery", struct list_query, QUERY_FIELDS);

static const struct json_field ROW_FIELDS[] = {
    {"ticket_number", JK_STR, offsetof(struct unmatched_row, number)},
    {"ticket_subject", JK_STR, offsetof(struct unmatched_row, subject)},
    {"ticket_description", JK_STR, offsetof(struct unmatched_row, description)},
    FIELD(unmatched_row, JK_STR, status),
    FIELD(unmatched_row, JK_STR, priority),
    FIELD(unmatched_row, JK_STR, category),
    FIELD(unmatched_row, JK_STR, sub_category),
    FIELD(unmatched_row, JK_STR, department),
    FIELD(unmatched_row, JK_INT, requester_id),
    FIELD(unmatched_row, JK_STR, requester_name),
    {"created_at", JK_TIME, offsetof(struct unmatched_row, submitted_at)},
    FIELD(unmatched_row, JK_TIME, updated_at),
};
static JSON_SCHEMA(UNMATCHED_ROW, "UnmatchedTicket", struct unmatched_row, ROW_FIELDS);
static const struct json_field PAGE_FIELDS_OF_ROWS[] = CURSOR_PAGE_FIELDS(UNMATCHED_ROW);
JSON_SCHEMA(UNMATCHED_PAGE, "UnmatchedTicketPage", struct cursor_page_reply, PAGE_FIELDS_OF_ROWS);

enum err unmatched_list(struct req *r)
{
    const struct list_query *q = r->query_args;
    struct db_session *s;
    struct page p;
    struct page_found found = {0};
    struct unmatched_row *rows;
    enum err rc = page_read(r, &q->page, &p);
    if (rc == ERR_OK)
        rc = req_db(r, &s);
    if (rc)
        return req_fail(r, rc);
    struct unmatched_filter f = {
        .category = q->category.len ? q->category : STR_NULL,
        .before_id = p.is_continued ? p.after.id : INT64_MIN,
        .limit = page_limit(&p),
        .skip = p.is_continued ? 0 : p.skip,
    };
    rc = unmatched_store_list(s, &f, &rows, &found.count, &found.total);
    if (rc == ERR_OK)
        rc = page_check_depth(r, &p, found.total);
    if (rc)
        return req_fail(r, rc);
    size_t shown = page_shown(&p, &found);
    struct cursor last = {.id = shown ? rows[shown - 1].id : 0};
    struct json_writer *w = page_begin(r, &p, &found, &last);
    for (size_t i = 0; i < shown; i++)
        json_encode(w, &UNMATCHED_ROW, &rows[i]);
    return page_end(r, w);
}
