#include "store/kb_search_store.h"

#include "arena.h"
#include "domain/kb_text.h"
#include "store/kb_article_row.h"
#include "store/kb_reader.h"

/* Parameters of both: query, language, whether the language restricts, visibilities. */
#define QUERY "q AS MATERIALIZED (SELECT kb_query($2, $1) AS query) "
#define VISIBLE "t.visibility = ANY ($4::kb_visibility[]) AND (NOT $3 OR t.language = $2) "
#define OF_CATEGORY                                                                                \
    "AND ($5 IS NULL OR t.category_id IN (SELECT id FROM kb_category WHERE id = $5 "               \
    "OR parent_id = $5)) "
#define NEWEST "ORDER BY t.updated_at DESC, t.id DESC LIMIT $6"
#define WEIGHTS "'{0.05, 0.2, 0.5, 1.0}'"
/* Only the beginning of a body is shown, and searched for what to show. */
#define MARKED(text, options)                                                                      \
    "ts_headline(kb_config(t.language), translate(" text ", '" KB_MARK_BEGIN KB_MARK_END           \
    "', ''), q.query, 'StartSel=" KB_MARK_BEGIN ", StopSel=" KB_MARK_END ", " options "')"
#define ARTICLE_COLS KB_COLS ", t.number, t.title, t.summary, t.tags, "

DB_READ(
    kb_search_find, "ttbTiiii", "i" KB_COL_TYPES "ittTtt",
    "WITH " QUERY ", found AS MATERIALIZED ("
    "(SELECT t.id FROM kb_shown t, q WHERE t.headline @@ q.query AND " VISIBLE OF_CATEGORY NEWEST
    ") UNION (SELECT t.id FROM kb_shown t, q WHERE t.words @@ q.query AND " VISIBLE OF_CATEGORY
        NEWEST ")), "
    "page AS MATERIALIZED (SELECT t.id, ts_rank(" WEIGHTS ", t.words, q.query) AS rank "
    "FROM found f JOIN kb_shown t ON t.id = f.id, q ORDER BY rank DESC, t.id DESC "
    "OFFSET $7 LIMIT $8) "
    "SELECT c.total, " ARTICLE_COLS MARKED("t.title", "HighlightAll=true") ", " MARKED(
        "left(v.body, 20000)",
        "MaxFragments=2, MaxWords=20, MinWords=8") " FROM (SELECT count(*) AS total FROM found) c "
                                                   "LEFT JOIN (page p "
                                                   "JOIN kb_shown t ON t.id = p.id JOIN kb_article "
                                                   "a ON a.id = t.id" KB_JOINS
                                                   "JOIN kb_version v ON v.article_id = t.id AND "
                                                   "v.number = t.number CROSS JOIN q) ON true "
                                                   "ORDER BY p.rank DESC, p.id DESC");
DB_READ(kb_search_suggest, "ttbTiii", KB_COL_TYPES "ittT",
        "WITH " QUERY ", found AS MATERIALIZED (SELECT t.id, "
        "ts_rank(" WEIGHTS ", t.headline, q.query) AS rank FROM kb_shown t, q "
        "WHERE t.headline @@ q.query AND " VISIBLE OF_CATEGORY NEWEST "), "
        "page AS MATERIALIZED (SELECT * FROM found ORDER BY rank DESC, id DESC LIMIT $7) "
        "SELECT " KB_COLS ", t.number, t.title, t.summary, t.tags FROM page p "
        "JOIN kb_shown t ON t.id = p.id JOIN kb_article a ON a.id = t.id" KB_JOINS
        "ORDER BY p.rank DESC, p.id DESC");

static void read_hit(const struct db_result *rows, size_t row, int col, struct kb_hit *out)
{
    kb_article_from_row(rows, row, col, &out->article);
    out->article.number = db_get_int(rows, row, col + KB_COL_COUNT);
    out->article.title = db_get_str(rows, row, col + KB_COL_COUNT + 1);
    out->article.summary = db_get_str(rows, row, col + KB_COL_COUNT + 2);
    out->article.tag_count =
        db_get_str_array(rows, row, col + KB_COL_COUNT + 3, &out->article.tags);
}

