#pragma once
/* Waiting work taken by hand, and what was decided about a task's work so far. */
#include "db.h"
#include "domain/assign.h"
#include "store/pool_store.h"

struct claim_view {
    struct claim_facts facts;
    int64_t item_id, step_id;
    struct str role_system, role_name;
};

/* What stands against the person's taking the open item of the task; locks task, item and load.
 * ERR_TASK_NOT_FOUND. Without an open item the facts say that it is over. */
MUST_CHECK enum err CO_FN claim_store_lock(struct db_session *s, int64_t task_id, int64_t person_id,
                                           struct claim_view *out);

struct claim_write {
    int64_t person_id, actor_id;
    struct str notes, reason;
    int64_t now;
};
MUST_CHECK enum err CO_FN claim_store_give(struct db_session *s, const struct claim_view *v,
                                           const struct claim_write *w, struct pooled_item *out);

struct decision_doc {
    int64_t id, task_item_id; /* INT64_MIN: of the owner */
    struct str step, role_system, role, policy, reason;
    int64_t chosen_id, actor_id; /* INT64_MIN: nobody; the program */
    struct str chosen_name, actor_name;
    struct str candidates; /* JSON */
    int64_t created_at;
};

/* Oldest first. is_involved as in task_store_find. ERR_TASK_NOT_FOUND. */
MUST_CHECK enum err CO_FN claim_store_decisions(struct db_session *s, int64_t task_id,
                                                int64_t viewer_id, int64_t limit, int64_t offset,
                                                bool *is_involved, struct decision_doc **out,
                                                size_t *count, int64_t *total);
