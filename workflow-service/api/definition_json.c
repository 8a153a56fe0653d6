#include "api/definition_json.h"

#include "api/field.h"

#define MAX_NAME 100
#define MAX_TEXT 4000
#define MAX_TARGET_MINUTES (10 * 366 * 24 * 60)
#define DEFAULT_SYSTEM STR("tts")
#define DEFAULT_WEIGHT 1.0

/* ---- schemas ------------------------------------------------------------------------------ */

struct sla_body {
    struct str priority;
    int64_t target_minutes, breach_minutes;
};

struct step_body {
    struct str name, role_system, role, escalation_system, escalation_role;
    double weight;
    struct str instruction;
    int8_t is_start;
    struct str unused;
};

struct transition_body {
    struct str from_step, name, to_step, outcome, unused;
};

#define PART(type, kind_, member, ...)                                                             \
    {                                                                                              \
        .name = #member, .kind = kind_, .offset = offsetof(struct type, member), __VA_ARGS__       \
    }
#define UNUSED(type, name_)                                                                        \
    {                                                                                              \
        .name = name_, .kind = JK_RAW, .offset = offsetof(struct type, unused),                    \
        .doc = "of replies; left aside"                                                            \
    }
#define CLOSED(var, schema_name, type, field_array)                                                \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(struct type),                                                               \
        .closed = true,                                                                            \
    }

static const struct json_field SLA_FIELDS[] = {
    PART(sla_body, JK_ENUM, priority, .flags = JF_REQUIRED, .choices = "Low|Medium|High|Urgent"),
    PART(sla_body, JK_INT, target_minutes, .flags = JF_REQUIRED, .min = 1,
         .max = MAX_TARGET_MINUTES),
    PART(sla_body, JK_INT, breach_minutes, .flags = JF_REQUIRED, .min = 1,
         .max = MAX_TARGET_MINUTES),
};
static CLOSED(SLA_BODY, "WorkflowTarget", sla_body, SLA_FIELDS);

#define STEP_MEMBERS                                                                               \
    PART(step_body, JK_STR, name, .flags = JF_REQUIRED, .min = 0, .max = MAX_NAME),                \
        PART(step_body, JK_STR, role_system, .min = 0, .max = MAX_NAME,                            \
             .doc = "tts unless given"),                                                           \
        PART(step_body, JK_STR, role, .min = 0, .max = MAX_NAME),                                  \
        PART(step_body, JK_STR, escalation_system, .min = 0, .max = MAX_NAME,                      \
             .doc = "tts unless given"),                                                           \
        PART(step_body, JK_STR, escalation_role, .min = 0, .max = MAX_NAME),                       \
        PART(step_body, JK_NUMBER, weight, .doc = "share of the workflow's time; 1 unless given"), \
        PART(step_body, JK_STR, instruction, .min = 0, .max = MAX_TEXT),                           \
        PART(step_body, JK_BOOL, is_start)

static const struct json_field STEP_FIELDS[] = {STEP_MEMBERS, UNUSED(step_body, "step_id")};
static CLOSED(STEP_BODY, "WorkflowStepRequest", step_body, STEP_FIELDS);
static const struct json_field STEP_FILE_FIELDS[] = {STEP_MEMBERS};
static CLOSED(STEP_FILE, "WorkflowStepFile", step_body, STEP_FILE_FIELDS);

#define TRANSITION_MEMBERS                                                                         \
    PART(transition_body, JK_STR, from_step, .flags = JF_REQUIRED, .min = 0, .max = MAX_NAME),     \
        PART(transition_body, JK_STR, name, .flags = JF_REQUIRED, .min = 0, .max = MAX_NAME),      \
        PART(transition_body, JK_STR, to_step, .min = 0, .max = MAX_NAME,                          \
             .doc = "null: the workflow ends"),                                                    \
        PART(transition_body, JK_ENUM, outcome, .choices = "resolved|rejected")

static const struct json_field TRANSITION_FIELDS[] = {TRANSITION_MEMBERS,
                                                      UNUSED(transition_body, "transition_id")};
static CLOSED(TRANSITION_BODY, "WorkflowTransitionRequest", transition_body, TRANSITION_FIELDS);
static const struct json_field TRANSITION_FILE_FIELDS[] = {TRANSITION_MEMBERS};
static CLOSED(TRANSITION_FILE, "WorkflowTransitionFile", transition_body, TRANSITION_FILE_FIELDS);

