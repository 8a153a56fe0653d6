#include "store/kb_vote_store.h"

#include "arena.h"

#define COLS "user_id, user_name, helpful, comment, voted_at"
#define COL_TYPES "itbtz"

DB_WRITE(kb_vote_put, "iitbtz", "",
         "INSERT INTO kb_vote (article_id, user_id, user_name, helpful, comment, voted_at) "
         "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (article_id, user_id) DO UPDATE SET "
         "user_name = EXCLUDED.user_name, helpful = EXCLUDED.helpful, comment = EXCLUDED.comment, "
         "voted_at = EXCLUDED.voted_at");
DB_WRITE(kb_vote_remove, "ii", "", "DELETE FROM kb_vote WHERE article_id = $1 AND user_id = $2");
DB_READ(kb_vote_one, "ii", COL_TYPES,
        "SELECT " COLS " FROM kb_vote WHERE article_id = $1 AND user_id = $2");
DB_READ(kb_vote_page, "iiii", COL_TYPES,
        "SELECT " COLS " FROM kb_vote WHERE article_id = $1 AND ($2 IS NULL OR user_id > $2) "
        "ORDER BY user_id OFFSET $3 LIMIT $4");
/* Locked in the order of the ids, as every process does: none waits for another in a circle. */
DB_WRITE(kb_view_add, "II", "",
         "WITH u AS (SELECT u.id, u.n FROM unnest($1, $2) AS u (id, n)), "
         "l AS MATERIALIZED (SELECT c.article_id, u.n FROM kb_stat c JOIN u ON u.id = c.article_id "
         "ORDER BY c.article_id FOR UPDATE OF c) "
         "UPDATE kb_stat SET views = views + l.n FROM l WHERE kb_stat.article_id = l.article_id");

enum err kb_vote_store_put(struct db_session *s, int64_t article_id, const struct kb_vote *v)
{
    return db_query(s, &kb_vote_put, NULL, DB_INT(article_id), DB_INT(v->user_id),
                    DB_STR(v->user_name), DB_BOOL(v->is_helpful), DB_STR(v->comment),
                    DB_TIME(v->voted_at));
}

enum err kb_vote_store_remove(struct db_session *s, int64_t article_id, int64_t user_id)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_vote_remove, &rows, DB_INT(article_id), DB_INT(user_id));

    if (rc)
        return rc;
    return db_affected(rows) > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static void from_row(const struct db_result *rows, size_t row, struct kb_vote *out)
{
    *out = (struct kb_vote){db_get_int(rows, row, 0), db_get_str(rows, row, 1),
                            db_get_bool(rows, row, 2), db_get_str(rows, row, 3),
                            db_get_time(rows, row, 4)};
}

enum err kb_vote_store_read(struct db_session *s, int64_t article_id, int64_t user_id,
                            struct kb_vote *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_vote_one, &rows, DB_INT(article_id), DB_INT(user_id));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, out);
    return ERR_OK;
}

enum err kb_vote_store_page(struct db_session *s, int64_t article_id, int64_t after_user,
                            int64_t skip, int64_t limit, struct kb_vote **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_vote_page, &rows, DB_INT(article_id), DB_OPT_INT(after_user),
                           DB_INT(skip), DB_INT(limit));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct kb_vote, *count + 1);
    for (size_t i = 0; i < *count; i++)
        from_row(rows, i, &(*out)[i]);
    return ERR_OK;
}

enum err kb_view_store_add(struct db_session *s, const int64_t *article_ids, const int64_t *counts,
                           size_t n)
{
    return db_query(s, &kb_view_add, NULL, DB_INT_ARRAY(article_ids, n), DB_INT_ARRAY(counts, n));
}
