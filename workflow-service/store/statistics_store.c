#include "store/statistics_store.h"

#include "store/sql.h"

#define BATCH 5000
#define BATCH_TEXT "5000"
#define CELLS_MAX 25000
#define CELLS_MAX_TEXT "25000"
#define ROWS_MAX_TEXT "2001"

/* ---- folding ------------------------------------------------------------------------------ */

#define ADD_FIGURES(from)                                                                          \
    "INSERT INTO statistic_day AS r (dimension, day, workflow_id, key, metric, bucket, n, total)"  \
    " SELECT dimension, day, workflow_id, key, metric, bucket, sum(n), sum(total) FROM " from      \
    " GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0 OR sum(total) <> 0 ORDER BY 1, 2, 3, 4, 5, 6"   \
    " ON CONFLICT (dimension, day, workflow_id, key, metric, bucket)"                              \
    " DO UPDATE SET n = r.n + excluded.n, total = r.total + excluded.total"
#define ADD_TURNS(from)                                                                            \
    "INSERT INTO statistic_open AS r (dimension, workflow_id, key, open, pooled, held)"            \
    " SELECT dimension, workflow_id, key, sum(open), sum(pooled), sum(held) FROM " from            \
    " GROUP BY 1, 2, 3 HAVING sum(open) <> 0 OR sum(pooled) <> 0 OR sum(held) <> 0"                \
    " ORDER BY 1, 2, 3 ON CONFLICT (dimension, workflow_id, key) DO UPDATE SET"                    \
    " open = r.open + excluded.open, pooled = r.pooled + excluded.pooled,"                         \
    " held = r.held + excluded.held"

/* clang-format off */
/* Held until the end of the transaction, so that one process folds at a time, and what it reads next is
 * what the one before has left. */
DB_WRITE(statistics_lock, "", "i", "SELECT 1::bigint FROM statistic_mark FOR UPDATE SKIP LOCKED");

DB_WRITE_PLANNED(statistics_fold, "", "i",
         "WITH gone AS MATERIALIZED (DELETE FROM statistic_note d WHERE ctid = ANY (ARRAY("
         "   SELECT ctid FROM statistic_note LIMIT " BATCH_TEXT ")) RETURNING d AS note),"
         " delta AS MATERIALIZED (SELECT d FROM (SELECT array_agg(note) AS notes FROM gone) g,"
         "  LATERAL statistic_deltas(g.notes) d),"
         " figure AS (SELECT x.* FROM delta, LATERAL statistic_figures(delta.d) x),"
         " turn AS (SELECT x.* FROM delta, LATERAL statistic_turns(delta.d) x),"
         " days AS (" ADD_FIGURES("figure") "),"
         " turns AS (" ADD_TURNS("turn") "),"
         " touched AS MATERIALIZED (SELECT DISTINCT (note).task_id FROM gone),"
         " present AS MATERIALIZED (SELECT x.* FROM touched u, LATERAL (SELECT * FROM statistic_of_task t"
         "  WHERE t.task_id = u.task_id OFFSET 0) x),"
         " dropped AS (DELETE FROM statistic_counted c USING touched u WHERE c.task_id = u.task_id"
         "  AND NOT EXISTS (SELECT FROM present p WHERE p.task_id = c.task_id AND p.kind = c.kind)),"
         " counted AS (INSERT INTO statistic_counted AS c (task_id, kind, delta)"
         "  SELECT task_id, kind, delta FROM present ON CONFLICT (task_id, kind)"
         "  DO UPDATE SET delta = excluded.delta WHERE c.delta IS DISTINCT FROM excluded.delta) "
         "SELECT count(*) FROM gone");

/* What the mark allows, and then the mark: as far as this snapshot sees, once nothing is under way
 * that it does not see. What has begun meanwhile waits for the next time: beginnings never end. */
