#include "store/view_store.h"

#include "arena.h"

#define COLS                                                                                       \
    "id, owner_id, name, query, sort, columns, shared_with, role, position, version, created_at, " \
    "updated_at"
#define COL_TYPES "iitttTttiizz"
#define VISIBLE(reader, roles)                                                                     \
    "(owner_id = " reader " OR shared_with = 'everybody' "                                         \
    "OR (shared_with = 'role' AND role = ANY (" roles ")))"

DB_READ(view_list, "iT", COL_TYPES,
        "SELECT " COLS " FROM ticket_view WHERE id IN ("
        "SELECT id FROM ticket_view WHERE owner_id = $1 UNION "
        "(SELECT id FROM ticket_view WHERE shared_with = 'everybody' ORDER BY id LIMIT 200) UNION "
        "(SELECT id FROM ticket_view WHERE shared_with = 'role' AND role = ANY ($2) "
        "ORDER BY id LIMIT 200)) ORDER BY owner_id <> $1, position, id");
DB_READ(view_by_id, "iiT", COL_TYPES,
        "SELECT " COLS " FROM ticket_view WHERE id = $1 AND " VISIBLE("$2", "$3"));
DB_WRITE(view_lock, "iiT", COL_TYPES,
         "SELECT " COLS " FROM ticket_view WHERE id = $1 AND " VISIBLE("$2", "$3") " FOR UPDATE");
/* One at a time for each owner, so that two requests do not both find room for the last one. */
DB_WRITE(view_owner_lock, "i", "b",
         "SELECT pg_advisory_xact_lock(hashtextextended('ticket_view', $1)) IS NULL");
DB_WRITE(view_insert, "itttTttizi", "ii",
         "INSERT INTO ticket_view (owner_id, name, query, sort, columns, shared_with, role, "
         "position, created_at, updated_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $9 "
         "WHERE (SELECT count(*) FROM ticket_view WHERE owner_id = $1) < $10 "
         "RETURNING id, version");
DB_WRITE(view_update, "itttTttiz", "i",
         "UPDATE ticket_view SET name = $2, query = $3, sort = $4, columns = $5, "
         "shared_with = $6, role = $7, position = $8, updated_at = $9, version = version + 1 "
         "WHERE id = $1 RETURNING version");
DB_WRITE(view_delete, "i", "", "DELETE FROM ticket_view WHERE id = $1");

static void from_row(const struct db_result *rows, size_t row, struct ticket_view_row *out)
{
    *out = (struct ticket_view_row){
        .id = db_get_int(rows, row, 0),
        .owner_id = db_get_int(rows, row, 1),
        .name = db_get_str(rows, row, 2),
        .query = db_get_str(rows, row, 3),
        .sort = db_get_str(rows, row, 4),
        .shared_with = db_get_str(rows, row, 6),
        .role = db_get_str(rows, row, 7),
        .position = db_get_int(rows, row, 8),
        .version = db_get_int(rows, row, 9),
        .created_at = db_get_time(rows, row, 10),
        .updated_at = db_get_time(rows, row, 11),
    };
    out->column_count = db_get_str_array(rows, row, 5, &out->columns);
}

enum err view_store_list(struct db_session *s, const struct view_reader *reader,
                         struct ticket_view_row **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &view_list, &rows, DB_INT(reader->id),
                           DB_STR_ARRAY(reader->roles, reader->role_count));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct ticket_view_row, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
    return ERR_OK;
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, int64_t id,
                               const struct view_reader *reader, struct ticket_view_row *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, DB_INT(id), DB_INT(reader->id),
                           DB_STR_ARRAY(reader->roles, reader->role_count));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

enum err view_store_by_id(struct db_session *s, int64_t id, const struct view_reader *reader,
                          struct ticket_view_row *out)
{
    return read_one(s, &view_by_id, id, reader, out);
}

enum err view_store_lock(struct db_session *s, int64_t id, const struct view_reader *reader,
                         struct ticket_view_row *out)
{
    return read_one(s, &view_lock, id, reader, out);
}

enum err view_store_add(struct db_session *s, struct ticket_view_row *v)
{
    struct db_result *rows;
    enum err rc = db_query(s, &view_owner_lock, NULL, DB_INT(v->owner_id));

    if (rc == ERR_OK)
        rc = db_query(s, &view_insert, &rows, DB_INT(v->owner_id), DB_STR(v->name),
                      DB_STR(v->query), DB_STR(v->sort), DB_STR_ARRAY(v->columns, v->column_count),
                      DB_STR(v->shared_with), DB_STR(v->role), DB_INT(v->position),
                      DB_TIME(v->created_at), DB_INT(VIEW_COUNT_MAX));
    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_CONFLICT;
    v->id = db_get_int(rows, 0, 0);
    v->version = db_get_int(rows, 0, 1);
    return ERR_OK;
}

enum err view_store_update(struct db_session *s, struct ticket_view_row *v)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, &view_update, &rows, DB_INT(v->id), DB_STR(v->name), DB_STR(v->query),
                 DB_STR(v->sort), DB_STR_ARRAY(v->columns, v->column_count), DB_STR(v->shared_with),
                 DB_STR(v->role), DB_INT(v->position), DB_TIME(v->updated_at));

    if (rc == ERR_OK)
        v->version = db_get_int(rows, 0, 0);
    return rc;
}

enum err view_store_delete(struct db_session *s, int64_t id)
{
    return db_query(s, &view_delete, NULL, DB_INT(id));
}

/* ---- counting ----------------------------------------------------------------------------- */

DB_READ(view_tally, "j", "i", "SELECT ticket_tally_count($1)");
DB_READ_LONG(view_count, "j", "i",
             "SELECT total FROM ticket_page($1, 'created_at', true, NULL, NULL, NULL, 0, 0, true)");

static enum err CO_FN count_with(struct db_session *s, const struct db_stmt *stmt,
                                 struct str filter, int64_t *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, DB_STR(filter));

    if (rc == ERR_OK)
        *out = db_get_int(rows, 0, 0);
    return rc;
}

enum err view_store_tally(struct db_session *s, struct str filter, int64_t *out)
{
    return count_with(s, &view_tally, filter, out);
}

enum err view_store_count(struct db_session *s, struct str filter, int64_t *out)
{
    return count_with(s, &view_count, filter, out);
}
