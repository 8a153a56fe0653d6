#pragma once
/* Executing a transition: what is known before, under locks, and what is written. */
#include "db.h"
#include "domain/task.h"

struct transition_view {
    struct transition_facts facts;
    int64_t task_id, item_id, version;
    struct str ticket_number, subject, workflow_name;
    int64_t requester_id, owner_id;
    struct str owner_name, actor_name;
    struct str step, role;
    struct str transition; /* absent: no transition has the id */
    int64_t next_step_id;  /* INT64_MIN: the workflow ends */
    struct str next_step, next_role_system, next_role;
    struct str outcome;
    bool chooses_next; /* who takes the next step is not a matter of turns alone (sql.h) */
    bool is_tracked;   /* the load of the assignee, the owner or the wished one is counted */
    const struct str *available;
    size_t available_count;
};

/* Locks task and item until the transaction ends. ERR_TASK_NOT_FOUND. wish: the next assignee named
 * by the actor, NO_PERSON for none. */
MUST_CHECK enum err CO_FN transition_store_lock(struct db_session *s, int64_t item_id,
                                                int64_t transition_id, int64_t actor_id,
                                                int64_t wish, struct transition_view *out);

struct transition_write {
    int64_t transition_id, actor_id, wish;
    struct str notes;
    enum task_status status; /* of the task afterwards */
    int64_t now;
};

struct next_item {
    int64_t item_id;     /* INT64_MIN: the workflow has ended */
    int64_t assignee_id; /* NO_PERSON: pooled */
    struct str assignee_name;
};

/* Resolves the item and opens the next one, or ends the task. */
MUST_CHECK enum err CO_FN transition_store_apply(struct db_session *s,
                                                 const struct transition_view *v,
                                                 const struct transition_write *w,
                                                 struct next_item *next);

/* The assignee begins: new becomes in_progress, and the task with it. */
MUST_CHECK enum err CO_FN transition_store_begin(struct db_session *s,
                                                 const struct transition_view *v, struct str notes,
                                                 int64_t now);
