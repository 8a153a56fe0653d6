#include "api/claim.h"

#include "actor.h"
#include "api/field.h"
#include "api/paging.h"
#include "api/view.h"
#include "cause.h"
#include "events/publish.h"
#include "service.h"
#include "store/claim_store.h"
#include "store/task_store.h"
#include "write_run.h"

#define MAX_REASON 4000

/* ---- taking and giving -------------------------------------------------------------------- */

struct assign_body {
    int64_t user_id;
    struct str reason;
};

static const struct json_field BODY_FIELDS[] = {
    {.name = "user_id",
     .kind = JK_INT,
     .offset = offsetof(struct assign_body, user_id),
     .flags = JF_REQUIRED,
     .doc = "must hold the role of the step"},
    {.name = "reason",
     .kind = JK_STR,
     .offset = offsetof(struct assign_body, reason),
     .max = MAX_REASON},
};
JSON_SCHEMA(ASSIGN_BODY, "AssignRequest", struct assign_body, BODY_FIELDS);

static enum err refuse(struct req *r, const struct claim_facts *f, enum err rc)
{
    if (rc == ERR_FORBIDDEN && f->is_named_by_admin) {
        req_field_error(r, "user_id", "does not hold the role of the step");
        return ERR_VALIDATION_ERROR;
    }
    if (rc != ERR_CONFLICT)
        return rc;
    if (f->item != ITEM_STATUS_POOL)
        return req_failf(r, rc, "Somebody has the task already");
    if (f->task == TASK_STATUS_ON_HOLD)
        return req_failf(r, rc, "The task is on hold");
    return req_failf(r, rc, "No more tasks can be taken at the same time");
}

static enum err CO_FN answer_task(struct req *r, struct db_session *s, int64_t task_id,
                                  struct answer *out)
{
    struct task_view task;
    struct task_exits exits;
    bool is_involved;
    enum err rc =
        task_store_find(s, task_id, STR_NULL, r->actor->user_id, &task, &exits, &is_involved);
    if (rc)
        return rc;
    struct task_doc doc = view_task(r->arena, &task, &exits, r->now);
    out->body = answer_json(r->arena, &TASK_DOC, &doc);
    return ERR_OK;
}

/* body NULL: the actor takes it. */
static enum err CO_FN give(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct assign_body *body = arg;
    struct claim_view v;
    struct pooled_item item;
    struct cause c;
    int64_t task_id;
    cause_from_request(&c, r);
    struct claim_write w = {
        .person_id = body ? body->user_id : c.actor_id,
        .actor_id = c.actor_id,
        .notes = body ? STR("Task assigned") : STR("Task taken"),
        .reason = body ? STR("assigned by hand") : STR("taken by hand"),
        .now = c.now,
    };
    if (body && str_trim(body->reason).len)
        w.notes = w.reason = str_trim(body->reason);
    if (!req_param_int(r, "task_id", &task_id))
        return ERR_TASK_NOT_FOUND;
    enum err rc = claim_store_lock(s, task_id, w.person_id, &v);
    if (rc)
        return rc;
    v.facts.is_named_by_admin = body;
    if (v.item_id == INT64_MIN)
        return ERR_ALREADY_COMPLETED;
    rc = assign_check_claim(&v.facts);
    if (rc)
        return refuse(r, &v.facts, rc);
    rc = claim_store_give(s, &v, &w, &item);
    if (rc == ERR_OK)
        rc = publish_assigned(s, &c, &item);
    return rc ? rc : answer_task(r, s, task_id, out);
}

enum err claim_post(struct req *r)
{
    return write_run(r, STR(""), give, NULL);
}

enum err assign_post(struct req *r)
{
    return write_run(r, req_body_text(r), give, r->body);
}

/* ---- decisions ---------------------------------------------------------------------------- */

struct decisions_query {
    struct paging paging;
};

static const struct json_field QUERY_FIELDS[] = {PAGING_FIELDS(struct decisions_query)};
JSON_SCHEMA(DECISIONS_QUERY, "AssignmentQuery", struct decisions_query, QUERY_FIELDS);

struct decision_view {
    int64_t id, task_item_id;
    struct str step, system, role, policy, reason;
    int64_t user_id;
    struct str user_name;
    int64_t actor_id;
    struct str actor_name, candidates;
    int64_t created_at;
};

static const struct json_field DECISION_FIELDS[] = {
    FIELD(decision_view, JK_INT, id),
    {.name = "task_item_id",
     .kind = JK_INT,
     .offset = offsetof(struct decision_view, task_item_id),
     .doc = "null: of the ticket's owner"},
    FIELD(decision_view, JK_STR, step),
    FIELD(decision_view, JK_STR, system),
    FIELD(decision_view, JK_STR, role),
    FIELD(decision_view, JK_STR, policy),
    FIELD(decision_view, JK_STR, reason),
    {.name = "user_id",
     .kind = JK_INT,
     .offset = offsetof(struct decision_view, user_id),
     .doc = "null: nobody, it waits"},
    FIELD(decision_view, JK_STR, user_name),
    FIELD(decision_view, JK_INT, actor_id),
    FIELD(decision_view, JK_STR, actor_name),
    {.name = "candidates",
     .kind = JK_RAW,
     .offset = offsetof(struct decision_view, candidates),
     .doc = "user_id, name, standing, score and substitute_id of each holder of the role"},
    FIELD(decision_view, JK_TIME, created_at),
};
static JSON_SCHEMA(DECISION_DOC, "AssignmentDecision", struct decision_view, DECISION_FIELDS);
static const struct json_field PAGE_DOC_FIELDS[] = PAGE_FIELDS(DECISION_DOC);
JSON_SCHEMA(DECISION_PAGE, "AssignmentDecisionPage", struct page_reply, PAGE_DOC_FIELDS);

static struct decision_view view(const struct decision_doc *d)
{
    return (struct decision_view){
        .id = d->id,
        .task_item_id = d->task_item_id,
        .step = d->step,
        .system = d->role_system,
        .role = d->role,
        .policy = d->policy,
        .reason = d->reason,
        .user_id = d->chosen_id,
        .user_name = d->chosen_name,
        .actor_id = d->actor_id,
        .actor_name = d->actor_name,
        .candidates = d->candidates,
        .created_at = d->created_at,
    };
}

enum err decisions_list(struct req *r)
{
    const struct decisions_query *q = r->query_args;
    struct db_session *s;
    struct decision_doc *docs;
    size_t count;
    int64_t total, task_id;
    bool is_involved;
    enum err rc = req_param_int(r, "task_id", &task_id) ? req_db(r, &s) : ERR_TASK_NOT_FOUND;
    if (rc == ERR_OK)
        rc = claim_store_decisions(s, task_id, r->actor->user_id, paging_limit(&q->paging),
                                   paging_offset(&q->paging), &is_involved, &docs, &count, &total);
    if (rc == ERR_OK && !is_involved && !actor_may(r->actor, PERM_TASK_READ_ALL))
        rc = ERR_FORBIDDEN;
    if (rc)
        return req_fail(r, rc);
    struct decision_view *views = ARENA_ARRAY(r->arena, struct decision_view, count + 1);
    for (size_t i = 0; i < count; i++)
        views[i] = view(&docs[i]);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){views, count};
    return req_reply_json(r, 200, &DECISION_PAGE, &reply);
}
