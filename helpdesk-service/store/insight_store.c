#include "store/insight_store.h"

#include "arena.h"
#include "clock.h"
#include "label.h"

#define BATCH 5000
#define BATCH_TEXT "5000"
#define CELLS_MAX 60000
#define CELLS_MAX_TEXT "60000"

/* ---- folding ------------------------------------------------------------------------------ */

DB_WRITE_PLANNED(
    insight_fold, "", "i",
    "WITH d AS (DELETE FROM insight_delta WHERE ctid = ANY (ARRAY(SELECT ctid FROM "
    "insight_delta LIMIT " BATCH_TEXT " FOR UPDATE SKIP LOCKED)) RETURNING *), "
    "x AS (SELECT k.dimension, k.key, d.* FROM d CROSS JOIN LATERAL (VALUES ('all', ''), "
    "('category', d.category), ('department', d.department), ('priority', d.priority::text), "
    "('owner', COALESCE(d.owner_id::text, ''))) AS k (dimension, key)), "
    "h AS (INSERT INTO insight_hour AS r (dimension, metric, hour, key, bucket, n, total) "
    "SELECT dimension, metric, date_trunc('hour', at, 'UTC'), key, bucket, sum(n), sum(total) "
    "FROM x WHERE metric <> 'backlog' GROUP BY 1, 2, 3, 4, 5 "
    "HAVING sum(n) <> 0 OR sum(total) <> 0 ORDER BY 1, 2, 3, 4, 5 "
    "ON CONFLICT (dimension, metric, hour, key, bucket) "
    "DO UPDATE SET n = r.n + excluded.n, total = r.total + excluded.total), "
    "b AS (INSERT INTO insight_backlog AS r (dimension, key, status, hour, n) "
    "SELECT dimension, key, status, date_trunc('hour', at, 'UTC'), sum(n) FROM x "
    "WHERE status IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4 "
    "ON CONFLICT (dimension, key, status, hour) DO UPDATE SET n = r.n + excluded.n) "
    "SELECT count(*) FROM d");
DB_WRITE_PLANNED(
    insight_compact, "z", "",
    "WITH o AS (DELETE FROM insight_backlog WHERE hour < $1 AND hour > 'epoch' OR n = 0 "
    "RETURNING *) INSERT INTO insight_backlog AS r (dimension, key, status, hour, n) "
    "SELECT dimension, key, status, 'epoch'::timestamptz, sum(n) FROM o GROUP BY 1, 2, 3 "
    "HAVING sum(n) <> 0 ORDER BY 1, 2, 3 "
    "ON CONFLICT (dimension, key, status, hour) DO UPDATE SET n = r.n + excluded.n");

enum err insight_store_fold(struct db_session *s, bool *more)
{
    struct db_result *rows;
    enum err rc = db_query(s, &insight_fold, &rows);

    *more = rc == ERR_OK && db_get_int(rows, 0, 0) == BATCH;
    return rc;
}

enum err insight_store_compact(struct db_session *s, int64_t before)
{
    return db_query(s, &insight_compact, NULL, DB_TIME(before));
}

/* ---- reading ------------------------------------------------------------------------------ */

#define WANTED "dimension = $1 AND ($2::text IS NULL OR key = $2) AND metric::text = ANY ($3)"

DB_READ_LONG(
    insight_series, "ttTzztt",
    "zttnii"
    "t",
    "SELECT y.start, y.key, y.metric, y.bucket::int, y.n, y.total, "
    "(SELECT p.name FROM person p WHERE p.id = CASE WHEN $1 = 'owner' THEN "
    "NULLIF(y.key, '')::bigint END) "
    "FROM (SELECT date_trunc($6, x.hour, $7) AS start, x.key, x.metric::text, x.bucket, "
    "sum(x.n)::bigint AS n, sum(x.total)::bigint AS total FROM ("
    "SELECT hour, key, metric, bucket, n, total FROM insight_hour WHERE " WANTED
    " AND hour >= $4 AND hour < $5 UNION ALL "
    "SELECT date_trunc('hour', at, 'UTC'), key, metric, bucket, n, total FROM insight_note "
    "WHERE " WANTED " AND metric <> 'backlog' AND at >= $4 AND at < $5) x "
    "GROUP BY 1, 2, 3, 4 HAVING sum(x.n) <> 0 UNION ALL "
    "SELECT g AT TIME ZONE $7, '', NULL, 0, 0, 0 FROM generate_series("
    "date_trunc($6, $4 AT TIME ZONE $7), $5 AT TIME ZONE $7 - interval '1 microsecond', "
    "('1 ' || $6)::interval) g WHERE $1 = 'all') y "
    "ORDER BY y.start, y.key, y.metric, y.bucket LIMIT " CELLS_MAX_TEXT);
/* The status is a column, and no dimension of its own. */
#define OF_BACKLOG "dimension = CASE WHEN $1 = 'status' THEN 'all' ELSE $1 END"
DB_READ_LONG(insight_backlog, "tt",
             "ttzi"
             "t",
             "SELECT y.key, y.status, y.hour, y.n, (SELECT p.name FROM person p WHERE p.id = "
             "CASE WHEN $1 = 'owner' THEN NULLIF(y.key, '')::bigint END) FROM ("
             "SELECT CASE WHEN $1 = 'status' THEN x.status::text ELSE x.key END AS key, "
             "x.status::text, x.hour, sum(x.n)::bigint AS n FROM ("
             "SELECT key, status, hour, n FROM insight_backlog WHERE " OF_BACKLOG " UNION ALL "
             "SELECT key, status, date_trunc('hour', at, 'UTC'), n FROM insight_note "
             "WHERE " OF_BACKLOG " AND status IS NOT NULL) x "
             "GROUP BY 1, 2, 3 HAVING sum(x.n) <> 0) y WHERE $2::text IS NULL OR y.key = $2 "
             "ORDER BY y.key, y.status, y.hour LIMIT " CELLS_MAX_TEXT);
