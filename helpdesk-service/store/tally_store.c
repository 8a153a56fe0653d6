#include "store/tally_store.h"

#include "arena.h"
#include "buf.h"

#define BATCH 10000
#define BATCH_TEXT "10000"
/* The oldest notes that no other process is taking. */
#define TAKE(table)                                                                                \
    "d AS (DELETE FROM " table " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " table                  \
    " LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED)) RETURNING *)"

DB_WRITE(
    tally_fold_tickets, "", "i",
    "WITH " TAKE(
        "ticket_delta") ", "
                        "t AS (INSERT INTO ticket_tally AS x (status, is_assigned, priority, "
                        "category, n) "
                        "SELECT status, is_assigned, priority, category, sum(n) FROM d GROUP BY 1, "
                        "2, 3, 4 "
                        "HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4 "
                        "ON CONFLICT (category, status, is_assigned, priority) "
                        "DO UPDATE SET n = x.n + excluded.n), "
                        "h AS (INSERT INTO ticket_hour AS x (hour, n) "
                        "SELECT date_trunc('hour', created_at, 'UTC'), sum(n) FROM d "
                        "WHERE created_at IS NOT NULL GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1 "
                        "ON CONFLICT (hour) DO UPDATE SET n = x.n + excluded.n), "
                        "a AS (INSERT INTO ticket_author AS x (user_id, last_at) "
                        "SELECT requester_id, max(created_at) FROM d WHERE created_at IS NOT NULL "
                        "AND n > 0 "
                        "GROUP BY 1 ORDER BY 1 ON CONFLICT (user_id) "
                        "DO UPDATE SET last_at = GREATEST(x.last_at, excluded.last_at)) "
                        "SELECT count(*) FROM d");
/* Of a batch of ratings: whom they add to or take from, by how much. */
#define PARTIES                                                                                    \
    "(SELECT kind, id, sum(n) AS n FROM (SELECT 'ticket' AS kind, ticket_id AS id, n FROM d "      \
    "UNION ALL SELECT 'user', user_id, n FROM d) x GROUP BY 1, 2 HAVING sum(n) <> 0)"
DB_WRITE(
    tally_fold_feedback, "", "i",
    "WITH " TAKE(
        "feedback_delta") ", "
                          "t AS (INSERT INTO feedback_tally AS x (rating, n) SELECT rating, sum(n) "
                          "FROM d "
                          "GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1 "
                          "ON CONFLICT (rating) DO UPDATE SET n = x.n + excluded.n), "
                          "p AS (INSERT INTO feedback_party AS x (kind, id, n) SELECT * "
                          "FROM " PARTIES " y "
                          "ORDER BY kind, id ON CONFLICT (kind, id) DO UPDATE SET n = x.n + "
                          "excluded.n "
                          "RETURNING kind, id, n), "
                          "k AS (UPDATE feedback_party_tally x SET n = x.n + y.n FROM (SELECT "
                          "p.kind, "
                          "sum((p.n > 0)::int - (p.n - e.n > 0)::int) AS n FROM p JOIN " PARTIES
                          " e "
                          "USING (kind, id) GROUP BY 1) y WHERE x.kind = y.kind AND y.n <> 0) "
                          "SELECT count(*) FROM d");
DB_WRITE_PLANNED(
    tally_fold_tags, "", "i",
    "WITH " TAKE("tag_delta") ", "
                              "t AS (INSERT INTO tag_tally AS x (tag, n) SELECT tag, sum(n) "
                              "FROM d GROUP BY 1 "
                              "HAVING sum(n) <> 0 ORDER BY 1 ON CONFLICT (tag) DO UPDATE SET "
                              "n = x.n + excluded.n) "
                              "SELECT count(*) FROM d");
/* What people may mistype: neither short nor number-like words, which are near too many others. */
DB_WRITE_PLANNED(
    tally_fold_words, "", "i",
    "WITH " TAKE("search_delta") ", "
                                 "t AS (INSERT INTO search_word AS x (word, n) SELECT "
                                 "u.lexeme, count(*) FROM d, "
                                 "unnest(d.words) u WHERE length(u.lexeme) BETWEEN 4 AND 40 "
                                 "GROUP BY 1 ORDER BY 1 "
                                 "ON CONFLICT (word) DO UPDATE SET n = x.n + excluded.n) "
                                 "SELECT count(*) FROM d");

enum err tally_store_fold(struct db_session *s, bool *more)
{
    static const struct db_stmt *const FOLDS[] = {&tally_fold_tickets, &tally_fold_feedback,
                                                  &tally_fold_tags, &tally_fold_words};
    struct db_result *rows;

    *more = false;
    for (size_t i = 0; i < sizeof FOLDS / sizeof *FOLDS; i++) {
        enum err rc = db_query(s, FOLDS[i], &rows);

        if (rc)
            return rc;
        *more = *more || db_get_int(rows, 0, 0) == BATCH;
    }
    return ERR_OK;
}

/* ---- tickets ------------------------------------------------------------------------------ */

DB_READ(tally_tickets, "", "ntbi",
        "SELECT GROUPING(status, priority, category), "
        "COALESCE(status::text, priority::text, category), is_assigned, sum(n)::bigint "
        "FROM (SELECT status, is_assigned, priority, category, n FROM ticket_tally UNION ALL "
        "SELECT status, is_assigned, priority, category, n FROM ticket_delta) x "
        "GROUP BY GROUPING SETS ((status, is_assigned), (priority), (category)) "
        "HAVING sum(n) > 0 ORDER BY 4 DESC, 2, 3");
