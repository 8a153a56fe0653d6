#include "store/tally_store.h"

#define BATCH 10000

DB_READ(tally_read, "", "tti",
        "SELECT channel, status, sum(n)::bigint FROM (SELECT channel, status, n FROM delivery_tally"
        " UNION ALL SELECT channel, status, n FROM delivery_delta) x GROUP BY 1, 2"
        " HAVING sum(n) <> 0 ORDER BY 1, 2");
DB_WRITE_PLANNED(
    tally_fold, "", "i",
    "WITH d AS (DELETE FROM delivery_delta WHERE ctid = ANY (ARRAY(SELECT ctid FROM"
    "  delivery_delta LIMIT 10000 FOR UPDATE SKIP LOCKED)) RETURNING *),"
    " t AS (INSERT INTO delivery_tally AS x (channel, status, n) SELECT channel, status,"
    "  sum(n) FROM d GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2"
    "  ON CONFLICT (channel, status) DO UPDATE SET n = x.n + excluded.n)"
    " SELECT count(*) FROM d");

enum err tally_store_read(struct db_session *s, const struct tally **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &tally_read, &r);
    if (rc)
        return rc;
    *count = db_rows(r);
    struct tally *items = ARENA_ARRAY(s->arena, struct tally, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct tally){db_get_str(r, i, 0), db_get_str(r, i, 1), db_get_int(r, i, 2)};
    *out = items;
    return ERR_OK;
}

enum err tally_store_fold(struct db_session *s, bool *more)
{
    struct db_result *r;
    enum err rc = db_query(s, &tally_fold, &r);
    if (rc == ERR_OK)
        *more = db_get_int(r, 0, 0) == BATCH;
    return rc;
}