DB_WRITE_PLANNED(statistics_fold_begun, "", "b",
         "WITH ready AS MATERIALIZED (SELECT * FROM statistic_mark"
         "  WHERE horizon <= pg_snapshot_xmin(pg_current_snapshot()) LIMIT 1),"
         " turns_begun AS MATERIALIZED (SELECT b.* FROM ready, LATERAL (SELECT * FROM statistic_item_begin i"
         "  WHERE i.item_id > ready.item_id AND i.item_id <= ready.next_item_id) b),"
         " tasks_begun AS MATERIALIZED (SELECT b.* FROM ready, LATERAL (SELECT * FROM statistic_task_begin t"
         "  WHERE t.task_id > ready.task_id AND t.task_id <= ready.next_task_id) b),"
         " figure AS (SELECT dimension, day, workflow_id, key, 'started' AS metric, 0 AS bucket,"
         "   started AS n, 0 AS total FROM turns_begun WHERE started > 0"
         "  UNION ALL SELECT dimension, day, workflow_id, key, 'started', 0, 1, 0 FROM tasks_begun),"
         " turn AS (SELECT dimension, workflow_id, key, 1 AS open, pooled, 0 AS held FROM turns_begun),"
         " days AS (" ADD_FIGURES("figure") "),"
         " turns AS (" ADD_TURNS("turn") "),"
         " last AS (SELECT ready.next_item_id AS item_id, ready.next_task_id AS task_id,"
         "   coalesce((SELECT max(id) FROM task_item), 0) AS last_item_id,"
         "   coalesce((SELECT max(id) FROM task), 0) AS last_task_id FROM ready),"
         " moved AS (UPDATE statistic_mark m SET item_id = last.item_id, task_id = last.task_id,"
         "   next_item_id = greatest(last.item_id,"
         "    least(last.last_item_id, last.item_id + " BATCH_TEXT ")),"
         "   next_task_id = greatest(last.task_id,"
         "    least(last.last_task_id, last.task_id + " BATCH_TEXT ")),"
         "   horizon = pg_snapshot_xmax(pg_current_snapshot()) FROM last"
         "  WHERE (m.item_id, m.task_id, last.last_item_id, last.last_task_id)"
         "   IS DISTINCT FROM (last.item_id, last.task_id, last.item_id, last.task_id)"
         "  RETURNING m.next_item_id = m.item_id + " BATCH_TEXT
         "   OR m.next_task_id = m.task_id + " BATCH_TEXT " AS has_more) "
         "SELECT coalesce((SELECT has_more FROM moved), false)");
/* clang-format on */

enum err statistics_store_fold(struct db_session *s, bool *more)
{
    struct db_result *rows;
    *more = false;
    enum err rc = db_query(s, &statistics_lock, &rows);
    if (rc || db_rows(rows) == 0)
        return rc;
    rc = db_query(s, &statistics_fold, &rows);
    if (rc)
        return rc;
    *more = db_get_int(rows, 0, 0) == BATCH;
    rc = db_query(s, &statistics_fold_begun, &rows);
    *more = rc == ERR_OK && (*more || db_get_bool(rows, 0, 0));
    return rc;
}

/* ---- what happened ------------------------------------------------------------------------ */

/* $1 dimension, $2 workflow or NULL, $3 and $4 the period. */
#define OF_NOW "dimension = $1 AND ($2::bigint IS NULL OR workflow_id = $2)"
#define OF_PERIOD                                                                                  \
    OF_NOW " AND day >= ($3 AT TIME ZONE 'UTC')::date AND day < ($4 AT TIME ZONE 'UTC')::date"
/* Only workflows and their steps are apart from those of other workflows. */
#define APART "CASE WHEN $1 IN ('workflow', 'step') THEN workflow_id ELSE 0 END AS workflow_id"
/* Both ends, so that the planner takes it for the few that it is. */
#define NOT_FOLDED(id, mark, table)                                                                \
    id " > (SELECT " mark " FROM statistic_mark) AND " id " <= (SELECT max(id) FROM " table ")"
#define NOT_FOLDED_NOTES "statistic_deltas(ARRAY(SELECT n FROM statistic_note n))"
#define LABELS                                                                                     \
    "z.key, w.public_id::text, w.name, (SELECT p.name FROM person p WHERE p.id ="                  \
    " CASE WHEN $1 = 'person' THEN z.key::bigint END)"

