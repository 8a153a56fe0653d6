#pragma once
/* Work without anybody to do it: filled when somebody holds the role, emptied of people who left.
 */
#include "db.h"
#include "domain/task.h"

struct pooled_item {
    int64_t task_id, item_id, assignee_id, owner_id, requester_id;
    struct str ticket_number, subject, workflow_name, step, role, assignee_name, owner_name;
    struct str status; /* of the task */
};

/* Gives the oldest pooled item that somebody can take to the next holder of its role.
 * ERR_TASK_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN pool_store_assign(struct db_session *s, int64_t now,
                                            struct pooled_item *out);

struct ownerless_task {
    int64_t task_id, owner_id;
    struct str ticket_number;
};

/* Gives the oldest running task without an owner to the next coordinator. ERR_TASK_NOT_FOUND when
 * there is none, or no coordinator. */
MUST_CHECK enum err CO_FN pool_store_own(struct db_session *s, int64_t now,
                                         struct ownerless_task *out);

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
