#include "store/catalogue_edit_store.h"

#include "json.h"
#include "store/catalogue_json.h"

DB_READ(category_read, "ib", "iitt",
        "SELECT c.id, c.version, c.name, " CATEGORY_JSON(
            "$2") "::text FROM " CATEGORY_SOURCE " WHERE c.id = $1 AND (c.is_active OR $2)");
DB_READ(department_read, "ib", "iitt",
        "SELECT id, version, name, " DEPARTMENT_JSON "::text FROM department "
        "WHERE id = $1 AND (is_active OR $2)");
DB_WRITE(category_lock, "i", "iit",
         "SELECT id, version, name FROM category WHERE id = $1 FOR UPDATE");
DB_WRITE(department_lock, "i", "iit",
         "SELECT id, version, name FROM department WHERE id = $1 FOR UPDATE");

enum err catalogue_edit_read(struct db_session *s, enum catalogue_kind kind, int64_t id,
                             bool with_inactive, struct catalogue_entry *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, kind == CATALOGUE_CATEGORY ? &category_read : &department_read, &rows,
                           DB_INT(id), DB_BOOL(with_inactive));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    *out = (struct catalogue_entry){db_get_int(rows, 0, 0), db_get_int(rows, 0, 1),
                                    db_get_str(rows, 0, 2), db_get_str(rows, 0, 3)};
    return ERR_OK;
}

enum err catalogue_edit_lock(struct db_session *s, enum catalogue_kind kind, int64_t id,
                             struct catalogue_entry *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, kind == CATALOGUE_CATEGORY ? &category_lock : &department_lock, &rows,
                           DB_INT(id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    *out = (struct catalogue_entry){.id = db_get_int(rows, 0, 0),
                                    .version = db_get_int(rows, 0, 1),
                                    .name = db_get_str(rows, 0, 2)};
    return ERR_OK;
}

/* ---- categories and departments ----------------------------------------------------------- */

DB_WRITE(category_update, "ittbbb", "",
         "UPDATE category c SET name = COALESCE($2, name), department_id = CASE WHEN $3 IS NULL "
         "THEN department_id WHEN $3 = '' THEN NULL ELSE (SELECT d.id FROM department d "
         "WHERE lower(d.name) = lower($3)) END, expects_workflow = COALESCE($4, expects_workflow), "
         "needs_approval = COALESCE($5, needs_approval), is_active = COALESCE($6, is_active), "
         "version = version + 1 WHERE c.id = $1 AND ($3 IS NULL OR $3 = '' OR EXISTS "
         "(SELECT 1 FROM department d WHERE lower(d.name) = lower($3)))");
DB_WRITE(department_update, "itb", "",
         "UPDATE department SET name = COALESCE($2, name), is_active = COALESCE($3, is_active), "
         "version = version + 1 WHERE id = $1");
DB_WRITE(category_delete, "it", "",
         "WITH unused AS (SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM ticket WHERE category = $2)), "
         "s AS (DELETE FROM sub_category WHERE category_id = $1 AND EXISTS (SELECT 1 FROM unused)) "
         "DELETE FROM category WHERE id = $1 AND EXISTS (SELECT 1 FROM unused)");
DB_WRITE(department_delete, "it", "",
         "DELETE FROM department WHERE id = $1 "
         "AND NOT EXISTS (SELECT 1 FROM ticket WHERE department = $2) "
         "AND NOT EXISTS (SELECT 1 FROM category WHERE department_id = $1)");

static struct db_value tristate(int8_t v)
{
    return v == JSON_UNSET ? DB_NULL : DB_BOOL(v == JSON_TRUE);
}

enum err catalogue_edit_update(struct db_session *s, enum catalogue_kind kind, int64_t id,
                               const struct catalogue_change *c)
{
    struct db_result *rows;
    enum err rc;

    if (kind == CATALOGUE_CATEGORY)
        rc = db_query(s, &category_update, &rows, DB_INT(id), DB_STR(c->name),
                      DB_STR(c->department), tristate(c->expects_workflow),
                      tristate(c->needs_approval), tristate(c->is_active));
    else
        rc = db_query(s, &department_update, &rows, DB_INT(id), DB_STR(c->name),
                      tristate(c->is_active));
    if (rc)
        return rc;
    return db_affected(rows) > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err catalogue_edit_delete(struct db_session *s, enum catalogue_kind kind,
                               const struct catalogue_entry *e)
{
    struct db_result *rows;
    enum err rc = db_query(s, kind == CATALOGUE_CATEGORY ? &category_delete : &department_delete,
                           &rows, DB_INT(e->id), DB_STR(e->name));

    if (rc)
        return rc;
    return db_affected(rows) > 0 ? ERR_OK : ERR_CONFLICT;
}

/* ---- sub-categories ----------------------------------------------------------------------- */

#define TOUCH "c AS (UPDATE category SET version = version + 1 WHERE id = $1)"

DB_WRITE(sub_category_insert, "it", "i",
         "WITH " TOUCH
         " INSERT INTO sub_category (category_id, name) VALUES ($1, $2) RETURNING id");
DB_READ(sub_category_by_id, "ii", "itb",
        "SELECT id, name, is_active FROM sub_category WHERE category_id = $1 AND id = $2");
DB_WRITE(sub_category_update_one, "iitb", "",
         "WITH " TOUCH " UPDATE sub_category SET name = $3, is_active = $4 WHERE id = $2");
DB_WRITE(
    sub_category_delete_one, "iitt", "i",
    "WITH gone AS (DELETE FROM sub_category WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM ticket "
    "WHERE category = $3 AND sub_category = $4) RETURNING id), "
    "c AS (UPDATE category SET version = version + 1 WHERE id = $1 "
    "AND EXISTS (SELECT 1 FROM gone)) SELECT id FROM gone");

enum err sub_category_add(struct db_session *s, int64_t category_id, struct sub_category *sub)
{
    struct db_result *rows;
    enum err rc = db_query(s, &sub_category_insert, &rows, DB_INT(category_id), DB_STR(sub->name));

    if (rc)
        return rc;
    sub->id = db_get_int(rows, 0, 0);
    sub->is_active = true;
    return ERR_OK;
}

enum err sub_category_read(struct db_session *s, int64_t category_id, int64_t id,
                           struct sub_category *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &sub_category_by_id, &rows, DB_INT(category_id), DB_INT(id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    *out = (struct sub_category){db_get_int(rows, 0, 0), db_get_str(rows, 0, 1),
                                 db_get_bool(rows, 0, 2)};
    return ERR_OK;
}

enum err sub_category_update(struct db_session *s, int64_t category_id,
                             const struct sub_category *sub)
{
    return db_query(s, &sub_category_update_one, NULL, DB_INT(category_id), DB_INT(sub->id),
                    DB_STR(sub->name), DB_BOOL(sub->is_active));
}

enum err sub_category_delete(struct db_session *s, const struct catalogue_entry *c,
                             const struct sub_category *sub)
{
    struct db_result *rows;
    enum err rc = db_query(s, &sub_category_delete_one, &rows, DB_INT(c->id), DB_INT(sub->id),
                           DB_STR(c->name), DB_STR(sub->name));

    if (rc)
        return rc;
    return db_rows(rows) > 0 ? ERR_OK : ERR_CONFLICT;
}
