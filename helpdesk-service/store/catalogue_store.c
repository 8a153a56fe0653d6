#include "store/catalogue_store.h"

#include <stdlib.h>

#include "arena.h"
#include "mem.h"
#include "store/catalogue_json.h"
#include "strmap.h"

struct catalogue {
    struct arena *arena;                                      /* owned; of the copy */
    struct strmap *categories, *departments, *sub_categories; /* owned; by lower-case name */
    struct custom_field *fields;                              /* active ones */
    size_t field_count;
};

DB_READ(catalogue_all_categories, "", "ittbb",
        "SELECT c.id, c.name, d.name, c.expects_workflow, c.needs_approval FROM category c "
        "LEFT JOIN department d ON d.id = c.department_id WHERE c.is_active");
DB_READ(catalogue_all_departments, "", "t", "SELECT name FROM department WHERE is_active");
DB_READ(catalogue_all_sub_categories, "", "tt",
        "SELECT c.name, s.name FROM sub_category s JOIN category c ON c.id = s.category_id "
        "WHERE s.is_active AND c.is_active");

/* ---- the copy ----------------------------------------------------------------------------- */

struct catalogue *catalogue_new(void)
{
    struct catalogue *c = MEM_NEW(struct catalogue);

    c->arena = arena_new();
    c->categories = strmap_new();
    c->departments = strmap_new();
    c->sub_categories = strmap_new();
    return c;
}

static void release(struct catalogue *c)
{
    strmap_free(c->categories);
    strmap_free(c->departments);
    strmap_free(c->sub_categories);
    arena_free(c->arena);
}

void catalogue_free(struct catalogue *c)
{
    if (!c)
        return;
    release(c);
    free(c);
}

static struct str sub_key(struct arena *a, struct str category, struct str name)
{
    return str_lower(a, str_printf(a, "%.*s\n%.*s", STR_ARG(category), STR_ARG(name)));
}

static void set_name(struct strmap *m, struct arena *a, struct str key, struct str name)
{
    struct str *value = ARENA_NEW(a, struct str);

    *value = str_dup(a, name);
    strmap_set(m, key, value);
}

static const struct str *copy_words(struct arena *a, const struct str *words, size_t n)
{
    struct str *out = ARENA_ARRAY(a, struct str, n + 1);

    for (size_t i = 0; i < n; i++)
        out[i] = str_dup(a, words[i]);
    return out;
}

static void copy_field(struct arena *a, const struct custom_field *f, struct custom_field *out)
{
    *out = *f;
    out->key = str_dup(a, f->key);
    out->label = str_dup(a, f->label);
    out->choices = copy_words(a, f->choices, f->choice_count);
    out->categories = copy_words(a, f->categories, f->category_count);
}

static enum err CO_FN load_fields(struct catalogue *c, struct db_session *s)
{
    struct custom_field *fields;
    size_t count;
    enum err rc = custom_field_store_all(s, &fields, &count);

    if (rc)
        return rc;
    c->fields = ARENA_ARRAY(c->arena, struct custom_field, count + 1);
    for (size_t i = 0; i < count; i++)
        if (fields[i].is_active)
            copy_field(c->arena, &fields[i], &c->fields[c->field_count++]);
    return ERR_OK;
}

static enum err CO_FN load(struct catalogue *c, struct db_session *s)
{
    struct db_result *categories, *departments, *subs;
    enum err rc = db_query(s, &catalogue_all_categories, &categories);

    if (rc == ERR_OK)
        rc = db_query(s, &catalogue_all_departments, &departments);
    if (rc == ERR_OK)
        rc = db_query(s, &catalogue_all_sub_categories, &subs);
    if (rc)
        return rc;
    for (size_t i = 0; i < db_rows(categories); i++) {
        struct category *category = ARENA_NEW(c->arena, struct category);

        category->id = db_get_int(categories, i, 0);
        category->name = str_dup(c->arena, db_get_str(categories, i, 1));
        category->department = str_dup(c->arena, db_get_str(categories, i, 2));
        category->expects_workflow = db_get_bool(categories, i, 3);
        category->needs_approval = db_get_bool(categories, i, 4);
        strmap_set(c->categories, str_lower(s->arena, category->name), category);
    }
    for (size_t i = 0; i < db_rows(departments); i++) {
        struct str name = db_get_str(departments, i, 0);

        set_name(c->departments, c->arena, str_lower(s->arena, name), name);
    }
    for (size_t i = 0; i < db_rows(subs); i++) {
        struct str name = db_get_str(subs, i, 1);

        set_name(c->sub_categories, c->arena, sub_key(s->arena, db_get_str(subs, i, 0), name),
                 name);
    }
    return ERR_OK;
}

