#pragma once
/* Reading workflows: what is live, what is drafted, and every version there was. */
#include "db.h"
#include "domain/definition.h"

/* A version as it was published; or the workflow as people mean it when they name it: the live
 * version, else the newest, else (version INT64_MIN) the draft. */
struct workflow_head {
    int64_t workflow_id, version_id;
    struct str public_id, name, description, state; /* draft, published or retired */
    int64_t version;
    struct match_fields match; /* absent fields accept everything */
    int64_t created_at, updated_at, published_at;
    int64_t published_by; /* INT64_MIN: the program itself */
    int64_t revision;
    bool has_draft;
};

/* Absent members do not filter. */
struct workflow_filter {
    struct str state, department, category; /* in any case */
    struct str search;                      /* part of the name or description */
    int64_t limit, offset;
};

/* By name. */
MUST_CHECK enum err CO_FN workflow_store_list(struct db_session *s, const struct workflow_filter *f,
                                              struct workflow_head **out, size_t *count,
                                              int64_t *total);

/* The workflow and its draft (JSON; absent: none). ERR_WORKFLOW_NOT_FOUND. public_id must be a
 * well-formed UUID. The locking one needs a transaction. */
MUST_CHECK enum err CO_FN workflow_store_find(struct db_session *s, struct str public_id,
                                              struct workflow_head *out, struct str *draft);
MUST_CHECK enum err CO_FN workflow_store_lock(struct db_session *s, struct str public_id,
                                              struct workflow_head *out, struct str *draft);
/* By name in any case; *public_id is absent when there is none. */
MUST_CHECK enum err CO_FN workflow_store_by_name(struct db_session *s, struct str name,
                                                 struct str *public_id);
/* How many tasks run on any of its versions. */
MUST_CHECK enum err CO_FN workflow_store_running(struct db_session *s, int64_t workflow_id,
                                                 int64_t *count);

/* A version among the others of its workflow. */
struct workflow_version {
    int64_t version;
    struct str state, name;
    int64_t published_at, published_by;
    int64_t step_count, transition_count, running; /* tasks that run on it */
};

/* The newest first. */
MUST_CHECK enum err CO_FN workflow_store_versions(struct db_session *s, int64_t workflow_id,
                                                  int64_t limit, int64_t offset,
                                                  struct workflow_version **out, size_t *count,
                                                  int64_t *total);
/* ERR_NOT_FOUND: no such version. */
MUST_CHECK enum err CO_FN workflow_store_version(struct db_session *s, int64_t workflow_id,
                                                 int64_t version, struct workflow_head *out);

struct workflow_body {
    const struct sla_target *targets;
    size_t target_count;
    const struct definition_step *steps;
    const int64_t *step_ids;
    size_t step_count;
    const struct definition_transition *transitions;
    const int64_t *transition_ids;
    size_t transition_count;
};

MUST_CHECK enum err CO_FN workflow_store_body(struct db_session *s, int64_t version_id,
                                              struct workflow_body *out);

/* How far a task has come. */
struct workflow_progress {
    int64_t version_id, version;
    struct str workflow_id, workflow_name;
    int64_t current_step_id; /* INT64_MIN: the task is over */
    struct str status, ticket_number;
    const int64_t *done_step_ids; /* somebody has acted there */
    size_t done_count;
    const int64_t *taken_ids; /* transitions */
    size_t taken_count;
    bool is_involved; /* the viewer is */
};

/* ERR_TASK_NOT_FOUND. */
MUST_CHECK enum err CO_FN workflow_store_progress(struct db_session *s, int64_t task_id,
                                                  int64_t viewer_id, struct workflow_progress *out);