/* Whole hours from their totals, the hour in which it begins ticket by ticket. */
DB_READ(tally_days, "z", "zi",
        "SELECT date_trunc('day', x.at, 'UTC'), sum(x.n)::bigint FROM ("
        "SELECT hour AS at, n FROM ticket_hour WHERE hour > $1 UNION ALL "
        "SELECT created_at, n FROM ticket_delta WHERE date_trunc('hour', created_at, 'UTC') > $1 "
        "UNION ALL SELECT $1, count(*) FROM ticket WHERE created_at >= $1 "
        "AND created_at < date_trunc('hour', $1, 'UTC') + interval '1 hour') x "
        "GROUP BY 1 HAVING sum(x.n) > 0 ORDER BY 1 DESC");
DB_READ(tally_authors, "z", "i",
        "SELECT count(*) FROM (SELECT user_id FROM ticket_author WHERE last_at >= $1 UNION "
        "SELECT requester_id FROM ticket_delta WHERE created_at >= $1 AND n > 0) x");

enum err tally_store_tickets(struct db_session *s, struct tally **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &tally_tickets, &rows);

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct tally, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        int64_t others = db_get_int(rows, i, 0); /* a bit for each column that is not grouped by */

        (*out)[i] = (struct tally){
            .dimension = others == 3   ? TALLY_STATUS
                         : others == 5 ? TALLY_PRIORITY
                                       : TALLY_CATEGORY,
            .word = db_get_str(rows, i, 1),
            .is_assigned = db_get_bool(rows, i, 2),
            .n = db_get_int(rows, i, 3),
        };
    }
    return ERR_OK;
}

enum err tally_store_days(struct db_session *s, int64_t since, struct tally_day **out,
                          size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &tally_days, &rows, DB_TIME(since));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct tally_day, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct tally_day){db_get_time(rows, i, 0), db_get_int(rows, i, 1)};
    return ERR_OK;
}

enum err tally_store_authors(struct db_session *s, int64_t since, int64_t *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &tally_authors, &rows, DB_TIME(since));

    if (rc == ERR_OK)
        *out = db_get_int(rows, 0, 0);
    return rc;
}

/* ---- ratings and tags --------------------------------------------------------------------- */

DB_READ(tally_feedback, "", "ni",
        "SELECT rating, sum(n)::bigint FROM (SELECT rating, n FROM feedback_tally UNION ALL "
        "SELECT rating, n FROM feedback_delta) x GROUP BY 1");
DB_READ(tally_parties, "", "ti",
        "WITH d AS (SELECT ticket_id, user_id, n FROM feedback_delta) "
        "SELECT t.kind, t.n + COALESCE((SELECT sum((COALESCE(p.n, 0) + e.n > 0)::int "
        "- (COALESCE(p.n, 0) > 0)::int) FROM " PARTIES " e LEFT JOIN feedback_party p "
        "USING (kind, id) WHERE e.kind = t.kind), 0)::bigint FROM feedback_party_tally t");
DB_READ(tally_tags, "ti", "ti",
        "SELECT tag, sum(n)::bigint FROM ("
        "SELECT tag, n FROM tag_tally WHERE tag LIKE $1 UNION ALL "
        "SELECT tag, n FROM tag_delta WHERE tag LIKE $1) x "
        "GROUP BY tag HAVING sum(n) > 0 ORDER BY 2 DESC, 1 LIMIT $2");

enum err tally_store_feedback(struct db_session *s, struct tally_feedback *out)
{
    struct db_result *ratings, *parties;
    enum err rc = db_query(s, &tally_feedback, &ratings);

    *out = (struct tally_feedback){0};
    if (rc == ERR_OK)
        rc = db_query(s, &tally_parties, &parties);
    if (rc)
        return rc;
    for (size_t i = 0; i < db_rows(ratings); i++) {
        int64_t rating = db_get_int(ratings, i, 0), n = db_get_int(ratings, i, 1);

        out->n[rating] = n;
        out->total += n;
        out->sum += n * rating;
    }
    for (size_t i = 0; i < db_rows(parties); i++)
        *(str_eq(db_get_str(parties, i, 0), STR("user")) ? &out->users : &out->tickets) =
            db_get_int(parties, i, 1);
    return ERR_OK;
}

/* The prefix as a pattern of LIKE. */
static struct str like_prefix(struct arena *a, struct str prefix)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < prefix.len; i++) {
        if (strchr("%_\\", prefix.p[i]))
            buf_add_char(&b, '\\');
        buf_add_char(&b, prefix.p[i]);
    }
    buf_add_char(&b, '%');
    return buf_str(&b);
}

enum err tally_store_tags(struct db_session *s, struct str prefix, int64_t limit,
                          struct tag_tally **out, size_t *count)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, &tally_tags, &rows, DB_STR(like_prefix(s->arena, prefix)), DB_INT(limit));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct tag_tally, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct tag_tally){db_get_str(rows, i, 0), db_get_int(rows, i, 1)};
    return ERR_OK;
}