enum err catalogue_refresh(struct catalogue *c, struct db *db)
{
    struct arena *a = arena_new();
    struct catalogue *next = catalogue_new();
    struct db_session s;
    enum err rc;

    db_session_init(&s, db, a);
    rc = load(next, &s);
    if (rc == ERR_OK)
        rc = load_fields(next, &s);
    if (rc == ERR_OK) {
        struct catalogue old = *c;

        *c = *next;
        *next = old;
    }
    catalogue_free(next);
    arena_free(a);
    return rc;
}

bool catalogue_category(const struct catalogue *c, struct arena *a, struct str word,
                        struct category *out)
{
    const struct category *found = strmap_get(c->categories, str_lower(a, word));

    if (!found)
        return false;
    *out = *found;
    out->name = str_dup(a, found->name);
    out->department = str_dup(a, found->department);
    return true;
}

struct str catalogue_department(const struct catalogue *c, struct arena *a, struct str word)
{
    const struct str *found = strmap_get(c->departments, str_lower(a, word));

    return found ? str_dup(a, *found) : STR_NULL;
}

struct str catalogue_sub_category(const struct catalogue *c, struct arena *a, struct str category,
                                  struct str word)
{
    const struct str *found = strmap_get(c->sub_categories, sub_key(a, category, word));

    return found ? str_dup(a, *found) : STR_NULL;
}

static bool belongs_to(const struct custom_field *f, struct str category)
{
    for (size_t i = 0; i < f->category_count; i++)
        if (str_ieq(f->categories[i], category))
            return true;
    return f->category_count == 0;
}

size_t catalogue_custom_fields(const struct catalogue *c, struct arena *a, struct str category,
                               const struct custom_field **out)
{
    struct custom_field *fields = ARENA_ARRAY(a, struct custom_field, c->field_count + 1);
    size_t n = 0;

    for (size_t i = 0; i < c->field_count; i++)
        if (belongs_to(&c->fields[i], category))
            copy_field(a, &c->fields[i], &fields[n++]);
    *out = fields;
    return n;
}

/* ---- lists and changes -------------------------------------------------------------------- */

DB_READ(catalogue_categories, "b", "it",
        "SELECT count(*), COALESCE(json_agg(" CATEGORY_JSON("$1") " ORDER BY c.id), '[]')::text "
                                                                  "FROM " CATEGORY_SOURCE
                                                                  " WHERE c.is_active OR $1");
DB_READ(catalogue_departments, "b", "it",
        "SELECT count(*), COALESCE(json_agg(" DEPARTMENT_JSON " ORDER BY id), '[]')::text "
        "FROM department WHERE is_active OR $1");

static enum err CO_FN json_list(struct db_session *s, const struct db_stmt *stmt,
                                bool with_inactive, int64_t *count, struct str *json)
{
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, DB_BOOL(with_inactive));

    if (rc)
        return rc;
    *count = db_get_int(rows, 0, 0);
    *json = db_get_str(rows, 0, 1);
    return ERR_OK;
}

enum err catalogue_store_categories(struct db_session *s, bool with_inactive, int64_t *count,
                                    struct str *json)
{
    return json_list(s, &catalogue_categories, with_inactive, count, json);
}

enum err catalogue_store_departments(struct db_session *s, bool with_inactive, int64_t *count,
                                     struct str *json)
{
    return json_list(s, &catalogue_departments, with_inactive, count, json);
}

DB_WRITE(department_insert, "t", "i", "INSERT INTO department (name) VALUES ($1) RETURNING id");
DB_WRITE(category_insert, "ttbTb", "i",
         "WITH c AS (INSERT INTO category (name, department_id, expects_workflow, needs_approval) "
         "SELECT $1, d.id, $3, $5 FROM (SELECT 1) one LEFT JOIN department d "
         "ON lower(d.name) = lower($2) WHERE $2 IS NULL OR d.id IS NOT NULL RETURNING id), "
         "s AS (INSERT INTO sub_category (category_id, name) "
         "SELECT c.id, u.name FROM c, unnest($4) AS u (name)) SELECT id FROM c");

enum err catalogue_store_add_department(struct db_session *s, struct str name, int64_t *id)
{
    struct db_result *rows;
    enum err rc = db_query(s, &department_insert, &rows, DB_STR(name));

    if (rc == ERR_OK)
        *id = db_get_int(rows, 0, 0);
    return rc;
}

enum err catalogue_store_add_category(struct db_session *s, struct category *c,
                                      const struct str *sub_categories, size_t n)
{
    struct db_result *rows;
    enum err rc = db_query(s, &category_insert, &rows, DB_STR(c->name), DB_STR(c->department),
                           DB_BOOL(c->expects_workflow), DB_STR_ARRAY(sub_categories, n),
                           DB_BOOL(c->needs_approval));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    c->id = db_get_int(rows, 0, 0);
    return ERR_OK;
}
