#pragma once
/* Reading tasks: the views that lists, details, logs and deadlines show. */
#include "db.h"
#include "domain/task.h"

struct task_view {
    int64_t task_id;
    struct str ticket_number, subject, description;
    enum task_status status;
    struct str priority, category, sub_category, department;
    int64_t created_at; /* of the ticket */
    int64_t updated_at;
    int64_t target_resolution, sla_breach_at, resolved_at; /* INT64_MIN: none */
    int64_t sla_breached_at;                               /* noticed; stays */
    struct str step, role;                                 /* current, absent when over */
    int64_t owner_id, requester_id;
    struct str owner_name, requester_name;
    struct str workflow_id, workflow_name;
    int64_t item_id; /* the open item, INT64_MIN when over */
    struct str item_status;
    int64_t assignee_id; /* NO_PERSON: pooled */
    struct str assignee_name, assignee_email;
};

/* A way out of the current step; to_step is absent where the workflow ends with outcome. */
struct task_exits {
    const int64_t *ids;
    const struct str *names, *to_steps, *outcomes; /* "" for none */
    size_t count;
};

/* Of a result whose columns from col on are EXIT_COLS. */
void task_store_read_exits(const struct db_result *r, size_t row, int col, struct task_exits *e);

/* Absent members do not filter. */
struct task_filter {
    struct str status, priority, category, search, ticket_number;
    int64_t limit, offset;
};

struct task_page {
    int64_t total;
    bool is_more; /* total is what was counted, and there may be more */
    size_t count;
    struct task_view *tasks;
    struct task_exits *exits; /* NULL where the list does not carry them */
};

/* Newest tickets first. Counted up to 10,000; what is searched for, or of a priority or category,
 * up to where the page was complete unless it was cheap to find all of it. */
MUST_CHECK enum err CO_FN task_store_owned(struct db_session *s, int64_t owner_id,
                                           const struct task_filter *f, struct task_page *out);
/* The tasks a person is involved in, or all of them (viewer_id NO_PERSON). */
MUST_CHECK enum err CO_FN task_store_list(struct db_session *s, int64_t viewer_id,
                                          const struct task_filter *f, struct task_page *out);
/* ERR_TASK_NOT_FOUND. By id, or by ticket number when the id is INT64_MIN. is_involved: the viewer
 * raised the ticket, owns or owned it, or has worked on it. */
MUST_CHECK enum err CO_FN task_store_find(struct db_session *s, int64_t task_id,
                                          struct str ticket_number, int64_t viewer_id,
                                          struct task_view *out, struct task_exits *exits,
                                          bool *is_involved);

struct item_view {
    int64_t item_id, task_id;
    struct str ticket_number, subject, priority, workflow_name, step, role, instruction;
    struct str status, origin, notes, task_status;
    int64_t assigned_on, acted_on, target_at, sla_breach_at;
    int64_t assignee_id; /* NO_PERSON: pooled */
    struct str assignee_name;
    struct task_exits exits; /* of the item's step while it is open */
};

struct item_page {
    int64_t total;
    size_t count;
    struct item_view *items;
};

struct item_filter {
    bool open, done; /* which to show */
    struct str status, search;
    int64_t limit, offset;
};

/* A person's own items, latest first; whose they are is not repeated. */
MUST_CHECK enum err CO_FN task_store_items_of(struct db_session *s, int64_t person_id,
                                              const struct item_filter *f, struct item_page *out);
