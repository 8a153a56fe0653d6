#include "api/view.h"

#include "api/field.h"
#include "api/paging.h"
#include "domain/sla.h"

/* ---- owned tickets ------------------------------------------------------------------------ */

#define ROW_FIELDS(type, prefix)                                                                   \
    {"task_id", JK_INT, offsetof(type, prefix task_id)},                                           \
        {"ticket_number", JK_STR, offsetof(type, prefix ticket_number)},                           \
        {"ticket_subject", JK_STR, offsetof(type, prefix ticket_subject)},                         \
        {"ticket_description", JK_STR, offsetof(type, prefix ticket_description)},                 \
        {"status", JK_STR, offsetof(type, prefix status)},                                         \
        {"priority", JK_STR, offsetof(type, prefix priority)},                                     \
        {"category", JK_STR, offsetof(type, prefix category)},                                     \
        {"sub_category", JK_STR, offsetof(type, prefix sub_category)},                             \
        {"department", JK_STR, offsetof(type, prefix department)},                                 \
        {"created_at", JK_TIME, offsetof(type, prefix created_at)},                                \
        {"updated_at", JK_TIME, offsetof(type, prefix updated_at)},                                \
        {"target_resolution", JK_TIME, offsetof(type, prefix target_resolution)},                  \
        {"sla_breach_at", JK_TIME, offsetof(type, prefix sla_breach_at)},                          \
        {"time_remaining", JK_STR, offsetof(type, prefix time_remaining)},                         \
        {"is_breached", JK_BOOL, offsetof(type, prefix is_breached)},                              \
        {"current_step", JK_STR, offsetof(type, prefix current_step)},                             \
        {"assigned_to", JK_STR, offsetof(type, prefix assigned_to)},                               \
    {                                                                                              \
        "owner_id", JK_INT, offsetof(type, prefix owner_id)                                        \
    }

static const struct json_field OWNED_FIELDS[] = {ROW_FIELDS(struct owned_row, )};
static JSON_SCHEMA(OWNED_ROW, "OwnedTicket", struct owned_row, OWNED_FIELDS);
static const struct json_field OWNED_PAGE_FIELDS[] = PAGE_FIELDS(OWNED_ROW);
JSON_SCHEMA(OWNED_PAGE, "OwnedTicketPage", struct page_reply, OWNED_PAGE_FIELDS);

static struct str remaining(struct arena *a, int64_t deadline, bool is_running, int64_t now)
{
    char text[SLA_TEXT_SIZE];
    if (!is_running)
        return STR_NULL;
    return str_dup(a, sla_time_remaining(deadline, now, text));
}

struct owned_row view_owned_row(struct arena *a, const struct task_view *v, int64_t now)
{
    return (struct owned_row){
        .task_id = v->task_id,
        .ticket_number = v->ticket_number,
        .ticket_subject = v->subject,
        .ticket_description = v->description,
        .status = task_status_word(v->status),
        .priority = v->priority,
        .category = v->category,
        .sub_category = v->sub_category,
        .department = v->department,
        .created_at = v->created_at,
        .updated_at = v->updated_at,
        .target_resolution = v->target_resolution,
        .sla_breach_at = v->sla_breach_at,
        .time_remaining =
            remaining(a, v->target_resolution, task_status_is_running(v->status), now),
        .is_breached = v->sla_breached_at != SLA_NONE ||
                       sla_is_breached(v->sla_breach_at, v->resolved_at, now),
        .current_step = v->step,
        .assigned_to = v->assignee_name,
        .owner_id = v->owner_id,
    };
}

/* ---- tasks -------------------------------------------------------------------------------- */

static const struct json_field EXIT_FIELDS[] = {
    FIELD(exit_doc, JK_INT, transition_id),
    FIELD(exit_doc, JK_STR, name),
    FIELD(exit_doc, JK_STR, to_step),
    FIELD(exit_doc, JK_STR, outcome),
};
static JSON_SCHEMA(EXIT_DOC, "AvailableTransition", struct exit_doc, EXIT_FIELDS);

static const struct json_field ITEM_FIELDS[] = {
    FIELD(item_doc, JK_INT, task_item_id),
    FIELD(item_doc, JK_STR, step),
    FIELD(item_doc, JK_STR, role),
    FIELD(item_doc, JK_STR, status),
    FIELD(item_doc, JK_STR, assigned_to),
    FIELD(item_doc, JK_INT, assigned_to_id),
    FIELD(item_doc, JK_STR, assigned_to_email),
};
static JSON_SCHEMA(ITEM_DOC, "CurrentItem", struct item_doc, ITEM_FIELDS);

static const struct json_field TASK_FIELDS[] = {
    ROW_FIELDS(struct task_doc, row.),
    FIELD(task_doc, JK_STR, owner_name),
    FIELD(task_doc, JK_STR, workflow_id),
    FIELD(task_doc, JK_STR, workflow_name),
    FIELD(task_doc, JK_INT, requester_id),
    FIELD(task_doc, JK_STR, requester_name),
    FIELD(task_doc, JK_TIME, resolved_at),
    {"current_item", JK_OBJECT, offsetof(struct task_doc, current_item), .sub = &ITEM_DOC},
    FIELD_LIST(task_doc, available_transitions, EXIT_DOC),
};
JSON_SCHEMA(TASK_DOC, "Task", struct task_doc, TASK_FIELDS);
static const struct json_field TASK_PAGE_FIELDS[] = PAGE_FIELDS(TASK_DOC);
JSON_SCHEMA(TASK_PAGE, "TaskPage", struct page_reply, TASK_PAGE_FIELDS);

