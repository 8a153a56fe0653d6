#pragma once
/* What agents say of themselves and what is said of them: capacity, weight, skills, presence. */
#include "db.h"

struct agent_doc {
    int64_t user_id;
    struct str name, email;
    bool is_active;
    int64_t capacity; /* INT64_MIN: no limit */
    int64_t weight;
    const struct str *skills;
    size_t skill_count;
    struct str presence;
    int64_t out_from, out_until; /* INT64_MIN: open */
    int64_t substitute_id;       /* INT64_MIN: none */
    struct str substitute_name;
    int64_t open_items, owned; /* INT64_MIN: not counted */
    int64_t version;           /* 0: nothing was said yet, these are the defaults */
    int64_t updated_at;        /* INT64_MIN with version 0 */
};

/* Absent members do not filter. */
struct agent_filter {
    struct str system, role;
    int64_t limit, offset;
};

/* Active people with a role beyond that of employees, by id. */
MUST_CHECK enum err CO_FN agent_store_list(struct db_session *s, const struct agent_filter *f,
                                           struct agent_doc **out, size_t *count, int64_t *total);
/* Any known person; ERR_USER_NOT_FOUND. */
MUST_CHECK enum err CO_FN agent_store_find(struct db_session *s, int64_t user_id,
                                           struct agent_doc *out);
/* The same, and no other change until the transaction ends. */
MUST_CHECK enum err CO_FN agent_store_lock(struct db_session *s, int64_t user_id,
                                           struct agent_doc *out);
MUST_CHECK enum err CO_FN agent_store_put(struct db_session *s, const struct agent_doc *d,
                                          int64_t now);
/* Whether the other one is active and holds a role that the first holds too. */
MUST_CHECK enum err CO_FN agent_store_may_replace(struct db_session *s, int64_t user_id,
                                                  int64_t substitute_id, bool *out);
