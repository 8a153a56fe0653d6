#include "store/upload_store.h"

DB_WRITE(upload_add,
         "tittiiti"
         "tttbzzi",
         "",
         "INSERT INTO media_upload (id, owner_id, filename, content_type, size, chunk_size, "
         "sha256, ticket_id, entity_type, entity_id, alt_text, is_public, created_at, expires_at) "
         "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 "
         "WHERE (SELECT count(*) FROM media_upload WHERE owner_id = $2 AND file_id IS NULL "
         "AND expires_at > $13) < $15");
DB_READ(upload_get, "tiz",
        "tittiiti"
        "tttbzzi",
        "SELECT id, owner_id, filename, content_type, size, chunk_size, sha256, ticket_id, "
        "entity_type, entity_id, alt_text, is_public, created_at, expires_at, file_id "
        "FROM media_upload WHERE id = $1 AND owner_id = $2 AND expires_at > $3");
DB_WRITE(upload_put_chunk, "tiz", "i",
         "WITH u AS (UPDATE media_upload SET expires_at = GREATEST(expires_at, $3) "
         "WHERE id = $1 AND file_id IS NULL RETURNING id), "
         "c AS (INSERT INTO media_chunk (upload_id, index) SELECT id, $2 FROM u "
         "ON CONFLICT DO NOTHING RETURNING 1) "
         "SELECT (SELECT count(*) FROM media_chunk WHERE upload_id = u.id) "
         "+ (SELECT count(*) FROM c) FROM u");
DB_READ(upload_missing, "tii", "Ii",
        "SELECT ARRAY(SELECT i FROM generate_series(0, $2::bigint - 1) i WHERE NOT EXISTS "
        "(SELECT 1 FROM media_chunk c WHERE c.upload_id = $1 AND c.index = i) ORDER BY i LIMIT "
        "$3), (SELECT count(*) FROM media_chunk WHERE upload_id = $1)");
DB_WRITE(upload_claim, "tzz", "",
         "UPDATE media_upload SET claimed_until = $3 WHERE id = $1 AND file_id IS NULL "
         "AND (claimed_until IS NULL OR claimed_until < $2)");
DB_WRITE(upload_unclaim, "t", "", "UPDATE media_upload SET claimed_until = NULL WHERE id = $1");
DB_WRITE(upload_lock, "t", "i", "SELECT file_id FROM media_upload WHERE id = $1 FOR UPDATE");
DB_WRITE(upload_finish, "ti", "",
         "WITH c AS (DELETE FROM media_chunk WHERE upload_id = $1) "
         "UPDATE media_upload SET file_id = $2, claimed_until = NULL WHERE id = $1");
DB_WRITE(upload_remove, "t", "", "DELETE FROM media_upload WHERE id = $1");
DB_WRITE_PLANNED(upload_expire, "z", "", "DELETE FROM media_upload WHERE expires_at < $1");
DB_READ(upload_orphans, "T", "t",
        "SELECT name FROM unnest($1::text[]) name WHERE NOT EXISTS "
        "(SELECT 1 FROM media_upload u WHERE u.id = name AND u.file_id IS NULL)");

enum err upload_store_add(struct db_session *s, const struct upload_plan *u, int64_t open_max)
{
    struct db_result *rows;
    enum err rc = db_query(
        s, &upload_add, &rows, DB_STR(u->id), DB_INT(u->owner_id), DB_STR(u->filename),
        DB_STR(u->content_type), DB_INT(u->size), DB_INT(u->chunk_size), DB_STR(u->sha256),
        DB_OPT_INT(u->ticket_id), DB_STR(u->entity_type), DB_STR(u->entity_id), DB_STR(u->alt_text),
        DB_BOOL(u->is_public), DB_TIME(u->created_at), DB_TIME(u->expires_at), DB_INT(open_max));

    if (rc)
        return rc;
    return db_affected(rows) > 0 ? ERR_OK : ERR_CONFLICT;
}

enum err upload_store_get(struct db_session *s, struct str id, int64_t owner_id, int64_t now,
                          struct upload_plan *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &upload_get, &rows, DB_STR(id), DB_INT(owner_id), DB_TIME(now));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    *out = (struct upload_plan){
        .id = db_get_str(rows, 0, 0),
        .owner_id = db_get_int(rows, 0, 1),
        .filename = db_get_str(rows, 0, 2),
        .content_type = db_get_str(rows, 0, 3),
        .size = db_get_int(rows, 0, 4),
        .chunk_size = db_get_int(rows, 0, 5),
        .sha256 = db_get_str(rows, 0, 6),
        .ticket_id = db_get_int(rows, 0, 7),
        .entity_type = db_get_str(rows, 0, 8),
        .entity_id = db_get_str(rows, 0, 9),
        .alt_text = db_get_str(rows, 0, 10),
        .is_public = db_get_bool(rows, 0, 11),
        .created_at = db_get_time(rows, 0, 12),
        .expires_at = db_get_time(rows, 0, 13),
        .file_id = db_get_int(rows, 0, 14),
    };
    return ERR_OK;
}

enum err upload_store_put_chunk(struct db_session *s, struct str id, int64_t index,
                                int64_t expires_at, int64_t *received)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, &upload_put_chunk, &rows, DB_STR(id), DB_INT(index), DB_TIME(expires_at));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    *received = db_get_int(rows, 0, 0);
    return ERR_OK;
}

enum err upload_store_missing(struct db_session *s, const struct upload_plan *u, int64_t limit,
                              const int64_t **missing, size_t *count, int64_t *received)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, &upload_missing, &rows, DB_STR(u->id), DB_INT(upload_chunks(u)), DB_INT(limit));

    if (rc)
        return rc;
    *count = db_get_int_array(rows, 0, 0, missing);
    *received = db_get_int(rows, 0, 1);
    return ERR_OK;
}

enum err upload_store_claim(struct db_session *s, struct str id, int64_t now, int64_t until,
                            bool *claimed)
{
    struct db_result *rows;
    enum err rc = db_query(s, &upload_claim, &rows, DB_STR(id), DB_TIME(now), DB_TIME(until));

    *claimed = rc == ERR_OK && db_affected(rows) > 0;
    return rc;
}

enum err upload_store_unclaim(struct db_session *s, struct str id)
{
    return db_query(s, &upload_unclaim, NULL, DB_STR(id));
}

enum err upload_store_lock(struct db_session *s, struct str id)
{
    struct db_result *rows;
    enum err rc = db_query(s, &upload_lock, &rows, DB_STR(id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    return db_is_null(rows, 0, 0) ? ERR_OK : ERR_CONFLICT;
}

enum err upload_store_finish(struct db_session *s, struct str id, int64_t file_id)
{
    return db_query(s, &upload_finish, NULL, DB_STR(id), DB_INT(file_id));
}

enum err upload_store_remove(struct db_session *s, struct str id)
{
    return db_query(s, &upload_remove, NULL, DB_STR(id));
}

enum err upload_store_expire(struct db_session *s, int64_t now)
{
    return db_query(s, &upload_expire, NULL, DB_TIME(now));
}

enum err upload_store_orphans(struct db_session *s, const struct str *names, size_t n,
                              const struct str **orphans, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &upload_orphans, &rows, DB_STR_ARRAY(names, n));
    struct str *found;

    if (rc)
        return rc;
    *count = db_rows(rows);
    found = ARENA_ARRAY(s->arena, struct str, *count + 1);
    for (size_t i = 0; i < *count; i++)
        found[i] = db_get_str(rows, i, 0);
    *orphans = found;
    return ERR_OK;
}
