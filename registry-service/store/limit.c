#include "store/limit.h"

/* The largest whole number that every JSON reader takes exactly. */
#define TOTAL_MAX "9007199254740991"

/* A counter that is only read (add 0) writes nothing. */
DB_WRITE(limit_add, "TIII", "i",
         "WITH asked AS (SELECT * FROM unnest($1, $2, $3, $4) WITH ORDINALITY "
         "AS a (key, window_s, window_start, add, position)), "
         "written AS (INSERT INTO limit_counter AS c (key, window_s, window_start, total) "
         "SELECT key, window_s, window_start, sum(add) FROM asked WHERE add > 0 "
         "GROUP BY 1, 2, 3 ORDER BY key COLLATE \"C\", window_s, window_start "
         "ON CONFLICT (key, window_s, window_start) "
         "DO UPDATE SET total = least(c.total + excluded.total, " TOTAL_MAX ") "
         "RETURNING key, window_s, window_start, total) "
         "SELECT coalesce(w.total, c.total, 0) FROM asked a "
         "LEFT JOIN written w USING (key, window_s, window_start) "
         "LEFT JOIN limit_counter c USING (key, window_s, window_start) ORDER BY a.position");
DB_WRITE_PLANNED(
    limit_purge, "ii", "i",
    "WITH gone AS (DELETE FROM limit_counter WHERE ctid IN (SELECT ctid FROM limit_counter "
    "WHERE ends_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1) "
    "SELECT count(*) FROM gone");
DB_WRITE_PLANNED(
    limit_trim, "ii", "i",
    "WITH gone AS (DELETE FROM limit_counter WHERE (SELECT count(*) FROM limit_counter) > $1 "
    "AND ctid IN (SELECT ctid FROM limit_counter ORDER BY total DESC OFFSET $1 LIMIT $2 "
    "FOR UPDATE SKIP LOCKED) RETURNING 1) SELECT count(*) FROM gone");

enum err CO_FN limit_store_add(struct db_session *s, struct limit_counter *counters, size_t n)
{
    struct str *keys = ARENA_ARRAY(s->arena, struct str, n);
    int64_t *windows = ARENA_ARRAY(s->arena, int64_t, n);
    int64_t *starts = ARENA_ARRAY(s->arena, int64_t, n);
    int64_t *adds = ARENA_ARRAY(s->arena, int64_t, n);
    struct db_result *r;
    enum err rc;

    for (size_t i = 0; i < n; i++) {
        keys[i] = counters[i].key;
        windows[i] = counters[i].window_s;
        starts[i] = counters[i].window_start;
        adds[i] = counters[i].add;
    }
    rc = db_query(s, &limit_add, &r, DB_STR_ARRAY(keys, n), DB_INT_ARRAY(windows, n),
                  DB_INT_ARRAY(starts, n), DB_INT_ARRAY(adds, n));
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++)
        counters[i].total = db_get_int(r, i, 0);
    return ERR_OK;
}

enum err CO_FN limit_store_purge(struct db_session *s, int64_t ended_before, int64_t limit,
                                 int64_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &limit_purge, &r, DB_INT(ended_before), DB_INT(limit));

    if (rc)
        return rc;
    *n = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN limit_store_trim(struct db_session *s, int64_t max, int64_t limit, int64_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &limit_trim, &r, DB_INT(max), DB_INT(limit));

    if (rc)
        return rc;
    *n = db_get_int(r, 0, 0);
    return ERR_OK;
}