static struct str blank_to_null(struct str s)
{
    return s.len ? s : STR_NULL;
}

static struct json_array view_exits(struct arena *a, const struct task_exits *e)
{
    struct exit_doc *docs = ARENA_ARRAY(a, struct exit_doc, e->count + 1);
    for (size_t i = 0; i < e->count; i++)
        docs[i] = (struct exit_doc){
            .transition_id = e->ids[i],
            .name = e->names[i],
            .to_step = blank_to_null(e->to_steps[i]),
            .outcome = blank_to_null(e->outcomes[i]),
        };
    return (struct json_array){docs, e->count};
}

struct task_doc view_task(struct arena *a, const struct task_view *v, const struct task_exits *e,
                          int64_t now)
{
    bool has_item = v->item_id != INT64_MIN;
    return (struct task_doc){
        .row = view_owned_row(a, v, now),
        .owner_name = v->owner_name,
        .workflow_id = v->workflow_id,
        .workflow_name = v->workflow_name,
        .requester_id = v->requester_id,
        .requester_name = v->requester_name,
        .resolved_at = v->resolved_at,
        .current_item =
            {
                .task_item_id = v->item_id,
                .step = has_item ? v->step : STR_NULL,
                .role = has_item ? v->role : STR_NULL,
                .status = v->item_status,
                .assigned_to = v->assignee_name,
                .assigned_to_id = v->assignee_id,
                .assigned_to_email = v->assignee_email,
            },
        .available_transitions = view_exits(a, e),
    };
}

/* ---- my tasks ----------------------------------------------------------------------------- */

#define ITEM_MEMBERS                                                                               \
    FIELD(mine_doc, JK_INT, task_item_id), FIELD(mine_doc, JK_INT, task_id),                       \
        FIELD(mine_doc, JK_STR, ticket_number), FIELD(mine_doc, JK_STR, ticket_subject),           \
        FIELD(mine_doc, JK_STR, priority), FIELD(mine_doc, JK_STR, workflow_name),                 \
        FIELD(mine_doc, JK_STR, step), FIELD(mine_doc, JK_STR, role),                              \
        FIELD(mine_doc, JK_STR, instruction), FIELD(mine_doc, JK_STR, status),                     \
        FIELD(mine_doc, JK_STR, origin), FIELD(mine_doc, JK_STR, notes),                           \
        FIELD(mine_doc, JK_STR, task_status), FIELD(mine_doc, JK_TIME, assigned_on),               \
        FIELD(mine_doc, JK_TIME, acted_on), FIELD(mine_doc, JK_TIME, target_resolution),           \
        FIELD(mine_doc, JK_TIME, sla_breach_at), FIELD(mine_doc, JK_STR, time_remaining),          \
        FIELD(mine_doc, JK_BOOL, is_breached),                                                     \
        FIELD_LIST(mine_doc, available_transitions, EXIT_DOC)

static const struct json_field MINE_FIELDS[] = {ITEM_MEMBERS};
static JSON_SCHEMA(MINE_DOC, "MyTask", struct mine_doc, MINE_FIELDS);
static const struct json_field MINE_PAGE_FIELDS[] = PAGE_FIELDS(MINE_DOC);
JSON_SCHEMA(MINE_PAGE, "MyTaskPage", struct page_reply, MINE_PAGE_FIELDS);

static const struct json_field TURN_FIELDS[] = {ITEM_MEMBERS, FIELD(mine_doc, JK_STR, assigned_to),
                                                FIELD(mine_doc, JK_INT, assigned_to_id)};
JSON_SCHEMA(TURN_DOC, "Turn", struct mine_doc, TURN_FIELDS);
static const struct json_field TURN_PAGE_FIELDS[] = CURSOR_PAGE_FIELDS(TURN_DOC);
JSON_SCHEMA(TURN_PAGE, "TurnPage", struct cursor_page_reply, TURN_PAGE_FIELDS);

struct mine_doc view_mine(struct arena *a, const struct item_view *v, int64_t now)
{
    bool is_open = item_status_is_open(item_status_parse(v->status));
    return (struct mine_doc){
        .task_item_id = v->item_id,
        .task_id = v->task_id,
        .ticket_number = v->ticket_number,
        .ticket_subject = v->subject,
        .priority = v->priority,
        .workflow_name = v->workflow_name,
        .step = v->step,
        .role = v->role,
        .instruction = v->instruction,
        .status = v->status,
        .origin = v->origin,
        .notes = v->notes,
        .task_status = v->task_status,
        .assigned_on = v->assigned_on,
        .acted_on = v->acted_on,
        .target_resolution = v->target_at,
        .sla_breach_at = v->sla_breach_at,
        .time_remaining = remaining(a, v->target_at, is_open, now),
        .is_breached = sla_is_breached(v->target_at, v->acted_on, now),
        .assigned_to = v->assignee_name,
        .assigned_to_id = v->assignee_id,
        .available_transitions = view_exits(a, &v->exits),
    };
}
