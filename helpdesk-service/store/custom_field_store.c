#include "store/custom_field_store.h"

#include "arena.h"

static const char *const KINDS[CUSTOM_KIND_COUNT] = {
    "text", "number", "boolean", "date", "choice", "multi_choice", "user",
};

const char *custom_kind_word(enum custom_kind k)
{
    return KINDS[k];
}

enum custom_kind custom_kind_parse(struct str word)
{
    enum custom_kind k = CUSTOM_TEXT;

    while (k < CUSTOM_KIND_COUNT && !str_eq(word, str_from(KINDS[k])))
        k++;
    return k;
}

#define COL_TYPES "iitttTTbb"
#define SELECT                                                                                     \
    "SELECT f.id, f.version, f.key, f.label, f.kind::text, f.choices, "                            \
    "ARRAY(SELECT c.name FROM custom_field_category x JOIN category c ON c.id = x.category_id "    \
    "WHERE x.field_id = f.id ORDER BY c.name), f.is_required, f.is_active FROM custom_field f "

DB_READ(custom_field_all, "", COL_TYPES, SELECT "ORDER BY f.key");
DB_READ(custom_field_by_id, "i", COL_TYPES, SELECT "WHERE f.id = $1");
DB_WRITE(custom_field_lock, "i", COL_TYPES, SELECT "WHERE f.id = $1 FOR UPDATE OF f");

static void from_row(const struct db_result *rows, size_t row, struct custom_field *out)
{
    *out = (struct custom_field){
        .id = db_get_int(rows, row, 0),
        .version = db_get_int(rows, row, 1),
        .key = db_get_str(rows, row, 2),
        .label = db_get_str(rows, row, 3),
        .kind = custom_kind_parse(db_get_str(rows, row, 4)),
        .is_required = db_get_bool(rows, row, 7),
        .is_active = db_get_bool(rows, row, 8),
    };
    out->choice_count = db_get_str_array(rows, row, 5, &out->choices);
    out->category_count = db_get_str_array(rows, row, 6, &out->categories);
}

enum err custom_field_store_all(struct db_session *s, struct custom_field **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &custom_field_all, &rows);

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct custom_field, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
    return ERR_OK;
}

static enum err CO_FN one(struct db_session *s, const struct db_stmt *stmt, int64_t id,
                          struct custom_field *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, DB_INT(id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

enum err custom_field_store_by_id(struct db_session *s, int64_t id, struct custom_field *out)
{
    return one(s, &custom_field_by_id, id, out);
}

enum err custom_field_store_lock(struct db_session *s, int64_t id, struct custom_field *out)
{
    return one(s, &custom_field_lock, id, out);
}

/* ---- changing ----------------------------------------------------------------------------- */

DB_WRITE(custom_field_insert, "tttTbb", "i",
         "INSERT INTO custom_field (key, label, kind, choices, is_required, is_active) "
         "VALUES ($1, $2, $3::custom_field_kind, $4, $5, $6) RETURNING id");
DB_WRITE(custom_field_update, "itTbb", "",
         "UPDATE custom_field SET label = $2, choices = $3, is_required = $4, is_active = $5, "
         "version = version + 1 WHERE id = $1");
DB_WRITE(custom_field_categories, "iT", "",
         "WITH wanted AS (SELECT id FROM category WHERE lower(name) IN "
         "(SELECT lower(u.name) FROM unnest($2) AS u (name))), "
         "gone AS (DELETE FROM custom_field_category WHERE field_id = $1 "
         "AND category_id NOT IN (SELECT id FROM wanted)) "
         "INSERT INTO custom_field_category (field_id, category_id) "
         "SELECT $1, id FROM wanted ON CONFLICT DO NOTHING");
DB_READ(custom_field_unknown_categories, "T", "i",
        "SELECT count(*) FROM unnest($1) AS u (name) "
        "WHERE NOT EXISTS (SELECT 1 FROM category WHERE lower(category.name) = lower(u.name))");
DB_WRITE(custom_field_delete, "i", "", "DELETE FROM custom_field WHERE id = $1");

static enum err CO_FN set_categories(struct db_session *s, const struct custom_field *f)
{
    struct db_result *rows;
    enum err rc = db_query(s, &custom_field_unknown_categories, &rows,
                           DB_STR_ARRAY(f->categories, f->category_count));

    if (rc)
        return rc;
    if (db_get_int(rows, 0, 0) > 0)
        return ERR_NOT_FOUND;
    return db_query(s, &custom_field_categories, NULL, DB_INT(f->id),
                    DB_STR_ARRAY(f->categories, f->category_count));
}

enum err custom_field_store_add(struct db_session *s, struct custom_field *f)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, &custom_field_insert, &rows, DB_STR(f->key), DB_STR(f->label),
                 DB_STR(str_from(KINDS[f->kind])), DB_STR_ARRAY(f->choices, f->choice_count),
                 DB_BOOL(f->is_required), DB_BOOL(f->is_active));

    if (rc)
        return rc;
    f->id = db_get_int(rows, 0, 0);
    f->version = 1;
    return set_categories(s, f);
}

enum err custom_field_store_update(struct db_session *s, struct custom_field *f)
{
    enum err rc = db_query(s, &custom_field_update, NULL, DB_INT(f->id), DB_STR(f->label),
                           DB_STR_ARRAY(f->choices, f->choice_count), DB_BOOL(f->is_required),
                           DB_BOOL(f->is_active));

    if (rc)
        return rc;
    f->version++;
    return set_categories(s, f);
}

enum err custom_field_store_delete(struct db_session *s, int64_t id)
{
    return db_query(s, &custom_field_delete, NULL, DB_INT(id));
}
