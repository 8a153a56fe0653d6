#include "store/kb_category_store.h"

#include "arena.h"
#include "store/kb_reader.h"

#define COLS "c.id, c.parent_id, c.name, c.description, c.position, c.version"
#define COL_TYPES "iittii"

DB_READ(kb_category_all, "bT", COL_TYPES "i",
        "WITH n AS (SELECT category_id, sum(n)::bigint AS n FROM kb_tally "
        "WHERE visibility = ANY ($2::kb_visibility[]) AND n > 0 GROUP BY category_id) "
        "SELECT " COLS ", COALESCE(n.n, 0) FROM kb_category c "
        "LEFT JOIN n ON n.category_id = c.id "
        "LEFT JOIN kb_category p ON p.id = c.parent_id "
        "WHERE $1 OR n.n > 0 OR c.id IN (SELECT x.parent_id FROM kb_category x "
        "JOIN n ON n.category_id = x.id) "
        "ORDER BY COALESCE(p.position, c.position), COALESCE(p.name, c.name), "
        "COALESCE(p.id, c.id), c.parent_id IS NOT NULL, c.position, c.name");
DB_WRITE(kb_category_turn, "", "n",
         "SELECT 1 FROM (SELECT pg_advisory_xact_lock(hashtext(current_schema()), "
         "hashtext('kb_category'))) l");
DB_WRITE(kb_category_lock, "i", COL_TYPES,
         "SELECT " COLS " FROM kb_category c WHERE c.id = $1 FOR UPDATE");
DB_WRITE(kb_category_parent, "i", "b",
         "SELECT parent_id IS NULL FROM kb_category WHERE id = $1 FOR KEY SHARE");
DB_READ(kb_category_children, "i", "b",
        "SELECT EXISTS (SELECT 1 FROM kb_category WHERE parent_id = $1)");
DB_WRITE(kb_category_insert, "itti", "i",
         "INSERT INTO kb_category (parent_id, name, description, position) "
         "VALUES ($1, $2, $3, $4) RETURNING id");
DB_WRITE(kb_category_update, "iitti", "",
         "UPDATE kb_category SET parent_id = $2, name = $3, description = $4, position = $5, "
         "version = version + 1 WHERE id = $1");
DB_WRITE(kb_category_delete, "i", "",
         "DELETE FROM kb_category c WHERE c.id = $1 "
         "AND NOT EXISTS (SELECT 1 FROM kb_category x WHERE x.parent_id = $1) "
         "AND NOT EXISTS (SELECT 1 FROM kb_article a WHERE a.category_id = $1)");

static void from_row(const struct db_result *rows, size_t row, struct kb_category *out)
{
    *out = (struct kb_category){
        .id = db_get_int(rows, row, 0),
        .parent_id = db_get_int(rows, row, 1),
        .name = db_get_str(rows, row, 2),
        .description = db_get_str(rows, row, 3),
        .position = db_get_int(rows, row, 4),
        .version = db_get_int(rows, row, 5),
    };
}

enum err kb_category_store_all(struct db_session *s, struct kb_reader reader,
                               struct kb_category **out, size_t *count)
{
    struct str seen[KB_VISIBILITY_COUNT];
    struct db_result *rows;
    enum err rc = db_query(s, &kb_category_all, &rows, DB_BOOL(reader.is_editor),
                           DB_STR_ARRAY(seen, kb_reader_words(reader, seen)));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct kb_category, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        from_row(rows, i, &(*out)[i]);
        (*out)[i].article_count = db_get_int(rows, i, 6);
    }
    return ERR_OK;
}

enum err kb_category_store_take_turn(struct db_session *s)
{
    return db_query(s, &kb_category_turn, NULL);
}

enum err kb_category_store_lock(struct db_session *s, int64_t id, struct kb_category *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_category_lock, &rows, DB_INT(id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

enum err kb_category_store_check_parent(struct db_session *s, int64_t parent_id)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_category_parent, &rows, DB_INT(parent_id));

    if (rc)
        return rc;
    return db_rows(rows) > 0 && db_get_bool(rows, 0, 0) ? ERR_OK : ERR_NOT_FOUND;
}

enum err kb_category_store_has_children(struct db_session *s, int64_t id, bool *has)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_category_children, &rows, DB_INT(id));

    if (rc == ERR_OK)
        *has = db_get_bool(rows, 0, 0);
    return rc;
}

enum err kb_category_store_add(struct db_session *s, struct kb_category *c)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_category_insert, &rows, DB_OPT_INT(c->parent_id), DB_STR(c->name),
                           DB_STR(c->description), DB_INT(c->position));

    if (rc)
        return rc;
    c->id = db_get_int(rows, 0, 0);
    c->version = 1;
    return ERR_OK;
}

enum err kb_category_store_update(struct db_session *s, struct kb_category *c)
{
    c->version++;
    return db_query(s, &kb_category_update, NULL, DB_INT(c->id), DB_OPT_INT(c->parent_id),
                    DB_STR(c->name), DB_STR(c->description), DB_INT(c->position));
}

enum err kb_category_store_delete(struct db_session *s, int64_t id)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_category_delete, &rows, DB_INT(id));

    /* An article or child that another transaction has just brought is refused by its key. */
    if (rc == ERR_NOT_FOUND)
        return ERR_CONFLICT;
    if (rc)
        return rc;
    return db_affected(rows) > 0 ? ERR_OK : ERR_CONFLICT;
}
