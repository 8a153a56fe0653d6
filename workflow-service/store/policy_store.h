#pragma once
/* SLA policies: by which calendar the clocks of a workflow run, and what they do. */
#include "db.h"
#include "domain/sla.h"

struct policy_doc {
    int64_t id, version;
    struct str name;
    int64_t calendar_id; /* INT64_MIN: every moment counts */
    struct str calendar;
    const int64_t *warn_percents;
    size_t warn_count;
    const struct str *pause_statuses; /* of tasks */
    size_t pause_count;
    struct str reopen; /* resume or new_cycle */
    bool escalate_owner, escalate_step, is_default;
    const struct str *workflows; /* their public ids */
    size_t workflow_count;
    const struct sla_target *responses; /* breach_minutes unused */
    size_t response_count;
    int64_t created_at, updated_at;
};

/* By name. */
MUST_CHECK enum err CO_FN policy_store_list(struct db_session *s, int64_t limit, int64_t offset,
                                            struct policy_doc **out, size_t *count, int64_t *total);
/* ERR_NOT_FOUND. The locking one needs a transaction. */
MUST_CHECK enum err CO_FN policy_store_find(struct db_session *s, int64_t id,
                                            struct policy_doc *out);
MUST_CHECK enum err CO_FN policy_store_lock(struct db_session *s, int64_t id,
                                            struct policy_doc *out);
/*
 * Adds it (id 0: sets id and version) or replaces all of it, and makes the clocks it reaches, then
 * or before, be computed anew. A workflow has one policy at most, and there is one default: it
 * takes them from others. ERR_CONFLICT: the name is taken. ERR_NOT_FOUND: no such calendar.
 * ERR_WORKFLOW_NOT_FOUND. Needs a transaction.
 */
MUST_CHECK enum err CO_FN policy_store_put(struct db_session *s, struct policy_doc *p, int64_t now);
/* Its workflows fall back to the default. Needs a transaction. */
MUST_CHECK enum err CO_FN policy_store_delete(struct db_session *s, int64_t id);
