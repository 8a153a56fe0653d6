#pragma once
/* What people do with a task besides going on: hold, resume, escalate, reassign. */
#include "domain/work.h"
#include "store/pool_store.h"
#include "store/ticket_store.h"

struct work_view {
    struct work_facts facts; /* is_admin is the caller's to set */
    int64_t task_id, version;
    struct pooled_item item; /* as it is told to others; item_id INT64_MIN: there is none */
    bool has_started;        /* somebody has acted on the task */
};

/* Locks task and open item, in this order, until the transaction ends. By the task's id, or by that
 * of one of its items when task_id is INT64_MIN. ERR_TASK_NOT_FOUND. */
MUST_CHECK enum err CO_FN work_store_lock(struct db_session *s, int64_t task_id, int64_t item_id,
                                          int64_t actor_id, struct work_view *out);

/* Holds or resumes, and notes it with the open item. ERR_SERIALIZATION when the task is not in the
 * version any more. */
MUST_CHECK enum err CO_FN work_store_set_running(struct db_session *s, int64_t task_id,
                                                 int64_t version, enum task_status to,
                                                 const struct work_note *n);

/* Whether somebody may take the open item of a locked task. */
MUST_CHECK enum err CO_FN work_store_candidate(struct db_session *s, const struct work_view *v,
                                               int64_t person_id, struct work_candidate *out);
/* Closes the open item and gives the turn to that person; v->item becomes the new one. */
MUST_CHECK enum err CO_FN work_store_reassign(struct db_session *s, struct work_view *v,
                                              int64_t person_id, const struct work_note *n);
/* Closes the open item and gives the turn to the next holder of the step's escalation role, or to
 * the pool (v->item.assignee_id NO_PERSON); v->item becomes the new one. */
MUST_CHECK enum err CO_FN work_store_escalate(struct db_session *s, struct work_view *v,
                                              const struct work_note *n);
