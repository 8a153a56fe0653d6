#pragma once
/* What task_view is read from: the fields of task t as statements of several files show them. */
#include "store/sql.h"
#include "store/task_store.h"

#define VIEW_COLS "ittttttttzzzzzttiittutitittz"
#define VIEW_FIELDS                                                                                \
    "t.id, k.number, k.subject, k.description, t.status, k.priority, k.category, k.sub_category,"  \
    " k.department, t.submitted_at, t.updated_at, t.target_resolution, t.sla_breach_at,"           \
    " t.resolved_at, s.name, s.role_name, t.owner_id, k.requester_id, o.name, k.requester_name,"   \
    " w.public_id, w.name, i.id, i.status, i.assignee_id, a.name, a.email,"                        \
    " t.sla_breached_at"
/* What the fields need beyond task t; outer, so that a list's empty page still has its count. */
#define VIEW_JOINS                                                                                 \
    " LEFT JOIN ticket k ON k.id = t.ticket_id"                                                    \
    " LEFT JOIN workflow_version v ON v.id = t.version_id"                                         \
    " LEFT JOIN workflow w ON w.id = v.workflow_id"                                                \
    " LEFT JOIN step s ON s.id = t.current_step_id"                                                \
    " LEFT JOIN task_item i ON i.task_id = t.id AND i.status IN " OPEN_ITEM                        \
    " LEFT JOIN person a ON a.id = i.assignee_id LEFT JOIN person o ON o.id = t.owner_id "
#define VIEW_WIDTH 28

/* Of a row whose columns from col on are VIEW_COLS. */
void task_view_read(const struct db_result *r, size_t row, int col, struct task_view *out);
/* "%text%" with the wildcards in the text escaped; absent for an absent text. */
struct str task_like_pattern(struct arena *a, struct str text);
