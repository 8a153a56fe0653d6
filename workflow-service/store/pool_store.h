#pragma once
/* Work that loses whoever does it: people who left, and steps whose time has passed. */
#include "db.h"
#include "domain/task.h"

struct pooled_item {
    int64_t task_id, item_id, assignee_id, owner_id, requester_id;
    struct str ticket_number, subject, workflow_name, step, role, assignee_name, owner_name;
    struct str status; /* of the task */
    struct str notes;  /* why it was given; absent: it was due */
};

struct db_result;
/* The one row of a statement whose first columns are the fields above, in order of: task, item,
 * assignee, owner, requester, number, subject, workflow, step, role, names, status. */
void pool_store_read(const struct db_result *r, struct pooled_item *out);

/* Pools the open items of a person whose roles no longer cover them, and the tickets owned by
 * somebody who may no longer own any. Counts both. The role that a step escalates to covers its
 * items too. */
MUST_CHECK enum err CO_FN pool_store_release(struct db_session *s, int64_t person_id, int64_t now,
                                             int64_t *released);

/* Gives the open item of a task to another holder of its step's escalation role; the old one stays
 * as escalated. ERR_TASK_NOT_FOUND without an open item, such a role, or anybody who holds it. */
MUST_CHECK enum err CO_FN pool_store_escalate(struct db_session *s, int64_t task_id,
                                              struct str reason, int64_t now,
                                              struct pooled_item *out);
