#pragma once
/* Changing what the catalogue lists. A sub-category is part of its category, and of its version. */
#include "db.h"

enum catalogue_kind { CATALOGUE_CATEGORY, CATALOGUE_DEPARTMENT };

struct catalogue_entry {
    int64_t id, version;
    struct str name;
    struct str json; /* as lists show it, inactive sub-categories included when asked for */
};

/* ERR_NOT_FOUND, also for an inactive entry without with_inactive. */
MUST_CHECK enum err CO_FN catalogue_edit_read(struct db_session *s, enum catalogue_kind kind,
                                              int64_t id, bool with_inactive,
                                              struct catalogue_entry *out);
/* Inside a transaction: locked until its end; json is absent. */
MUST_CHECK enum err CO_FN catalogue_edit_lock(struct db_session *s, enum catalogue_kind kind,
                                              int64_t id, struct catalogue_entry *out);

/* Absent and JSON_UNSET members stay; department empty: none. */
struct catalogue_change {
    struct str name, department;
    int8_t expects_workflow, needs_approval, is_active;
};
/* Of a locked entry. ERR_CONFLICT when the name is taken, ERR_NOT_FOUND for an unknown department.
 */
MUST_CHECK enum err CO_FN catalogue_edit_update(struct db_session *s, enum catalogue_kind kind,
                                                int64_t id, const struct catalogue_change *c);
/* ERR_CONFLICT while tickets, or categories of a department, use it. */
MUST_CHECK enum err CO_FN catalogue_edit_delete(struct db_session *s, enum catalogue_kind kind,
                                                const struct catalogue_entry *e);

struct sub_category {
    int64_t id;
    struct str name;
    bool is_active;
};
/* All of a locked category, whose version they count up. ERR_CONFLICT for a name that is taken,
 * ERR_NOT_FOUND for a sub-category of another category. */
MUST_CHECK enum err CO_FN sub_category_add(struct db_session *s, int64_t category_id,
                                           struct sub_category *sub);
MUST_CHECK enum err CO_FN sub_category_read(struct db_session *s, int64_t category_id, int64_t id,
                                            struct sub_category *out);
MUST_CHECK enum err CO_FN sub_category_update(struct db_session *s, int64_t category_id,
                                              const struct sub_category *sub);
/* ERR_CONFLICT while tickets use it. */
MUST_CHECK enum err CO_FN sub_category_delete(struct db_session *s, const struct catalogue_entry *c,
                                              const struct sub_category *sub);
