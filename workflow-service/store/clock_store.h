#pragma once
/* Clocks of tasks, the rules they run by, and the record of what happened to them. */
#include "db.h"
#include "domain/sla_clock.h"
#include "domain/task.h"

#define METRIC_RESOLUTION STR("resolution")
#define METRIC_STEP STR("step")
#define METRIC_RESPONSE STR("first_response")

/* What a task's clocks go by at this moment. */
struct clock_rules {
    int64_t task_id;
    enum task_status status;
    int64_t step_id; /* the current one, INT64_MIN: the work is over */
    int64_t submitted_at, requester_id;
    struct str ticket_number, priority;
    int64_t workflow_id;
    struct str workflow_name;
    int64_t sla_version; /* of the workflow: grows with every change of what follows */
    struct str policy;   /* absent: there is none */
    int64_t calendar_id; /* INT64_MIN: every moment counts */
    struct str calendar, zone;
    const int64_t *warn_percents;
    size_t warn_count;
    bool pauses[TASK_STATUS_COUNT];
    bool is_new_cycle; /* opened again, a ticket's clock starts anew */
    bool escalate_owner, escalate_step;
    int64_t target_minutes, breach_minutes;
    double weight, total_weight; /* of the current step, of all */
    int64_t response_minutes;    /* INT64_MIN: no target */
};

/* In the order of the ids; ERR_TASK_NOT_FOUND when one is not known. Where no policy says
 * otherwise, warn_percent is when to warn. */
MUST_CHECK enum err CO_FN clock_store_rules(struct db_session *s, const int64_t *task_ids, size_t n,
                                            int64_t warn_percent, struct clock_rules *out);

struct clock_row {
    int64_t id, task_id;
    struct str metric;
    int64_t cycle, step_id, workflow_id, sla_version, started_at;
    struct sla_clock clock;
};

/* Every clock of the task, oldest first. The locking one needs a transaction that has the task. */
MUST_CHECK enum err CO_FN clock_store_of(struct db_session *s, int64_t task_id,
                                         struct clock_row **out, size_t *count);
MUST_CHECK enum err CO_FN clock_store_lock(struct db_session *s, int64_t task_id,
                                           struct clock_row **out, size_t *count);

/* What happened: activate, apply_policy, pause, … */
struct clock_note {
    const char *kind;
    struct str detail; /* absent: none */
};

#define CLOCK_MAX_NOTES 4

/* A clock to add (id 0) or to save, with what happened to it. */
struct clock_put {
    struct clock_row row;
    struct clock_note notes[CLOCK_MAX_NOTES];
    size_t note_count;
    int64_t now, not_before; /* a next_wake before not_before waits until then */
};
/* In a transaction; no clock twice. The deadlines shown on the tasks and their items follow. What
 * fails, fails the next statement. */
MUST_CHECK enum err CO_FN clock_store_put(struct db_session *s, const struct clock_put *puts,
                                          size_t n);

struct clock_record {
    int64_t clock_id, consumed_us, due_at, breach_at, created_at;
    struct str kind, detail;
};
/* The records of a task's clocks, by clock and in order. */
MUST_CHECK enum err CO_FN clock_store_records(struct db_session *s, int64_t task_id,
                                              struct clock_record **out, size_t *count);

/* ---- timers ------------------------------------------------------------------------------- */

struct due_clock {
    struct clock_row row;
    bool is_stale; /* its rules have changed since it was computed */
};

/* Claims at most limit clocks that are due at now, with their tasks, until the transaction ends;
 * what others have claimed is left out. */
MUST_CHECK enum err CO_FN clock_store_claim(struct db_session *s, int64_t now, int limit,
                                            struct due_clock **out, size_t *count);
/* When the next clock is due, INT64_MIN: none. */
MUST_CHECK enum err CO_FN clock_store_next(struct db_session *s, int64_t *at);
/* Claims the tasks of at most limit clocks whose rules have changed since they were computed. */
MUST_CHECK enum err CO_FN clock_store_claim_stale(struct db_session *s, int limit,
                                                  const int64_t **task_ids, size_t *count);

/* Whom to tell about a task's clock. */
struct clock_audience {
    int64_t task_id, item_id, assignee_id, owner_id, requester_id;
    struct str ticket_number, subject, workflow_name, step, role, status, assignee_name, owner_name;
};
/* ERR_TASK_NOT_FOUND. */
MUST_CHECK enum err CO_FN clock_store_audience(struct db_session *s, int64_t task_id,
                                               struct clock_audience *out);