#define MEMBERS(required, step_schema, transition_schema)                                          \
    PART(definition_body, JK_ENUM, format, .choices = DEFINITION_FORMAT),                          \
        PART(definition_body, JK_STR, name, .flags = required, .min = 1, .max = MAX_NAME),         \
        PART(definition_body, JK_STR, description, .min = 0, .max = MAX_TEXT),                     \
        PART(definition_body, JK_STR, department, .min = 0, .max = MAX_NAME,                       \
             .doc = "of tickets it takes; null: any"),                                             \
        PART(definition_body, JK_STR, category, .min = 0, .max = MAX_NAME),                        \
        PART(definition_body, JK_STR, sub_category, .min = 0, .max = MAX_NAME),                    \
        PART(definition_body, JK_ENUM, priority, .choices = "Low|Medium|High|Urgent"),             \
        PART(definition_body, JK_ARRAY, sla, .max = 4, .sub = &SLA_BODY,                           \
             .doc = "priorities left out take the defaults"),                                      \
        PART(definition_body, JK_ARRAY, steps, .max = DEFINITION_MAX_STEPS, .sub = &step_schema),  \
        PART(definition_body, JK_ARRAY, transitions, .max = DEFINITION_MAX_TRANSITIONS,            \
             .sub = &transition_schema)
#define REPLY_MEMBERS                                                                              \
    UNUSED(definition_body, "workflow_id"), UNUSED(definition_body, "state"),                      \
        UNUSED(definition_body, "version"), UNUSED(definition_body, "revision"),                   \
        UNUSED(definition_body, "has_draft"), UNUSED(definition_body, "created_at"),               \
        UNUSED(definition_body, "updated_at"), UNUSED(definition_body, "published_at"),            \
        UNUSED(definition_body, "published_by")

static const struct json_field BODY_FIELDS[] = {
    MEMBERS(JF_REQUIRED | JF_NON_EMPTY, STEP_BODY, TRANSITION_BODY),
    PART(definition_body, JK_BOOL, publish, .doc = "of POST: publish it at once"),
    REPLY_MEMBERS,
};
CLOSED(DEFINITION_BODY, "WorkflowRequest", definition_body, BODY_FIELDS);

static const struct json_field PATCH_FIELDS[] = {
    MEMBERS(0, STEP_BODY, TRANSITION_BODY),
    REPLY_MEMBERS,
};
CLOSED(DEFINITION_PATCH, "WorkflowChange", definition_body, PATCH_FIELDS);

static const struct json_field FILE_FIELDS[] = {
    MEMBERS(JF_REQUIRED | JF_NON_EMPTY, STEP_FILE, TRANSITION_FILE),
};
CLOSED(DEFINITION_FILE, "WorkflowFile", definition_body, FILE_FIELDS);

/* ---- in ----------------------------------------------------------------------------------- */

/* Without blanks around it; a blank one is absent. */
static struct str trimmed(struct str s)
{
    s = str_trim(s);
    return s.len ? s : STR_NULL;
}

/* The same for what must be there. */
static struct str present(struct str s)
{
    s = trimmed(s);
    return s.p ? s : STR("");
}

