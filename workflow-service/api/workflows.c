#include "api/workflows.h"

#include <ctype.h>

#include "api/field.h"
#include "api/paging.h"
#include "service.h"
#include "store/workflow_store.h"

/* ---- schemas ------------------------------------------------------------------------------ */

struct workflows_query {
    struct paging paging;
};

static const struct json_field QUERY_FIELDS[] = {PAGING_FIELDS(struct workflows_query)};
JSON_SCHEMA(WORKFLOWS_QUERY, "WorkflowQuery", struct workflows_query, QUERY_FIELDS);

struct head_doc {
    struct str workflow_id, name, description, state;
    int64_t version;
    struct str department, category, sub_category, priority;
    int64_t created_at, updated_at, published_at;
};

#define HEAD_FIELDS(type, prefix)                                                                  \
    {"workflow_id", JK_STR, offsetof(type, prefix workflow_id)},                                   \
        {"name", JK_STR, offsetof(type, prefix name)},                                             \
        {"description", JK_STR, offsetof(type, prefix description)},                               \
        {"state", JK_STR, offsetof(type, prefix state)},                                           \
        {"version", JK_INT, offsetof(type, prefix version)},                                       \
        {"department", JK_STR, offsetof(type, prefix department)},                                 \
        {"category", JK_STR, offsetof(type, prefix category)},                                     \
        {"sub_category", JK_STR, offsetof(type, prefix sub_category)},                             \
        {"priority", JK_STR, offsetof(type, prefix priority)},                                     \
        {"created_at", JK_TIME, offsetof(type, prefix created_at)},                                \
        {"updated_at", JK_TIME, offsetof(type, prefix updated_at)},                                \
    {                                                                                              \
        "published_at", JK_TIME, offsetof(type, prefix published_at)                               \
    }

static const struct json_field LIST_FIELDS[] = {HEAD_FIELDS(struct head_doc, )};
static JSON_SCHEMA(HEAD_DOC, "WorkflowSummary", struct head_doc, LIST_FIELDS);
static const struct json_field PAGE_DOC_FIELDS[] = PAGE_FIELDS(HEAD_DOC);
JSON_SCHEMA(WORKFLOW_PAGE, "WorkflowPage", struct page_reply, PAGE_DOC_FIELDS);

struct target_doc {
    struct str priority;
    int64_t target_minutes, breach_minutes;
};

struct step_doc {
    int64_t step_id;
    struct str name, role_system, role, escalation_system, escalation_role;
    double weight;
    struct str instruction;
    int8_t is_start;
};

struct transition_doc {
    int64_t transition_id;
    struct str name, from_step, to_step, outcome;
};

struct workflow_doc {
    struct head_doc head;
    struct json_array sla, steps, transitions;
};

static const struct json_field TARGET_FIELDS[] = {
    FIELD(target_doc, JK_STR, priority),
    FIELD(target_doc, JK_INT, target_minutes),
    FIELD(target_doc, JK_INT, breach_minutes),
};
static JSON_SCHEMA(TARGET_DOC, "SlaTarget", struct target_doc, TARGET_FIELDS);

static const struct json_field STEP_FIELDS[] = {
    FIELD(step_doc, JK_INT, step_id),           FIELD(step_doc, JK_STR, name),
    FIELD(step_doc, JK_STR, role_system),       FIELD(step_doc, JK_STR, role),
    FIELD(step_doc, JK_STR, escalation_system), FIELD(step_doc, JK_STR, escalation_role),
    FIELD(step_doc, JK_NUMBER, weight),         FIELD(step_doc, JK_STR, instruction),
    FIELD(step_doc, JK_BOOL, is_start),
};
static JSON_SCHEMA(STEP_DOC, "WorkflowStep", struct step_doc, STEP_FIELDS);

static const struct json_field TRANSITION_FIELDS[] = {
    FIELD(transition_doc, JK_INT, transition_id), FIELD(transition_doc, JK_STR, name),
    FIELD(transition_doc, JK_STR, from_step),     FIELD(transition_doc, JK_STR, to_step),
    FIELD(transition_doc, JK_STR, outcome),
};
static JSON_SCHEMA(TRANSITION_DOC, "WorkflowTransition", struct transition_doc, TRANSITION_FIELDS);

