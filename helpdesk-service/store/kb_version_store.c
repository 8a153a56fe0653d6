#include "store/kb_version_store.h"

#include "arena.h"

#define COLS(body)                                                                                 \
    "number, title, summary, " body ", tags, note, author_id, author_name, created_at"
#define COL_TYPES "itttTtitz"

DB_READ(
    kb_version_page, "iiii", COL_TYPES,
    "SELECT " COLS(
        "NULL::text") " FROM kb_version WHERE article_id = $1 "
                      "AND ($2 IS NULL OR number < $2) ORDER BY number DESC OFFSET $3 LIMIT $4");
DB_READ(kb_version_one, "ii", COL_TYPES,
        "SELECT " COLS("body") " FROM kb_version WHERE article_id = $1 AND number = $2");

static void from_row(const struct db_result *rows, size_t row, struct kb_version *out)
{
    *out = (struct kb_version){
        .number = db_get_int(rows, row, 0),
        .title = db_get_str(rows, row, 1),
        .summary = db_get_str(rows, row, 2),
        .body = db_get_str(rows, row, 3),
        .note = db_get_str(rows, row, 5),
        .author_id = db_get_int(rows, row, 6),
        .author_name = db_get_str(rows, row, 7),
        .created_at = db_get_time(rows, row, 8),
    };
    out->tag_count = db_get_str_array(rows, row, 4, &out->tags);
}

enum err kb_version_store_page(struct db_session *s, int64_t article_id, int64_t before_number,
                               int64_t skip, int64_t limit, struct kb_version **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_version_page, &rows, DB_INT(article_id),
                           DB_OPT_INT(before_number), DB_INT(skip), DB_INT(limit));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct kb_version, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
    return ERR_OK;
}

enum err kb_version_store_read(struct db_session *s, int64_t article_id, int64_t number,
                               struct kb_version *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_version_one, &rows, DB_INT(article_id), DB_INT(number));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}