DB_READ(insight_zone, "t", "b", "SELECT insight_is_zone($1)");

/* The row of that start and key: the last one, or a new one behind it. */
static struct insight_figures *row_of(struct db_session *s, struct insight_answer *out,
                                      int64_t start, struct str key, struct str label)
{
    struct insight_figures *last = out->count ? &out->rows[out->count - 1] : NULL;

    if (last && last->start == start && str_eq(last->key, key))
        return last;
    if (out->count == INSIGHT_ROWS_MAX) {
        out->is_cut = true;
        return NULL;
    }
    if ((out->count & (out->count - 1)) == 0) { /* full at powers of two */
        struct insight_figures *more =
            ARENA_ARRAY(s->arena, struct insight_figures, out->count ? 2 * out->count : 1);

        if (out->count)
            memcpy(more, out->rows, out->count * sizeof *more);
        out->rows = more;
    }
    last = &out->rows[out->count++];
    *last = (struct insight_figures){.start = start, .key = key, .label = label};
    return last;
}

static void add_cell(struct insight_figures *f, enum insight_metric m, int64_t bucket, int64_t n,
                     int64_t seconds)
{
    f->n[m] += n;
    f->seconds[m] += seconds;
    if (m == INSIGHT_RESPONSE && bucket < HISTOGRAM_BUCKETS)
        f->response[bucket] += n;
    if (m == INSIGHT_RESOLUTION && bucket < HISTOGRAM_BUCKETS)
        f->resolution[bucket] += n;
    if (m == INSIGHT_CSAT && bucket <= INSIGHT_RATINGS)
        f->rating[bucket] += n;
}

enum err insight_store_series(struct db_session *s, const struct insight_question *q,
                              struct insight_answer *out)
{
    struct str metrics[INSIGHT_METRIC_COUNT];
    struct db_result *rows;
    size_t n = 0;
    enum err rc;

    *out = (struct insight_answer){0};
    for (int m = 0; m < INSIGHT_METRIC_COUNT; m++)
        if (q->metrics & (1U << m))
            metrics[n++] = str_from(insight_metric_word((enum insight_metric)m));
    rc = db_query(s, &insight_series, &rows, DB_STR(q->dimension), DB_STR(q->key),
                  DB_STR_ARRAY(metrics, n), DB_TIME(q->from), DB_TIME(q->to), DB_STR(q->interval),
                  DB_STR(q->zone));
    if (rc)
        return rc;
    out->is_cut = db_rows(rows) == CELLS_MAX;
    for (size_t i = 0; i < db_rows(rows) && !out->is_cut; i++) {
        enum insight_metric m = insight_metric_parse(db_get_str(rows, i, 2));
        struct insight_figures *f =
            row_of(s, out, db_get_time(rows, i, 0), db_get_str(rows, i, 1), db_get_str(rows, i, 6));

        if (f && m != INSIGHT_METRIC_COUNT)
            add_cell(f, m, db_get_int(rows, i, 3), db_get_int(rows, i, 4), db_get_int(rows, i, 5));
    }
    return ERR_OK;
}

enum err insight_store_backlog(struct db_session *s, struct str dimension, struct str key,
                               int64_t now, struct insight_answer *out)
{
    static const enum ticket_status STATES[INSIGHT_OPEN_STATES] = {
        TICKET_STATUS_OPEN, TICKET_STATUS_IN_PROGRESS, TICKET_STATUS_ON_HOLD};
    struct db_result *rows;
    enum err rc = db_query(s, &insight_backlog, &rows, DB_STR(dimension), DB_STR(key));

    *out = (struct insight_answer){0};
    if (rc)
        return rc;
    out->is_cut = db_rows(rows) == CELLS_MAX;
    for (size_t i = 0; i < db_rows(rows) && !out->is_cut; i++) {
        enum ticket_status status = ticket_status_parse(db_get_str(rows, i, 1));
        struct insight_figures *f =
            row_of(s, out, INT64_MIN, db_get_str(rows, i, 0), db_get_str(rows, i, 4));
        int64_t n = db_get_int(rows, i, 3);

        for (int k = 0; f && k < INSIGHT_OPEN_STATES; k++)
            f->state[k] += STATES[k] == status ? n : 0;
        if (f)
            f->age[insight_age((now - db_get_time(rows, i, 2)) / US_PER_S)] += n;
    }
    return ERR_OK;
}

enum err insight_store_is_zone(struct db_session *s, struct str name, bool *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &insight_zone, &rows, DB_STR(name));

    if (rc == ERR_OK)
        *out = db_get_bool(rows, 0, 0);
    return rc;
}

DB_WRITE(insight_breach, "iz", "",
         "INSERT INTO sla_breach (ticket_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING");

enum err insight_store_breach(struct db_session *s, int64_t ticket_id, int64_t at)
{
    return db_query(s, &insight_breach, NULL, DB_INT(ticket_id), DB_TIME(at));
}
