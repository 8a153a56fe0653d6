#pragma once
/* Assignment policies: how a role, or a step of a workflow, finds whoever takes its work. */
#include "db.h"

struct assign_rule {
    int64_t id, version;                    /* id 0: new */
    struct str system, role;                /* of a role; absent: of a step */
    struct str workflow_id, workflow, step; /* its public id, its name */
    struct str kind, fallback;              /* fallback absent unless sticky */
    const struct str *must, *should;
    size_t must_count, should_count;
    int64_t created_at, updated_at;
};

MUST_CHECK enum err CO_FN rule_store_list(struct db_session *s, int64_t limit, int64_t offset,
                                          struct assign_rule **out, size_t *count, int64_t *total);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN rule_store_find(struct db_session *s, int64_t id,
                                          struct assign_rule *out);
MUST_CHECK enum err CO_FN rule_store_lock(struct db_session *s, int64_t id,
                                          struct assign_rule *out);
/* The spelling of the role that a step asks for or somebody holds; ERR_NOT_FOUND. */
MUST_CHECK enum err CO_FN rule_store_role(struct db_session *s, struct str *system,
                                          struct str *role);
/* The spelling of a step that some version of the workflow has; ERR_WORKFLOW_NOT_FOUND,
 * ERR_NOT_FOUND. The id is one by its form. */
MUST_CHECK enum err CO_FN rule_store_step(struct db_session *s, struct str workflow_id,
                                          struct str *step);
/* Adds or changes, and sets the id. ERR_CONFLICT: the role or step has another one. */
MUST_CHECK enum err CO_FN rule_store_put(struct db_session *s, struct assign_rule *rule,
                                         int64_t now);
MUST_CHECK enum err CO_FN rule_store_delete(struct db_session *s, int64_t id);