static struct str language_of(const struct kb_search *q)
{
    return q->language.p ? q->language : STR("en");
}

enum err kb_search_store_find(struct db_session *s, const struct kb_search *q, struct kb_hit **out,
                              size_t *count, int64_t *total)
{
    struct str seen[KB_VISIBILITY_COUNT];
    size_t n = kb_reader_words(q->reader, seen);
    struct db_result *rows;
    enum err rc =
        db_query(s, &kb_search_find, &rows, DB_STR(q->query), DB_STR(language_of(q)),
                 DB_BOOL(q->is_restricted), DB_STR_ARRAY(seen, n), DB_OPT_INT(q->category_id),
                 DB_INT(KB_CANDIDATES_MAX), DB_INT(q->skip), DB_INT(q->limit));

    if (rc)
        return rc;
    *total = db_get_int(rows, 0, 0);
    *count = db_is_null(rows, 0, 1) ? 0 : db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct kb_hit, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        read_hit(rows, i, 1, &(*out)[i]);
        (*out)[i].title_mark = db_get_str(rows, i, KB_COL_COUNT + 5);
        (*out)[i].body_mark = db_get_str(rows, i, KB_COL_COUNT + 6);
    }
    return ERR_OK;
}

enum err kb_search_store_suggest(struct db_session *s, const struct kb_search *q,
                                 struct kb_hit **out, size_t *count)
{
    struct str seen[KB_VISIBILITY_COUNT];
    size_t n = kb_reader_words(q->reader, seen);
    struct db_result *rows;
    enum err rc = db_query(s, &kb_search_suggest, &rows, DB_STR(q->query), DB_STR(language_of(q)),
                           DB_BOOL(q->is_restricted), DB_STR_ARRAY(seen, n),
                           DB_OPT_INT(q->category_id), DB_INT(KB_CANDIDATES_MAX), DB_INT(q->limit));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct kb_hit, *count + 1);
    for (size_t i = 0; i < *count; i++)
        read_hit(rows, i, 0, &(*out)[i]);
    return ERR_OK;
}

/* ---- what was looked for in vain ---------------------------------------------------------- */

/* In the order of the words, as every process does: none waits for another in a circle. */
DB_WRITE(kb_gap_add, "TIz", "",
         "INSERT INTO kb_gap (query, n, first_at, last_at) SELECT u.query, u.n, $3, $3 "
         "FROM unnest($1, $2) AS u (query, n) ORDER BY u.query "
         "ON CONFLICT (query) DO UPDATE SET n = kb_gap.n + EXCLUDED.n, "
         "last_at = GREATEST(kb_gap.last_at, EXCLUDED.last_at)");
DB_WRITE_PLANNED(kb_gap_trim, "i", "",
                 "DELETE FROM kb_gap WHERE query IN (SELECT query FROM kb_gap "
                 "ORDER BY n DESC, last_at DESC, query OFFSET $1 FOR UPDATE SKIP LOCKED)");
DB_READ(kb_gap_top, "i", "tizz",
        "SELECT query, n, first_at, last_at FROM kb_gap ORDER BY n DESC, last_at DESC, query "
        "LIMIT $1");

enum err kb_gap_store_add(struct db_session *s, const struct str *queries, const int64_t *counts,
                          size_t n, int64_t now)
{
    enum err rc = db_query(s, &kb_gap_add, NULL, DB_STR_ARRAY(queries, n), DB_INT_ARRAY(counts, n),
                           DB_TIME(now));

    return rc ? rc : db_query(s, &kb_gap_trim, NULL, DB_INT(KB_GAPS_MAX));
}

enum err kb_gap_store_top(struct db_session *s, int64_t limit, struct kb_gap **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &kb_gap_top, &rows, DB_INT(limit));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct kb_gap, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct kb_gap){db_get_str(rows, i, 0), db_get_int(rows, i, 1),
                                    db_get_time(rows, i, 2), db_get_time(rows, i, 3)};
    return ERR_OK;
}
