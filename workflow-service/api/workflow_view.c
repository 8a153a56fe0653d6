#include "api/workflow_view.h"

#include "api/field.h"
#include "buf.h"

#define HEAD_FIELDS(type, prefix)                                                                  \
    {"workflow_id", JK_STR, offsetof(type, prefix workflow_id)},                                   \
        {"name", JK_STR, offsetof(type, prefix name)},                                             \
        {"description", JK_STR, offsetof(type, prefix description)},                               \
        {"state", JK_STR, offsetof(type, prefix state)},                                           \
        {"version", JK_INT, offsetof(type, prefix version)},                                       \
        {"revision", JK_INT, offsetof(type, prefix revision)},                                     \
        {"has_draft", JK_BOOL, offsetof(type, prefix has_draft)},                                  \
        {"department", JK_STR, offsetof(type, prefix department)},                                 \
        {"category", JK_STR, offsetof(type, prefix category)},                                     \
        {"sub_category", JK_STR, offsetof(type, prefix sub_category)},                             \
        {"priority", JK_STR, offsetof(type, prefix priority)},                                     \
        {"created_at", JK_TIME, offsetof(type, prefix created_at)},                                \
        {"updated_at", JK_TIME, offsetof(type, prefix updated_at)},                                \
        {"published_at", JK_TIME, offsetof(type, prefix published_at)},                            \
    {                                                                                              \
        "published_by", JK_INT, offsetof(type, prefix published_by)                                \
    }

static const struct json_field LIST_FIELDS[] = {HEAD_FIELDS(struct workflow_summary, )};
JSON_SCHEMA(WORKFLOW_SUMMARY, "WorkflowSummary", struct workflow_summary, LIST_FIELDS);

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
    struct workflow_summary head;
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

struct workflow_summary view_workflow_summary(const struct workflow_head *h)
{
    return (struct workflow_summary){
        .workflow_id = h->public_id,
        .name = h->name,
        .description = h->description,
        .state = h->state,
        .version = h->version,
        .revision = h->revision,
        .has_draft = h->has_draft ? JSON_TRUE : JSON_FALSE,
        .department = h->match.department,
        .category = h->match.category,
        .sub_category = h->match.sub_category,
        .priority = h->match.priority,
        .created_at = h->created_at,
        .updated_at = h->updated_at,
        .published_at = h->published_at,
        .published_by = h->published_by,
    };
}

static struct json_array target_docs(struct arena *a, const struct definition *d)
{
    struct target_doc *docs = ARENA_ARRAY(a, struct target_doc, d->target_count + 1);
    for (size_t i = 0; i < d->target_count; i++)
        docs[i] = (struct target_doc){d->targets[i].priority, d->targets[i].target_minutes,
                                      d->targets[i].breach_minutes};
    return (struct json_array){docs, d->target_count};
}

static struct json_array step_docs(struct arena *a, const struct loaded *w)
{
    size_t n = w->definition.step_count;
    struct step_doc *docs = ARENA_ARRAY(a, struct step_doc, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct definition_step *s = &w->definition.steps[i];
        docs[i] = (struct step_doc){
            .step_id = w->step_ids ? w->step_ids[i] : JSON_NO_INT,
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
    return (struct json_array){docs, n};
}

static struct json_array transition_docs(struct arena *a, const struct loaded *w)
{
    size_t n = w->definition.transition_count;
    struct transition_doc *docs = ARENA_ARRAY(a, struct transition_doc, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct definition_transition *t = &w->definition.transitions[i];
        docs[i] = (struct transition_doc){w->transition_ids ? w->transition_ids[i] : JSON_NO_INT,
                                          t->name, t->from, t->to, t->outcome};
    }
    return (struct json_array){docs, n};
}

struct str view_workflow(struct arena *a, const struct loaded *w)
{
    struct workflow_doc doc = {
        .head = view_workflow_summary(&w->head),
        .sla = target_docs(a, &w->definition),
        .steps = step_docs(a, w),
        .transitions = transition_docs(a, w),
    };
    struct json_writer out;
    struct buf b;
    buf_init(&b, a);
    jw_init(&out, &b);
    json_encode(&out, &WORKFLOW_DOC, &doc);
    return buf_str(&b);
}
