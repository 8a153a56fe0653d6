#pragma once
/* Systems, their roles, and who holds them. */
#include "db.h"

struct system_row {
    int64_t id;
    struct str slug, name;
};

struct role_row {
    int64_t id, system_id;
    struct str system, name, description;
    bool is_custom;
};

MUST_CHECK enum err CO_FN system_store_list(struct db_session *s, struct system_row **out,
                                            size_t *n);
/* system absent: the roles of all systems. */
MUST_CHECK enum err CO_FN role_store_list(struct db_session *s, struct str system,
                                          struct role_row **out, size_t *n);
/* ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN role_store_by_id(struct db_session *s, int64_t id, struct role_row *out);
MUST_CHECK enum err CO_FN role_store_by_name(struct db_session *s, struct str system,
                                             struct str name, struct role_row *out);

/* granted_by is JSON_NO_INT for the system itself. *changed is false when the person held it. */
MUST_CHECK enum err CO_FN user_role_store_grant(struct db_session *s, int64_t user_id,
                                                int64_t role_id, int64_t granted_by, int64_t now,
                                                bool *changed);
MUST_CHECK enum err CO_FN user_role_store_revoke(struct db_session *s, int64_t user_id,
                                                 int64_t role_id, bool *changed);
/* Active holders other than the person. Locks the role, so that two removals cannot both see the
 * other's holder; call it inside a transaction. */
MUST_CHECK enum err CO_FN user_role_store_others(struct db_session *s, int64_t role_id,
                                                 int64_t user_id, int64_t *n);