/* clang-format off */
DB_READ_LONG(statistics_days, "tizz", "tttttIIi",
        "SELECT " LABELS ", z.metric, z.buckets, z.counts, z.total FROM ("
        "SELECT workflow_id, key, metric, array_agg(bucket ORDER BY bucket) AS buckets,"
        " array_agg(n ORDER BY bucket) AS counts, sum(total)::bigint AS total FROM ("
        "SELECT " APART ", key, metric, bucket, sum(n)::bigint AS n, sum(total) AS total FROM ("
        "SELECT workflow_id, key, metric, bucket, n, total FROM statistic_day WHERE " OF_PERIOD
        " UNION ALL SELECT workflow_id, key, metric, bucket, n, total FROM (SELECT x.*"
        "  FROM " NOT_FOLDED_NOTES " d, LATERAL statistic_figures(d) x) x WHERE " OF_PERIOD
        " UNION ALL SELECT workflow_id, key, 'started', 0, started, 0 FROM statistic_item_begin"
        "  WHERE " NOT_FOLDED("item_id", "item_id", "task_item") " AND started > 0 AND " OF_PERIOD
        " UNION ALL SELECT workflow_id, key, 'started', 0, 1, 0 FROM statistic_task_begin"
        "  WHERE " NOT_FOLDED("task_id", "task_id", "task") " AND " OF_PERIOD
        ") x GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 OR sum(total) <> 0) y"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT " CELLS_MAX_TEXT ") z"
        " LEFT JOIN workflow w ON w.id = z.workflow_id ORDER BY z.workflow_id, z.key, z.metric");

/* The oldest of a person are those given to them first, else those that have come first. */
#define OLDEST_OF_PERSON                                                                           \
    "SELECT i.assigned_on FROM task_item i WHERE i.assignee_id = z.key::bigint"                    \
    " AND i.status IN ('new', 'in_progress') AND ($2 IS NULL OR EXISTS (SELECT FROM step s"        \
    "  JOIN workflow_version v ON v.id = s.version_id WHERE s.id = i.step_id"                      \
    "  AND v.workflow_id = $2)) ORDER BY i.id LIMIT 1"
#define OLDEST_OF_STEPS                                                                            \
    "SELECT min(x.since) FROM step s JOIN workflow_version v ON v.id = s.version_id"               \
    " CROSS JOIN (VALUES (false), (true)) e (is_escalated)"                                        \
    " CROSS JOIN (VALUES ('pool'), ('new'), ('in_progress')) u (status)"                           \
    " CROSS JOIN LATERAL (SELECT coalesce(i.pooled_at, i.assigned_on) AS since FROM task_item i"   \
    "  WHERE i.step_id = s.id AND i.is_escalated = e.is_escalated AND i.status = u.status"         \
    "  ORDER BY i.id LIMIT 1) x"                                                                   \
    " WHERE coalesce($2, nullif(z.workflow_id, 0), v.workflow_id) = v.workflow_id"                 \
    "  AND CASE $1 WHEN 'step' THEN s.name = z.key"                                                \
    "   WHEN 'role' THEN statistic_role(s, e.is_escalated) = z.key ELSE true END"

DB_READ_LONG(statistics_now, "ti", "ttttiiiz",
        "SELECT " LABELS ", z.open, z.pooled, z.held,"
        " CASE WHEN $1 = 'person' THEN (" OLDEST_OF_PERSON ") ELSE (" OLDEST_OF_STEPS ") END FROM ("
        "SELECT " APART ", key, sum(open)::bigint AS open, sum(pooled)::bigint AS pooled,"
        " sum(held)::bigint AS held FROM ("
        "SELECT workflow_id, key, open, pooled, held FROM statistic_open WHERE " OF_NOW
        " UNION ALL SELECT workflow_id, key, open, pooled, held FROM (SELECT x.*"
        "  FROM " NOT_FOLDED_NOTES " d, LATERAL statistic_turns(d) x) x WHERE " OF_NOW
        " UNION ALL SELECT workflow_id, key, 1, pooled, 0 FROM statistic_item_begin"
        "  WHERE " NOT_FOLDED("item_id", "item_id", "task_item") " AND " OF_NOW
        ") x GROUP BY 1, 2 HAVING sum(open) > 0 ORDER BY 1, 2 LIMIT " ROWS_MAX_TEXT ") z"
        " LEFT JOIN workflow w ON w.id = z.workflow_id ORDER BY z.workflow_id, z.key");

