#include "store/attachment_store.h"

#include "arena.h"

#define COLS                                                                                       \
    "id, ticket_id, filename, url, content_type, size, sha256, uploader_id, uploader_name, "       \
    "uploaded_at"
#define COL_TYPES                                                                                  \
    "iitttitit"                                                                                    \
    "z"

DB_READ(attachment_list, "i", COL_TYPES,
        "SELECT " COLS " FROM ticket_attachment WHERE ticket_id = $1 ORDER BY id");
DB_READ(attachment_by_id, "ii", COL_TYPES,
        "SELECT " COLS " FROM ticket_attachment WHERE ticket_id = $1 AND id = $2");
DB_READ(attachment_by_name, "it", COL_TYPES,
        "SELECT " COLS " FROM ticket_attachment WHERE ticket_id = $1 AND filename = $2");
DB_WRITE(attachment_usage, "i", "iT",
         "SELECT COALESCE(sum(size), 0)::bigint, array_agg(filename) FROM ticket_attachment "
         "WHERE ticket_id = $1");
DB_WRITE(attachment_insert,
         "itttit"
         "itzi",
         "i",
         "WITH t AS (UPDATE ticket SET version = $10, updated_at = $9 WHERE id = $1), "
         "h AS (INSERT INTO ticket_history (ticket_id, field_name, new_value, changed_by, "
         "changed_by_name, changed_at) VALUES ($1, 'attachment', $2, $7, $8, $9)) "
         "INSERT INTO ticket_attachment (ticket_id, filename, url, content_type, size, sha256, "
         "uploader_id, uploader_name, uploaded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
         "RETURNING id");

static void from_row(const struct db_result *rows, size_t row, struct attachment *out)
{
    *out = (struct attachment){
        .id = db_get_int(rows, row, 0),
        .ticket_id = db_get_int(rows, row, 1),
        .filename = db_get_str(rows, row, 2),
        .url = db_get_str(rows, row, 3),
        .content_type = db_get_str(rows, row, 4),
        .size = db_get_int(rows, row, 5),
        .sha256 = db_get_str(rows, row, 6),
        .uploader_id = db_get_int(rows, row, 7),
        .uploader_name = db_get_str(rows, row, 8),
        .uploaded_at = db_get_time(rows, row, 9),
    };
}

enum err attachment_store_list(struct db_session *s, int64_t ticket_id, struct attachment **out,
                               size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &attachment_list, &rows, DB_INT(ticket_id));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct attachment, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
    return ERR_OK;
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, int64_t ticket_id,
                               struct db_value key, struct attachment *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, stmt, &rows, DB_INT(ticket_id), key);

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

enum err attachment_store_by_id(struct db_session *s, int64_t ticket_id, int64_t id,
                                struct attachment *out)
{
    return read_one(s, &attachment_by_id, ticket_id, DB_INT(id), out);
}

enum err attachment_store_by_name(struct db_session *s, int64_t ticket_id, struct str filename,
                                  struct attachment *out)
{
    return read_one(s, &attachment_by_name, ticket_id, DB_STR(filename), out);
}

enum err attachment_store_usage(struct db_session *s, int64_t ticket_id, int64_t *bytes,
                                const struct str **names, size_t *name_count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &attachment_usage, &rows, DB_INT(ticket_id));

    if (rc)
        return rc;
    *bytes = db_get_int(rows, 0, 0);
    *name_count = db_get_str_array(rows, 0, 1, names);
    return ERR_OK;
}

enum err attachment_store_add(struct db_session *s, struct ticket *t, struct attachment *a,
                              const struct cause *c)
{
    struct db_result *rows;
    enum err rc = db_query(s, &attachment_insert, &rows, DB_INT(t->id), DB_STR(a->filename),
                           DB_STR(a->url), DB_STR(a->content_type), DB_INT(a->size),
                           DB_STR(a->sha256), DB_OPT_INT(c->actor_id), DB_STR(c->actor_name),
                           DB_TIME(c->now), DB_INT(t->version + 1));

    if (rc)
        return rc;
    t->version++;
    t->updated_at = c->now;
    a->id = db_get_int(rows, 0, 0);
    a->ticket_id = t->id;
    a->uploader_id = c->actor_id;
    a->uploader_name = c->actor_name;
    a->uploaded_at = c->now;
    return ERR_OK;
}