static void take_targets(struct arena *a, const struct json_array *list, struct definition *d)
{
    const struct sla_body *given = list->items;
    struct sla_target *targets = ARENA_ARRAY(a, struct sla_target, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        targets[i] = (struct sla_target){given[i].priority, given[i].target_minutes,
                                         given[i].breach_minutes};
    d->targets = targets;
    d->target_count = list->count;
}

static struct str system_of(struct str system, struct str role)
{
    system = trimmed(system);
    return system.p || !trimmed(role).p ? system : DEFAULT_SYSTEM;
}

static void take_steps(struct arena *a, const struct json_array *list, struct definition *d)
{
    const struct step_body *given = list->items;
    struct definition_step *steps = ARENA_ARRAY(a, struct definition_step, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct step_body *b = &given[i];
        steps[i] = (struct definition_step){
            .name = present(b->name),
            .role_system = present(system_of(b->role_system, b->role)),
            .role_name = present(b->role),
            .escalation_system = system_of(b->escalation_system, b->escalation_role),
            .escalation_role = trimmed(b->escalation_role),
            .weight = b->weight == b->weight ? b->weight + 0.0 : DEFAULT_WEIGHT, /* -0.0 is 0 */
            .instruction = b->instruction.p ? b->instruction : STR(""),
            .is_start = b->is_start == JSON_TRUE,
        };
    }
    d->steps = steps;
    d->step_count = list->count;
}

static void take_transitions(struct arena *a, const struct json_array *list, struct definition *d)
{
    const struct transition_body *given = list->items;
    struct definition_transition *transitions =
        ARENA_ARRAY(a, struct definition_transition, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        transitions[i] = (struct definition_transition){
            .from = present(given[i].from_step),
            .name = present(given[i].name),
            .to = trimmed(given[i].to_step),
            .outcome = given[i].outcome,
        };
    d->transitions = transitions;
    d->transition_count = list->count;
}

struct definition definition_of(struct arena *a, const struct definition_body *b)
{
    struct definition d = {
        .name = present(b->name),
        .description = b->description.p ? b->description : STR(""),
        .match = {trimmed(b->department), trimmed(b->category), trimmed(b->sub_category),
                  b->priority},
    };
    take_targets(a, &b->sla, &d);
    take_steps(a, &b->steps, &d);
    take_transitions(a, &b->transitions, &d);
    return d;
}

void definition_patch(struct arena *a, const struct json *sent, const struct definition_body *b,
                      struct definition *d)
{
    struct definition all = definition_of(a, b);
    if (json_get(sent, "name"))
        d->name = all.name;
    if (json_get(sent, "description"))
        d->description = all.description;
    if (json_get(sent, "department"))
        d->match.department = all.match.department;
    if (json_get(sent, "category"))
        d->match.category = all.match.category;
    if (json_get(sent, "sub_category"))
        d->match.sub_category = all.match.sub_category;
    if (json_get(sent, "priority"))
        d->match.priority = all.match.priority;
    if (json_get(sent, "sla"))
        take_targets(a, &b->sla, d);
    if (json_get(sent, "steps"))
        take_steps(a, &b->steps, d);
    if (json_get(sent, "transitions"))
        take_transitions(a, &b->transitions, d);
}

/* ---- out ---------------------------------------------------------------------------------- */

static struct json_array targets_out(struct arena *a, const struct definition *d)
{
    struct sla_body *out = ARENA_ARRAY(a, struct sla_body, d->target_count + 1);
    for (size_t i = 0; i < d->target_count; i++)
        out[i] = (struct sla_body){d->targets[i].priority, d->targets[i].target_minutes,
                                   d->targets[i].breach_minutes};
    return (struct json_array){out, d->target_count};
}

static struct json_array steps_out(struct arena *a, const struct definition *d)
{
    struct step_body *out = ARENA_ARRAY(a, struct step_body, d->step_count + 1);
    for (size_t i = 0; i < d->step_count; i++) {
        const struct definition_step *s = &d->steps[i];
        out[i] = (struct step_body){
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
    return (struct json_array){out, d->step_count};
}

static struct json_array transitions_out(struct arena *a, const struct definition *d)
{
    struct transition_body *out = ARENA_ARRAY(a, struct transition_body, d->transition_count + 1);
    for (size_t i = 0; i < d->transition_count; i++) {
        const struct definition_transition *t = &d->transitions[i];
        out[i] = (struct transition_body){t->from, t->name, t->to, t->outcome, STR_NULL};
    }
    return (struct json_array){out, d->transition_count};
}

struct str definition_text(struct arena *a, const struct definition *d)
{
    struct definition_body b = {
        .format = STR(DEFINITION_FORMAT),
        .name = d->name,
        .description = d->description,
        .department = d->match.department,
        .category = d->match.category,
        .sub_category = d->match.sub_category,
        .priority = d->match.priority,
        .sla = targets_out(a, d),
        .steps = steps_out(a, d),
        .transitions = transitions_out(a, d),
    };
    struct json_writer w;
    struct buf out;
    buf_init(&out, a);
    jw_init(&w, &out);
    json_encode(&w, &DEFINITION_FILE, &b);
    return buf_str(&out);
}

enum err definition_parse(struct arena *a, struct str text, struct definition *out)
{
    const struct json *v;
    const char *why;
    struct json_problem *problems;
    struct definition_body *b = ARENA_NEW(a, struct definition_body);
    if (json_parse(a, text, &v, &why) ||
        json_decode(a, &DEFINITION_FILE, v, b, &problems) != ERR_OK)
        return ERR_DATABASE_ERROR;
    *out = definition_of(a, b);
    return ERR_OK;
}