DB_READ(statistics_workflow, "t", "i", "SELECT w.id FROM workflow w WHERE w.public_id = $1::text::uuid");
/* clang-format on */

static bool is_of(const struct statistics *s, const struct db_result *r, size_t row)
{
    return str_eq(s->key, db_get_str(r, row, 0)) && str_eq(s->workflow_id, db_get_str(r, row, 1));
}

static struct statistics *add_row(struct statistics_answer *out, const struct db_result *r,
                                  size_t row)
{
    if (out->count == STATISTICS_ROWS_MAX) {
        out->is_cut = true;
        return NULL;
    }
    struct statistics *s = &out->rows[out->count++];
    *s = (struct statistics){
        .key = db_get_str(r, row, 0),
        .workflow_id = db_get_str(r, row, 1),
        .workflow = db_get_str(r, row, 2),
        .label = db_get_str(r, row, 3),
        .oldest = INT64_MIN,
    };
    return s;
}

static void add_days(struct statistics_answer *out, const struct db_result *r)
{
    for (size_t i = 0; i < db_rows(r) && !out->is_cut; i++) {
        bool is_same = out->count > 0 && is_of(&out->rows[out->count - 1], r, i);
        struct statistics *s = is_same ? &out->rows[out->count - 1] : add_row(out, r, i);
        const int64_t *buckets, *counts;
        size_t n = db_get_int_array(r, i, 5, &buckets);
        size_t m = db_get_int_array(r, i, 6, &counts);
        for (size_t k = 0; s && k < n && k < m; k++)
            statistics_add(s, db_get_str(r, i, 4), buckets[k], counts[k],
                           k == 0 ? db_get_int(r, i, 7) : 0);
    }
}

/* Both are in the same order, so the search goes on where the last one was found. */
static void add_now(struct statistics_answer *out, const struct db_result *r)
{
    size_t of_period = out->count, at = 0;
    for (size_t i = 0; i < db_rows(r) && !out->is_cut; i++) {
        struct statistics *s = NULL;
        for (size_t k = 0; k < of_period && !s; k++, at = (at + 1) % of_period)
            if (is_of(&out->rows[at], r, i))
                s = &out->rows[at];
        if (!s)
            s = add_row(out, r, i);
        if (!s)
            return;
        s->open = db_get_int(r, i, 4);
        s->pooled = db_get_int(r, i, 5);
        s->held = db_get_int(r, i, 6);
        s->oldest = db_get_time(r, i, 7);
    }
}

static size_t rows_in(const struct db_result *r)
{
    size_t n = 0;
    for (size_t i = 0; i < db_rows(r); i++)
        n += i == 0 || !str_eq(db_get_str(r, i, 0), db_get_str(r, i - 1, 0)) ||
             !str_eq(db_get_str(r, i, 1), db_get_str(r, i - 1, 1));
    return n;
}

enum err statistics_store_read(struct db_session *s, const struct statistics_question *q,
                               struct statistics_answer *out)
{
    struct db_result *r, *days, *now;
    int64_t workflow_id = INT64_MIN;
    enum err rc = ERR_OK;
    *out = (struct statistics_answer){0};
    if (q->workflow_id.p) {
        rc = db_query(s, &statistics_workflow, &r, DB_STR(q->workflow_id));
        if (rc == ERR_OK && db_rows(r) == 0)
            rc = ERR_WORKFLOW_NOT_FOUND;
        if (rc)
            return rc;
        workflow_id = db_get_int(r, 0, 0);
    }
    rc = db_query(s, &statistics_days, &days, DB_STR(q->dimension), DB_OPT_INT(workflow_id),
                  DB_TIME(q->from), DB_TIME(q->to));
    if (rc == ERR_OK)
        rc = db_query(s, &statistics_now, &now, DB_STR(q->dimension), DB_OPT_INT(workflow_id));
    if (rc)
        return rc;
    size_t most = rows_in(days) + db_rows(now);
    out->rows = ARENA_ARRAY(s->arena, struct statistics,
                            most < STATISTICS_ROWS_MAX ? most + 1 : STATISTICS_ROWS_MAX);
    out->is_cut = db_rows(days) == CELLS_MAX || db_rows(now) == STATISTICS_ROWS_MAX + 1;
    add_days(out, days);
    add_now(out, now);
    return ERR_OK;
}
