#include "store/search_store.h"

#include "arena.h"
#include "buf.h"
#include "domain/spelling.h"
#include "store/filter_json.h"
#include "store/ticket_row.h"

/* The newest matches of filter $1, in that order. */
#define CANDIDATES(count)                                                                          \
    "SELECT u.id, u.position FROM ticket_page($1, 'created_at', true, NULL, NULL, NULL, 0, " count \
    ", false) p, unnest(p.ids) WITH ORDINALITY AS u (id, position)"
#define QUERY "to_tsquery('ticket_text', $2)"
#define OWN_WORDS "ticket_search s ON s.ticket_id = n.id AND NOT s.is_internal AND s.part = 0"
#define SCORE                                                                                      \
    "CASE WHEN s.tsv @@ " QUERY " THEN ts_rank('{0.05, 0.1, 0.4, 1.0}', s.tsv, " QUERY ") "        \
    "ELSE 0 END"
/* With the words of the query marked, of which a single text may have some only. */
#define ANY_WORD "to_tsquery('ticket_text', $8)"
#define MARKED(text)                                                                               \
    "ts_headline('ticket_text', translate(" text ", chr(2) || chr(3), ''), " ANY_WORD              \
    ", 'StartSel=' || chr(2) || ', StopSel=' || chr(3) || CASE WHEN length(" text ") <= 250 "      \
    "THEN ', HighlightAll=true' ELSE ', MaxFragments=2, MaxWords=24, MinWords=10' END)"

/* clang-format off */
DB_READ_LONG(search_find, "jtbiiibt", "i" TICKET_COL_TYPES "dttt",
        "WITH n AS MATERIALIZED (" CANDIDATES("1001") "), "
        "r AS (SELECT n.id, n.position, " SCORE " AS score "
        "FROM n LEFT JOIN " OWN_WORDS " WHERE n.position <= 1000), "
        "g AS (SELECT * FROM r ORDER BY CASE WHEN $3 THEN score END DESC NULLS LAST, position "
        "OFFSET $4 LIMIT $5) "
        "SELECT (SELECT count(*) FROM n), " TICKET_COLS ", g.score::float8, "
        MARKED("t.subject") ", "
        MARKED("left(t.description, 4000)") ", "
        "(SELECT " MARKED("left(c.comment, 4000)") " FROM (SELECT c.id, c.comment "
        "FROM ticket_comment c WHERE c.ticket_id = t.id AND (NOT c.is_internal "
        "OR (t.requester_id <> $6 AND ($7 OR t.owner_id = $6 OR EXISTS (SELECT 1 "
        "FROM ticket_participant w WHERE w.ticket_id = t.id AND w.user_id = $6 AND w.is_assignee)))) "
        "ORDER BY c.id DESC LIMIT 50) c "
        "WHERE to_tsvector('ticket_text', c.comment) @@ " ANY_WORD " ORDER BY c.id DESC LIMIT 1) "
        "FROM (SELECT 1) one LEFT JOIN g ON true LEFT JOIN ticket t ON t.id = g.id "
        "ORDER BY CASE WHEN $3 THEN g.score END DESC NULLS LAST, g.position");
DB_READ_LONG(search_titles, "jti", "tt",
        "SELECT t.number, t.subject FROM (" CANDIDATES("200") ") n JOIN ticket t ON t.id = n.id "
        "LEFT JOIN " OWN_WORDS " ORDER BY " SCORE " DESC, n.position LIMIT $3");
/* clang-format on */

enum err search_store_find(struct db_session *s, const struct ticket_filter *f, bool by_score,
                           struct search_found *out)
{
    const int after = 1 + TICKET_COL_COUNT;
    struct db_result *rows;
    enum err rc = db_query(s, &search_find, &rows, DB_STR(filter_json(s->arena, f)),
                           DB_STR(filter_words(s->arena, f)), DB_BOOL(by_score), DB_INT(f->skip),
                           DB_INT(f->limit), DB_INT(f->reader.id), DB_BOOL(f->reader.is_staff),
                           DB_STR(filter_any_word(s->arena, f)));

    if (rc)
        return rc;
    *out = (struct search_found){.total = db_get_int(rows, 0, 0)};
    out->hits = ARENA_ARRAY(s->arena, struct search_hit, db_rows(rows));
    for (size_t i = 0; i < db_rows(rows) && !db_is_null(rows, i, 1); i++) {
        struct search_hit *hit = &out->hits[out->count++];

        ticket_from_row(rows, i, 1, &hit->ticket);
        hit->score = db_get_double(rows, i, after);
        hit->subject = db_get_str(rows, i, after + 1);
        hit->description = db_get_str(rows, i, after + 2);
        hit->comment = db_get_str(rows, i, after + 3);
    }
    return ERR_OK;
}

enum err search_store_titles(struct db_session *s, const struct ticket_filter *f,
                             struct search_title **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &search_titles, &rows, DB_STR(filter_json(s->arena, f)),
                           DB_STR(filter_words(s->arena, f)), DB_INT(f->limit));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct search_title, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct search_title){db_get_str(rows, i, 0), db_get_str(rows, i, 1)};
    return ERR_OK;
}

