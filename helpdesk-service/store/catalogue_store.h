#pragma once
/*
 * Departments, categories and sub-categories. They change rarely and every new ticket asks for
 * them, so each process keeps a copy, which it renews now and then and after its own changes.
 */
#include "db.h"
#include "store/custom_field_store.h"

struct catalogue;

struct category {
    int64_t id;
    struct str name;
    struct str department; /* that usually handles it; absent: none */
    bool expects_workflow, needs_approval;
};

struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue *c);
/* Renews the copy. */
MUST_CHECK enum err CO_FN catalogue_refresh(struct catalogue *c, struct db *db);
/* Without regard to case; false when there is no such active category. Copied into the arena. */
bool catalogue_category(const struct catalogue *c, struct arena *a, struct str word,
                        struct category *out);
/* The canonical spelling; absent when there is no such active department. */
struct str catalogue_department(const struct catalogue *c, struct arena *a, struct str word);
struct str catalogue_sub_category(const struct catalogue *c, struct arena *a, struct str category,
                                  struct str word);

/* The active custom fields of a category, copied into the arena; returns how many. */
size_t catalogue_custom_fields(const struct catalogue *c, struct arena *a, struct str category,
                               const struct custom_field **out);

/* All of them as a JSON array, inactive ones only when asked for. */
MUST_CHECK enum err CO_FN catalogue_store_categories(struct db_session *s, bool with_inactive,
                                                     int64_t *count, struct str *json);
MUST_CHECK enum err CO_FN catalogue_store_departments(struct db_session *s, bool with_inactive,
                                                      int64_t *count, struct str *json);

/* ERR_CONFLICT when the name is taken; ERR_NOT_FOUND when the department is unknown. */
MUST_CHECK enum err CO_FN catalogue_store_add_department(struct db_session *s, struct str name,
                                                         int64_t *id);
MUST_CHECK enum err CO_FN catalogue_store_add_category(struct db_session *s, struct category *c,
                                                       const struct str *sub_categories, size_t n);
