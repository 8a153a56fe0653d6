#pragma once
/* Systems, their roles, and who holds them. */
#include "db.h"

struct system_row {
    int64_t id;
    struct str slug, name;
    int8_t is_custom; /* else built in */
    int64_t version;
};

struct role_row {
    int64_t id, system_id;
    struct str system, name, description;
    int8_t is_custom;
    int64_t version;
};

MUST_CHECK enum err CO_FN system_store_list(struct db_session *s, struct system_row **out,
                                            size_t *n);
/* ERR_NOT_FOUND. Inside a transaction the row is locked against changes and new roles. */
MUST_CHECK enum err CO_FN system_store_lock(struct db_session *s, int64_t id,
                                            struct system_row *out);
MUST_CHECK enum err CO_FN system_store_by_slug(struct db_session *s, struct str slug,
                                               struct system_row *out);
MUST_CHECK enum err CO_FN system_store_by_id(struct db_session *s, int64_t id,
                                             struct system_row *out);
/* Set id and version. ERR_CONFLICT when the slug is taken, in whatever case. */
MUST_CHECK enum err CO_FN system_store_insert(struct db_session *s, struct system_row *y);
/* Writes the name, with the next version (set in y). */
MUST_CHECK enum err CO_FN system_store_save(struct db_session *s, struct system_row *y);
/* ERR_CONFLICT while it has roles. */
MUST_CHECK enum err CO_FN system_store_delete(struct db_session *s, int64_t id);

/* system absent: the roles of all systems. */
MUST_CHECK enum err CO_FN role_store_list(struct db_session *s, struct str system,
                                          struct role_row **out, size_t *n);
/* ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err CO_FN role_store_by_id(struct db_session *s, int64_t id, struct role_row *out);
MUST_CHECK enum err CO_FN role_store_by_name(struct db_session *s, struct str system,
                                             struct str name, struct role_row *out);
/* Inside a transaction: nobody changes, grants or is granted the role until its end. *held tells
 * whether somebody holds it. */
MUST_CHECK enum err CO_FN role_store_lock(struct db_session *s, int64_t id, struct role_row *out,
                                          bool *held);
/* Sets id and version. ERR_CONFLICT when the system has a role of that name, in whatever case. */
MUST_CHECK enum err CO_FN role_store_insert(struct db_session *s, struct role_row *role);
/* Writes name and description, with the next version (set in role). ERR_CONFLICT as above. */
MUST_CHECK enum err CO_FN role_store_save(struct db_session *s, struct role_row *role);
/* ERR_CONFLICT while somebody holds it. */
MUST_CHECK enum err CO_FN role_store_delete(struct db_session *s, int64_t id);

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
