#pragma once
/* What people do with a task besides going on to the next step: rules of who may, and when. */
#include "domain/task.h"

struct work_facts {
    int64_t actor_id, owner_id;
    int64_t assignee_id; /* of the open item; NO_PERSON: pooled, or there is none */
    bool is_admin;       /* the actor may read every task */
    bool has_worked;     /* the actor has had an item of the task */
    enum task_status task;
    bool has_item; /* somebody's turn, or nobody's yet */
    bool is_escalated, has_escalation_role;
};

/*
 * Each: ERR_FORBIDDEN unless the actor is the assignee, the owner or an administrator;
 * ERR_ALREADY_COMPLETED when nobody has anything to do any more. Holding twice and resuming what
 * runs is ERR_CONFLICT.
 */
MUST_CHECK enum err work_check_hold(const struct work_facts *f);
MUST_CHECK enum err work_check_resume(const struct work_facts *f);
/* Also ERR_ALREADY_ESCALATED; ERR_CONFLICT while on hold, or for a step that escalates to nobody.
 */
MUST_CHECK enum err work_check_escalation(const struct work_facts *f);

struct work_candidate {
    int64_t id;
    bool is_active;  /* and known */
    bool holds_role; /* that of the item's turn */
};

/* By an administrator. ERR_USER_NOT_FOUND, ERR_INVALID_TRANSFER to the present assignee,
 * ERR_VALIDATION_ERROR without the role, ERR_ALREADY_COMPLETED. */
MUST_CHECK enum err work_check_reassignment(const struct work_facts *f,
                                            const struct work_candidate *to);

/* By an administrator: ERR_CONFLICT for what runs, and for what the helpdesk has ended for good. */
MUST_CHECK enum err work_check_reopening(const struct work_facts *f);
