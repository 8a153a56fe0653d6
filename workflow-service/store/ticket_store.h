#pragma once
/* Tickets as the helpdesk told them, and the start of the work on them. */
#include "db.h"
#include "domain/match.h"
#include "domain/task.h"

/* Why something is done with a task, and by whom. */
struct work_note {
    int64_t actor_id; /* NO_PERSON: the program */
    struct str text;
    int64_t now;
};

struct ticket {
    int64_t id;
    struct str number, subject, description;
    struct match_fields match; /* all present, possibly empty; the priority canonical */
    struct str status;
    int64_t requester_id; /* NO_PERSON: unknown */
    struct str requester_name, requester_email;
    int64_t submitted_at;
    int64_t epoch; /* of the rules it was compared with */
};

/* A published workflow that may take the ticket, with what starting it needs. */
struct start_plan {
    struct match_fields rule;
    int64_t version_id, step_id;
    struct str workflow_name, step_name, role_system, role_name;
    /* Not by turns alone (sql.h): who owns the ticket, and who takes the first step. */
    bool chooses_owner, chooses_assignee;
    bool is_tracked; /* the load of the present owner is counted */
};

/* The rules have not fitted: it waits until there are others. */
MUST_CHECK enum err CO_FN ticket_store_mark_unmatched(struct db_session *s, const struct ticket *t);
/* The plans in rows begin to end of a result whose columns from col on are PLAN_COLS; none where
 * they are null. */
void ticket_store_read_plans(struct db_session *s, const struct db_result *r, int col, size_t begin,
                             size_t end, struct start_plan **plans, size_t *count);

struct started_task {
    int64_t task_id, item_id;
    int64_t owner_id, assignee_id; /* NO_PERSON: pooled */
    struct str owner_name, assignee_name;
};

/* What the helpdesk says about a ticket later. */
struct ticket_state {
    int64_t ticket_id, task_id; /* task_id: INT64_MIN without a task */
    enum task_status status;
    bool has_started; /* somebody has acted on the task */
    int64_t version;
    int64_t owner_id, assignee_id; /* NO_PERSON: none */
    bool is_tracked;               /* the load of one of them is counted */
};

struct ticket_change {
    struct str status;               /* the helpdesk's word */
    int64_t rating;                  /* INT64_MIN: none */
    struct str feedback;             /* absent: none */
    int64_t completed_at, closed_at; /* INT64_MIN: none */
};

/* Fields of a ticket that the helpdesk has changed; absent ones stay. What no workflow has taken is
 * compared with the rules again. */
struct ticket_fields {
    struct str subject, category, sub_category, department, priority;
};

/* ERR_TICKET_NOT_FOUND. Locks ticket and task (*task_id INT64_MIN: there is none). */
MUST_CHECK enum err CO_FN ticket_store_describe(struct db_session *s, struct str number,
                                                const struct ticket_fields *f, int64_t now,
                                                int64_t *task_id, bool *has_other_priority);

/* ERR_TICKET_NOT_FOUND. Locks the ticket. */
MUST_CHECK enum err CO_FN ticket_store_state(struct db_session *s, struct str number,
                                             struct ticket_state *out);
/* Takes over status, rating and feedback; absent ones stay. */
MUST_CHECK enum err CO_FN ticket_store_update(struct db_session *s, int64_t ticket_id,
                                              const struct ticket_change *c, int64_t now);
/* Moves the task from the state read to another; ending it ends its item too.
 * ERR_SERIALIZATION when somebody else has changed it meanwhile. */
MUST_CHECK enum err CO_FN ticket_store_set_task(struct db_session *s, const struct ticket_state *st,
                                                enum task_status to, struct str note, int64_t now);

/* How a task was started: by the version it stays on. Fills what the ticket's announcement needs.
 */
MUST_CHECK enum err CO_FN ticket_store_plan(struct db_session *s, int64_t task_id, struct ticket *t,
                                            struct start_plan *plan);
/* Begins the task anew at its start step, for the next holder of its role; the owner stays.
 * ERR_SERIALIZATION as above. */
MUST_CHECK enum err CO_FN ticket_store_reopen(struct db_session *s, const struct ticket_state *st,
                                              const struct start_plan *plan,
                                              const struct work_note *why,
                                              struct started_task *out);