static const struct json_field DOC_FIELDS[] = {
    HEAD_FIELDS(struct workflow_doc, head.),
    FIELD_LIST(workflow_doc, sla, TARGET_DOC),
    FIELD_LIST(workflow_doc, steps, STEP_DOC),
    FIELD_LIST(workflow_doc, transitions, TRANSITION_DOC),
};
JSON_SCHEMA(WORKFLOW_DOC, "Workflow", struct workflow_doc, DOC_FIELDS);

/* ---- handlers ----------------------------------------------------------------------------- */

static struct head_doc head_doc(const struct workflow_head *h)
{
    return (struct head_doc){
        .workflow_id = h->public_id,
        .name = h->name,
        .description = h->description,
        .state = h->state,
        .version = h->version,
        .department = h->match.department,
        .category = h->match.category,
        .sub_category = h->match.sub_category,
        .priority = h->match.priority,
        .created_at = h->created_at,
        .updated_at = h->updated_at,
        .published_at = h->published_at,
    };
}

enum err workflows_list(struct req *r)
{
    const struct workflows_query *q = r->query_args;
    struct db_session *s;
    struct workflow_head *heads;
    size_t count;
    int64_t total;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = workflow_store_list(s, paging_limit(&q->paging), paging_offset(&q->paging), &heads,
                                 &count, &total);
    if (rc)
        return req_fail(r, rc);
    struct head_doc *docs = ARENA_ARRAY(r->arena, struct head_doc, count + 1);
    for (size_t i = 0; i < count; i++)
        docs[i] = head_doc(&heads[i]);
    struct page_reply reply = paging_reply(r, &q->paging, total);
    reply.results = (struct json_array){docs, count};
    return req_reply_json(r, 200, &WORKFLOW_PAGE, &reply);
}

static struct json_array target_docs(struct arena *a, const struct workflow_body *b)
{
    struct target_doc *docs = ARENA_ARRAY(a, struct target_doc, b->target_count + 1);
    for (size_t i = 0; i < b->target_count; i++)
        docs[i] = (struct target_doc){b->targets[i].priority, b->targets[i].target_minutes,
                                      b->targets[i].breach_minutes};
    return (struct json_array){docs, b->target_count};
}

static struct json_array step_docs(struct arena *a, const struct workflow_body *b)
{
    struct step_doc *docs = ARENA_ARRAY(a, struct step_doc, b->step_count + 1);
    for (size_t i = 0; i < b->step_count; i++) {
        const struct definition_step *s = &b->steps[i].step;
        docs[i] = (struct step_doc){
            .step_id = b->steps[i].id,
            .name = s->name,
            .role_system = s->role_system,
            .role = s->role_name,
            .escalation_system = s->escalation_system,
            .escalation_role = s->escalation_role,
            .weight = s->weight,
            .instruction = s->instruction,
            .is_start = s->is_start ? JSON_TRUE : JSON_FALSE,
        };
    }
    return (struct json_array){docs, b->step_count};
}

static struct json_array transition_docs(struct arena *a, const struct workflow_body *b)
{
    struct transition_doc *docs = ARENA_ARRAY(a, struct transition_doc, b->transition_count + 1);
    for (size_t i = 0; i < b->transition_count; i++) {
        const struct workflow_transition *t = &b->transitions[i];
        docs[i] = (struct transition_doc){t->id, t->name, t->from, t->to, t->outcome};
    }
    return (struct json_array){docs, b->transition_count};
}

bool workflows_is_id(struct str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? s.p[i] != '-' : !isxdigit((unsigned char)s.p[i]))
            return false;
    }
    return true;
}

enum err workflows_get(struct req *r)
{
    struct str id = req_param(r, "workflow_id");
    struct db_session *s;
    struct workflow_body body;
    enum err rc = workflows_is_id(id) ? req_db(r, &s) : ERR_WORKFLOW_NOT_FOUND;
    if (rc == ERR_OK)
        rc = workflow_store_read(s, id, &body);
    if (rc)
        return req_fail(r, rc);
    struct workflow_doc doc = {
        .head = head_doc(&body.head),
        .sla = target_docs(r->arena, &body),
        .steps = step_docs(r->arena, &body),
        .transitions = transition_docs(r->arena, &body),
    };
    return req_reply_json(r, 200, &WORKFLOW_DOC, &doc);
}
