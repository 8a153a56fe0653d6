#pragma once
/* The history of a task: its items in order, each with what happened to it. */
#include "db.h"

struct log_entry {
    int64_t id;
    struct str status, origin, notes;
    int64_t created_at;
};

struct log_item {
    int64_t item_id, user_id; /* user_id INT64_MIN: pooled */
    struct str user_name, role, status, origin, notes;
    int64_t assigned_on, acted_on;
    int64_t step_id;
    struct str step;
    const struct log_entry *entries;
    size_t entry_count;
};

struct task_log {
    int64_t task_id;
    struct str ticket_number, workflow_id, workflow_name;
    bool is_involved; /* the viewer has to do with the ticket */
    const struct log_item *items;
    size_t item_count;
};

/* By task id, or by ticket number when the id is INT64_MIN. ERR_TASK_NOT_FOUND. */
MUST_CHECK enum err CO_FN log_store_read(struct db_session *s, int64_t task_id,
                                         struct str ticket_number, int64_t viewer_id,
                                         struct task_log *out);
