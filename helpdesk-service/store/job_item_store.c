#include "store/job_item_store.h"

#include "arena.h"

#define COLS "i.ordinal, i.subject, i.state::text, i.code, i.message, i.version, i.changes, i.at"
#define COL_TYPES                                                                                  \
    "itttt"                                                                                        \
    "ijz"
#define MATCHES "i.job_id = $1 AND ($2::text IS NULL OR i.state = $2::job_item_state)"

DB_WRITE(job_item_insert, "uiT", "",
         "INSERT INTO job_item (job_id, ordinal, subject) SELECT $1, $2 + u.n - 1, u.subject "
         "FROM unnest($3) WITH ORDINALITY AS u (subject, n) ON CONFLICT (job_id, subject) "
         "DO NOTHING");
DB_READ(job_item_page, "utiii", "i" COL_TYPES,
        "SELECT n.total, " COLS " FROM (SELECT (SELECT count(*) FROM (SELECT 1 FROM job_item i "
        "WHERE " MATCHES " LIMIT 10001) m) AS total) n LEFT JOIN LATERAL (SELECT i.* FROM job_item "
        "i WHERE " MATCHES " AND i.ordinal > $3 ORDER BY i.ordinal OFFSET $4 LIMIT $5) i ON true "
        "ORDER BY i.ordinal");

DB_WRITE(job_item_claim, "ui", "it",
         "SELECT ordinal, subject FROM job_item WHERE job_id = $1 AND state = 'pending' "
         "AND ordinal > $2 ORDER BY ordinal LIMIT 1 FOR UPDATE SKIP LOCKED");
DB_WRITE(job_item_claim_all, "u", "it",
         "SELECT ordinal, subject FROM job_item WHERE job_id = $1 AND state = 'pending' "
         "ORDER BY subject FOR UPDATE");
DB_WRITE(job_item_put, "uitttijz", "",
         "UPDATE job_item SET state = $3::job_item_state, code = $4, message = $5, version = $6, "
         "changes = $7, at = $8 WHERE job_id = $1 AND ordinal = $2 AND state = 'pending'");
/* A worker cannot go on with what follows while the item it has in hand is waited for. */
DB_WRITE(job_item_lock_rest, "u", "i",
         "SELECT count(*) FROM (SELECT 1 FROM job_item WHERE job_id = $1 AND state = 'pending' "
         "FOR UPDATE SKIP LOCKED) rest");
DB_WRITE(job_item_skip, "uttz", "",
         "UPDATE job_item SET state = 'skipped', code = $2, message = $3, at = $4 "
         "WHERE job_id = $1 AND state = 'pending'");
DB_WRITE(job_item_renew, "ub", "",
         "UPDATE job_item SET state = 'pending', code = NULL, message = NULL, version = NULL, "
         "changes = NULL, at = NULL WHERE job_id = $1 AND (state = 'skipped' "
         "OR ($2 AND state = 'failed'))");
DB_WRITE(job_item_count, "u", "iiii",
         "SELECT count(*), count(*) FILTER (WHERE state = 'done'), "
         "count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'skipped') "
         "FROM job_item WHERE job_id = $1");

enum err job_item_store_add(struct db_session *s, struct str job_id, int64_t ordinal,
                            const struct str *subjects, size_t n, int64_t *added)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_item_insert, &rows, DB_STR(job_id), DB_INT(ordinal),
                           DB_STR_ARRAY(subjects, n));

    if (rc == ERR_OK)
        *added = db_affected(rows);
    return rc;
}

enum err job_item_store_page(struct db_session *s, const struct job_item_query *q,
                             struct job_item **out, size_t *count, int64_t *total)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_item_page, &rows, DB_STR(q->job_id), DB_STR(q->state),
                           DB_INT(q->after_ordinal), DB_INT(q->skip), DB_INT(q->limit));

    if (rc)
        return rc;
    *total = db_get_int(rows, 0, 0);
    *out = ARENA_ARRAY(s->arena, struct job_item, db_rows(rows));
    *count = 0;
    for (size_t i = 0; i < db_rows(rows); i++) {
        if (db_is_null(rows, i, 1))
            continue;
        (*out)[(*count)++] = (struct job_item){
            .ordinal = db_get_int(rows, i, 1),
            .subject = db_get_str(rows, i, 2),
            .state = job_item_state_parse(db_get_str(rows, i, 3)),
            .code = db_get_str(rows, i, 4),
            .message = db_get_str(rows, i, 5),
            .version = db_get_int(rows, i, 6),
            .changes_json = db_get_str(rows, i, 7),
            .at = db_get_time(rows, i, 8),
        };
    }
    return ERR_OK;
}

/* ---- for workers -------------------------------------------------------------------------- */

static struct job_item pending_at(const struct db_result *rows, size_t row)
{
    return (struct job_item){.ordinal = db_get_int(rows, row, 0),
                             .subject = db_get_str(rows, row, 1),
                             .version = JOB_NONE};
}

enum err job_item_store_claim(struct db_session *s, struct str job_id, int64_t after_ordinal,
                              struct job_item *out, bool *found)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_item_claim, &rows, DB_STR(job_id), DB_INT(after_ordinal));

    if (rc)
        return rc;
    *found = db_rows(rows) > 0;
    if (*found)
        *out = pending_at(rows, 0);
    return ERR_OK;
}

enum err job_item_store_claim_all(struct db_session *s, struct str job_id, struct job_item **out,
                                  size_t *count)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_item_claim_all, &rows, DB_STR(job_id));

    if (rc)
        return rc;
    *count = db_rows(rows);
    *out = ARENA_ARRAY(s->arena, struct job_item, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = pending_at(rows, i);
    return ERR_OK;
}

enum err job_item_store_put(struct db_session *s, struct str job_id, const struct job_item *i)
{
    return db_query(s, &job_item_put, NULL, DB_STR(job_id), DB_INT(i->ordinal),
                    DB_STR(job_item_state_word(i->state)), DB_STR(i->code), DB_STR(i->message),
                    DB_OPT_INT(i->version), DB_STR(i->changes_json), DB_TIME(i->at));
}

enum err job_item_store_skip(struct db_session *s, struct str job_id, struct str code,
                             struct str message, int64_t now, int64_t *skipped)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_item_lock_rest, &rows, DB_STR(job_id));

    if (rc == ERR_OK)
        rc = db_query(s, &job_item_skip, &rows, DB_STR(job_id), DB_STR(code), DB_STR(message),
                      DB_TIME(now));
    *skipped = rc ? 0 : db_affected(rows);
    return rc;
}

enum err job_item_store_renew(struct db_session *s, struct str job_id, bool with_failed,
                              int64_t *renewed)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_item_renew, &rows, DB_STR(job_id), DB_BOOL(with_failed));

    *renewed = rc ? 0 : db_affected(rows);
    return rc;
}

enum err job_item_store_count(struct db_session *s, struct str job_id, struct job_counts *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_item_count, &rows, DB_STR(job_id));

    if (rc == ERR_OK)
        *out = (struct job_counts){db_get_int(rows, 0, 0), db_get_int(rows, 0, 1),
                                   db_get_int(rows, 0, 2), db_get_int(rows, 0, 3)};
    return rc;
}
