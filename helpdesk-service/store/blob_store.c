#include "store/blob_store.h"

DB_WRITE(blob_announce, "tiz", "",
         "INSERT INTO media_blob (sha256, size, unused_since) VALUES ($1, $2, $3) "
         "ON CONFLICT (sha256) DO UPDATE SET unused_since = EXCLUDED.unused_since");
DB_WRITE_PLANNED(blob_clear_used, "z", "",
                 "UPDATE media_blob b SET unused_since = NULL WHERE b.unused_since < $1 "
                 "AND EXISTS (SELECT 1 FROM media_file f WHERE f.sha256 = b.sha256)");
DB_READ(blob_unused, "zi", "t",
        "SELECT sha256 FROM media_blob WHERE unused_since < $1 ORDER BY unused_since LIMIT $2");
DB_WRITE(blob_remove, "tz", "",
         "DELETE FROM media_blob b WHERE b.sha256 = $1 AND b.unused_since < $2 "
         "AND NOT EXISTS (SELECT 1 FROM media_file f WHERE f.sha256 = b.sha256)");

/* deploy/tools/backup holds it for itself while it copies files. */
DB_WRITE(blob_removal_lock, "", "b",
         "SELECT pg_try_advisory_xact_lock_shared(hashtextextended('media-removal', 0))");

enum err blob_store_may_remove(struct db_session *s, bool *may)
{
    struct db_result *rows;
    enum err rc = db_query(s, &blob_removal_lock, &rows);

    *may = rc == ERR_OK && db_get_bool(rows, 0, 0);
    return rc;
}

enum err blob_store_announce(struct db_session *s, struct str sha256, int64_t size, int64_t at)
{
    return db_query(s, &blob_announce, NULL, DB_STR(sha256), DB_INT(size), DB_TIME(at));
}

enum err blob_store_clear_used(struct db_session *s, int64_t before)
{
    return db_query(s, &blob_clear_used, NULL, DB_TIME(before));
}

enum err blob_store_unused(struct db_session *s, int64_t before, int64_t limit,
                           const struct str **sha256, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &blob_unused, &rows, DB_TIME(before), DB_INT(limit));
    struct str *names;

    if (rc)
        return rc;
    *count = db_rows(rows);
    names = ARENA_ARRAY(s->arena, struct str, *count + 1);
    for (size_t i = 0; i < *count; i++)
        names[i] = db_get_str(rows, i, 0);
    *sha256 = names;
    return ERR_OK;
}

enum err blob_store_remove(struct db_session *s, struct str sha256, int64_t before, bool *removed)
{
    struct db_result *rows;
    enum err rc = db_query(s, &blob_remove, &rows, DB_STR(sha256), DB_TIME(before));

    *removed = false;
    /* A file of this content was added while this waited for the row. */
    if (rc == ERR_NOT_FOUND)
        return ERR_CONFLICT;
    if (rc == ERR_OK)
        *removed = db_affected(rows) > 0;
    return rc;
}