/* ---- mistyped words ----------------------------------------------------------------------- */

/* Similar by trigrams; which of them is near is decided letter by letter. */
DB_READ_LONG(
    search_similar, "T", "itt",
    "SELECT u.n, u.word, x.word FROM (SELECT lower(unaccent(word)) AS word, n FROM unnest($1) "
    "WITH ORDINALITY AS a (word, n)) u, LATERAL (SELECT w.word, w.n FROM search_word w "
    "WHERE w.word % u.word ORDER BY similarity(w.word, u.word) DESC, w.n DESC LIMIT 20) x "
    "WHERE NOT EXISTS (SELECT 1 FROM search_word e WHERE e.word = u.word) "
    "AND length(u.word) BETWEEN 4 AND 40");

enum err search_store_correct(struct db_session *s, const struct str *words, size_t count,
                              struct str **out)
{
    size_t *best = ARENA_ARRAY(s->arena, size_t, count + 1);
    struct db_result *rows;
    enum err rc = db_query(s, &search_similar, &rows, DB_STR_ARRAY(words, count));

    if (rc)
        return rc;
    *out = ARENA_ARRAY(s->arena, struct str, count + 1);
    for (size_t i = 0; i < db_rows(rows); i++) {
        size_t at = (size_t)db_get_int(rows, i, 0) - 1;
        struct str word = db_get_str(rows, i, 1), other = db_get_str(rows, i, 2);
        size_t distance = spelling_distance(word, other);

        if (!spelling_is_near(word, other) || ((*out)[at].p && best[at] <= distance))
            continue;
        (*out)[at] = other;
        best[at] = distance;
    }
    return ERR_OK;
}

/* ---- proposals ---------------------------------------------------------------------------- */

DB_READ(search_names, "ti", "tb",
        "SELECT name, is_department FROM (SELECT name, false AS is_department FROM category "
        "WHERE is_active AND starts_with(lower(name), lower($1)) UNION ALL "
        "SELECT name, true FROM department WHERE is_active AND starts_with(lower(name), "
        "lower($1))) x ORDER BY 2, 1 LIMIT $2");

enum err search_store_names(struct db_session *s, struct str prefix, int64_t limit,
                            struct search_name **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &search_names, &rows, DB_STR(prefix), DB_INT(limit));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct search_name, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct search_name){db_get_str(rows, i, 0), db_get_bool(rows, i, 1)};
    return ERR_OK;
}

/* ---- facets ------------------------------------------------------------------------------- */

/* clang-format off */
DB_READ_LONG(search_facets, "j", "itti",
        "WITH n AS MATERIALIZED (" CANDIDATES("1001") "), "
        "t AS MATERIALIZED (SELECT t.status, t.priority, t.category, t.department, t.tags "
        "FROM n JOIN ticket t ON t.id = n.id WHERE n.position <= 1000), "
        "x AS (SELECT CASE GROUPING(status, priority, category, department) WHEN 7 THEN 'status' "
        "WHEN 11 THEN 'priority' WHEN 13 THEN 'category' ELSE 'department' END AS dimension, "
        "COALESCE(status::text, priority::text, category, department) AS value, count(*) AS n "
        "FROM t GROUP BY GROUPING SETS ((status), (priority), (category), (department)) "
        "UNION ALL SELECT 'tag', u.tag, count(*) FROM t, unnest(t.tags) AS u (tag) GROUP BY 2) "
        "SELECT (SELECT count(*) FROM n), dimension, value, n FROM x WHERE value IS NOT NULL "
        "ORDER BY dimension, n DESC, value");
/* clang-format on */

DB_READ(search_departments, "", "itti",
        "SELECT 0::bigint, 'department', d.name, (SELECT count(*) FROM (SELECT 1 FROM ticket t "
        "WHERE t.department = d.name LIMIT 1001) m) FROM department d WHERE d.is_active "
        "ORDER BY 4 DESC, 3");

static void read_facets(struct db_session *s, const struct db_result *rows,
                        struct search_facet **out, size_t *count)
{
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct search_facet, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct search_facet){db_get_str(rows, i, 1), db_get_str(rows, i, 2),
                                          db_get_int(rows, i, 3)};
}

enum err search_store_facets(struct db_session *s, const struct ticket_filter *f, int64_t *matches,
                             struct search_facet **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &search_facets, &rows, DB_STR(filter_json(s->arena, f)));

    if (rc)
        return rc;
    *matches = db_rows(rows) ? db_get_int(rows, 0, 0) : 0;
    read_facets(s, rows, out, count);
    return ERR_OK;
}

enum err search_store_departments(struct db_session *s, struct search_facet **out, size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &search_departments, &rows);

    if (rc == ERR_OK)
        read_facets(s, rows, out, count);
    return rc;
}
