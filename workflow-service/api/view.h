#pragma once
/* Replies as clients see them: structs with their schemas, filled from what the store read. */
#include "json.h"
#include "store/task_store.h"

/* A row of owned-tickets: exactly the fields of the integration document. */
struct owned_row {
    int64_t task_id;
    struct str ticket_number, ticket_subject, ticket_description, status, priority, category,
        sub_category, department;
    int64_t created_at, updated_at, target_resolution, sla_breach_at;
    struct str time_remaining;
    int8_t is_breached;
    struct str current_step, assigned_to;
    int64_t owner_id;
};
extern const struct json_schema OWNED_PAGE;

struct exit_doc {
    int64_t transition_id;
    struct str name, to_step, outcome;
};

struct item_doc {
    int64_t task_item_id;
    struct str step, role, status, assigned_to, assigned_to_email;
    int64_t assigned_to_id;
};

struct task_doc {
    struct owned_row row;
    struct str owner_name, workflow_id, workflow_name, requester_name;
    int64_t requester_id, resolved_at;
    struct item_doc current_item;
    struct json_array available_transitions; /* struct exit_doc */
};
extern const struct json_schema TASK_DOC;
extern const struct json_schema TASK_PAGE;

/* One of a person's own items. */
struct mine_doc {
    int64_t task_item_id, task_id;
    struct str ticket_number, ticket_subject, priority, workflow_name, step, role, instruction,
        status, origin, notes, task_status;
    int64_t assigned_on, acted_on, target_resolution, sla_breach_at;
    struct str time_remaining;
    int8_t is_breached;
    struct str assigned_to; /* of MINE_PAGE left out */
    int64_t assigned_to_id;
    struct json_array available_transitions;
};
extern const struct json_schema MINE_PAGE, TURN_DOC, TURN_PAGE;

struct owned_row view_owned_row(struct arena *a, const struct task_view *v, int64_t now);
struct task_doc view_task(struct arena *a, const struct task_view *v, const struct task_exits *e,
                          int64_t now);
struct mine_doc view_mine(struct arena *a, const struct item_view *v, int64_t now);
