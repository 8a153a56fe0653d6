#pragma once
/* Workflow definitions: written as drafts, published as versions, read as a whole. */
#include "db.h"
#include "domain/definition.h"

/* Stores the definition as version 1, a draft. ERR_DUPLICATE_RESOURCE when a workflow of that name
 * exists. The definition must have passed definition_check. */
MUST_CHECK enum err CO_FN workflow_store_create(struct db_session *s, const struct definition *d,
                                                int64_t now, int64_t *version_id);
/* Makes the draft the live version; the one before is retired, its tasks stay on it. ERR_CONFLICT
 * when the version is no draft. */
MUST_CHECK enum err CO_FN workflow_store_publish(struct db_session *s, int64_t version_id,
                                                 int64_t now);

struct workflow_head {
    int64_t version_id; /* the published version, else the draft */
    struct str public_id, name, description, state;
    int64_t version;
    struct match_fields match; /* absent fields accept everything */
    int64_t created_at, updated_at, published_at;
};

MUST_CHECK enum err CO_FN workflow_store_list(struct db_session *s, int64_t limit, int64_t offset,
                                              struct workflow_head **out, size_t *count,
                                              int64_t *total);

struct workflow_step {
    int64_t id;
    struct definition_step step;
};

struct workflow_transition {
    int64_t id, from_id, to_id; /* to_id INT64_MIN: the workflow ends */
    struct str name, from, to, outcome;
};

struct workflow_body {
    struct workflow_head head;
    const struct sla_target *targets;
    size_t target_count;
    const struct workflow_step *steps;
    size_t step_count;
    const struct workflow_transition *transitions;
    size_t transition_count;
};

/* ERR_WORKFLOW_NOT_FOUND. public_id must be a well-formed UUID. */
MUST_CHECK enum err CO_FN workflow_store_read(struct db_session *s, struct str public_id,
                                              struct workflow_body *out);
