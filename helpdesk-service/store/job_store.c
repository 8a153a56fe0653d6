#include "store/job_store.h"

#include "arena.h"
#include "buf.h"
#include "json.h"

#define COLS                                                                                       \
    "j.seq, j.id, j.kind, j.state::text, j.is_atomic, j.is_dry_run, j.is_planned, j.total, "       \
    "j.done, j.failed, j.skipped, j.error, j.created_by, j.created_by_name, j.scope, j.trace_id, " \
    "j.request_id, j.created_at, j.started_at, j.finished_at, j.expires_at"
#define COL_TYPES                                                                                  \
    "iuttbbbiiiititttt"                                                                            \
    "zzzz"
enum { COL_COUNT = 21 };

#define PURGE_MAX 20

DB_WRITE(
    job_insert, "utbbjitjtttzi", "i",
    "INSERT INTO job (id, kind, is_atomic, is_dry_run, params, created_by, created_by_name, "
    "roles, scope, trace_id, request_id, created_at, turn_at) "
    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12 "
    "WHERE (SELECT count(*) FROM job WHERE created_by = $6 AND state IN ('queued', 'running')) "
    "< $13 RETURNING seq");
DB_READ(job_by_id, "u", COL_TYPES, "SELECT " COLS " FROM job j WHERE j.id = $1");
DB_WRITE(job_lock, "u", COL_TYPES, "SELECT " COLS " FROM job j WHERE j.id = $1 FOR UPDATE");
/* Whose jobs and in which state, each by its own index. */
#define PAGE(matches)                                                                              \
    "SELECT n.total, " COLS                                                                        \
    " FROM (SELECT (SELECT count(*) FROM (SELECT 1 FROM job j WHERE " matches                      \
    " LIMIT 10001) m) AS total) n LEFT JOIN LATERAL (SELECT j.* FROM job j WHERE " matches         \
    " ORDER BY j.seq DESC OFFSET $3 LIMIT $4) j ON true ORDER BY j.seq DESC"
#define BEHIND(matches)                                                                            \
    "SELECT NULL::bigint, " COLS " FROM job j WHERE " matches                                      \
    " AND j.seq < $3 ORDER BY j.seq DESC LIMIT $4"
#define OWN "j.created_by = $1 AND ($2::text IS NULL OR j.state = $2::job_state)"
#define ALL "$1::bigint IS NULL AND $2::text IS NULL"
#define ALL_IN_STATE "$1::bigint IS NULL AND j.state = $2::job_state"
DB_READ(job_page_own, "itii", "i" COL_TYPES, PAGE(OWN));
DB_READ(job_page_all, "itii", "i" COL_TYPES, PAGE(ALL));
DB_READ(job_page_all_in_state, "itii", "i" COL_TYPES, PAGE(ALL_IN_STATE));
DB_READ(job_behind_own, "itii", "i" COL_TYPES, BEHIND(OWN));
DB_READ(job_behind_all, "itii", "i" COL_TYPES, BEHIND(ALL));
DB_READ(job_behind_all_in_state, "itii", "i" COL_TYPES, BEHIND(ALL_IN_STATE));

DB_WRITE(
    job_take, "zT", COL_TYPES "jt",
    "UPDATE job j SET turn_at = $1, state = 'running', started_at = COALESCE(j.started_at, $1) "
    "WHERE j.id = (SELECT x.id FROM job x WHERE x.state IN ('queued', 'running') "
    "AND x.kind = ANY ($2) ORDER BY x.turn_at, x.seq LIMIT 1 FOR UPDATE SKIP LOCKED) "
    "RETURNING " COLS ", j.params, j.position");
DB_WRITE(job_hold, "u", "n",
         "SELECT 1 FROM job WHERE id = $1 AND state = 'running' FOR UPDATE SKIP LOCKED");
DB_WRITE(job_set_position, "utbi", "",
         "UPDATE job SET position = $2, is_planned = $3, total = total + $4 WHERE id = $1");
/* Replicas count at different moments; what is dealt with stays so. */
DB_WRITE(job_count, "uz", "iiib",
         "UPDATE job j SET done = GREATEST(j.done, n.done), failed = GREATEST(j.failed, n.failed), "
         "skipped = GREATEST(j.skipped, n.skipped), progress_at = CASE WHEN "
         "COALESCE(j.progress_at, j.created_at) <= $2 - interval '1 second' THEN $2 "
         "ELSE j.progress_at END "
         "FROM (SELECT count(*) FILTER (WHERE state = 'done') AS done, "
         "count(*) FILTER (WHERE state = 'failed') AS failed, "
         "count(*) FILTER (WHERE state = 'skipped') AS skipped FROM job_item WHERE job_id = $1) n "
         "WHERE j.id = $1 AND j.state = 'running' "
         "RETURNING j.done, j.failed, j.skipped, j.progress_at IS NOT DISTINCT FROM $2");
DB_WRITE(job_finish, "utiiiitzz", "",
         "UPDATE job SET state = $2::job_state, total = $3, done = $4, failed = $5, skipped = $6, "
         "error = $7, finished_at = $8, expires_at = $9 WHERE id = $1");
DB_WRITE(job_requeue, "uiiiiz", "",
         "UPDATE job SET state = 'queued', total = $2, done = $3, failed = $4, skipped = $5, "
         "error = NULL, finished_at = NULL, expires_at = NULL, turn_at = $6 WHERE id = $1");
DB_WRITE_PLANNED(job_purge, "zi", "",
                 "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE expires_at < $1 "
                 "ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)");

static void from_row(const struct db_result *rows, size_t row, int c, struct job *j)
{
    *j = (struct job){
        .seq = db_get_int(rows, row, c),
        .id = db_get_str(rows, row, c + 1),
        .kind = db_get_str(rows, row, c + 2),
        .state = job_state_parse(db_get_str(rows, row, c + 3)),
        .is_atomic = db_get_bool(rows, row, c + 4),
        .is_dry_run = db_get_bool(rows, row, c + 5),
        .is_planned = db_get_bool(rows, row, c + 6),
        .counts = {db_get_int(rows, row, c + 7), db_get_int(rows, row, c + 8),
                   db_get_int(rows, row, c + 9), db_get_int(rows, row, c + 10)},
        .error = db_get_str(rows, row, c + 11),
        .created_by = db_get_int(rows, row, c + 12),
        .created_by_name = db_get_str(rows, row, c + 13),
        .scope = db_get_str(rows, row, c + 14),
        .trace_id = db_get_str(rows, row, c + 15),
        .request_id = db_get_str(rows, row, c + 16),
        .created_at = db_get_time(rows, row, c + 17),
        .started_at = db_get_time(rows, row, c + 18),
        .finished_at = db_get_time(rows, row, c + 19),
        .expires_at = db_get_time(rows, row, c + 20),
    };
}

static struct str roles_json(struct arena *a, const struct actor *actor)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < actor->role_count; i++) {
        jw_object(&w);
        JW_STR(&w, "system", actor->roles[i].system);
        JW_STR(&w, "role", actor->roles[i].role);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    return buf_str(&b);
}

enum err job_store_add(struct db_session *s, struct job *j, const struct actor *actor,
                       int64_t open_max)
{
    struct db_result *rows;
    enum err rc = db_query(
        s, &job_insert, &rows, DB_STR(j->id), DB_STR(j->kind), DB_BOOL(j->is_atomic),
        DB_BOOL(j->is_dry_run), DB_STR(j->params), DB_INT(j->created_by),
        DB_STR(j->created_by_name), DB_STR(roles_json(s->arena, actor)), DB_STR(j->scope),
        DB_STR(j->trace_id), DB_STR(j->request_id), DB_TIME(j->created_at), DB_INT(open_max));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_CONFLICT;
    j->seq = db_get_int(rows, 0, 0);
    return ERR_OK;
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool id_is_valid(struct str id)
{
    if (id.len != 36)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash ? id.p[i] != '-' : !strchr("0123456789abcdefABCDEF", id.p[i]))
            return false;
    }
    return true;
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, struct str id,
                               struct job *out)
{
    struct db_result *rows;
    enum err rc;

    if (!id_is_valid(id))
        return ERR_NOT_FOUND;
    rc = db_query(s, stmt, &rows, DB_STR(id));
    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, 0, out);
    return ERR_OK;
}

enum err job_store_get(struct db_session *s, struct str id, struct job *out)
{
    return read_one(s, &job_by_id, id, out);
}

enum err job_store_lock(struct db_session *s, struct str id, struct job *out)
{
    return read_one(s, &job_lock, id, out);
}

static const struct db_stmt *page_stmt(const struct job_query *q)
{
    bool is_first = q->before_seq == JOB_NONE;

    if (q->created_by != JOB_NONE)
        return is_first ? &job_page_own : &job_behind_own;
    if (q->state.p)
        return is_first ? &job_page_all_in_state : &job_behind_all_in_state;
    return is_first ? &job_page_all : &job_behind_all;
}

enum err job_store_page(struct db_session *s, const struct job_query *q, struct job **out,
                        size_t *count, int64_t *total)
{
    struct db_result *rows;
    enum err rc =
        db_query(s, page_stmt(q), &rows, DB_OPT_INT(q->created_by), DB_STR(q->state),
                 DB_INT(q->before_seq == JOB_NONE ? q->skip : q->before_seq), DB_INT(q->limit));

    if (rc)
        return rc;
    *total = db_rows(rows) ? db_get_int(rows, 0, 0) : JOB_NONE;
    *out = ARENA_ARRAY(s->arena, struct job, db_rows(rows) + 1);
    *count = 0;
    for (size_t i = 0; i < db_rows(rows); i++)
        if (!db_is_null(rows, i, 1))
            from_row(rows, i, 1, &(*out)[(*count)++]);
    return ERR_OK;
}

/* ---- for workers -------------------------------------------------------------------------- */

enum err job_store_take(struct db_session *s, const struct str *kinds, size_t n, int64_t now,
                        struct job *out)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_take, &rows, DB_TIME(now), DB_STR_ARRAY(kinds, n));

    if (rc)
        return rc;
    if (db_rows(rows) == 0)
        return ERR_NOT_FOUND;
    from_row(rows, 0, 0, out);
    out->params = db_get_str(rows, 0, COL_COUNT);
    out->position = db_get_str(rows, 0, COL_COUNT + 1);
    return ERR_OK;
}

enum err job_store_hold(struct db_session *s, struct str id, bool *held)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_hold, &rows, DB_STR(id));

    if (rc == ERR_OK)
        *held = db_rows(rows) > 0;
    return rc;
}

enum err job_store_planned(struct db_session *s, struct str id, struct str position,
                           bool is_complete, int64_t added)
{
    return db_query(s, &job_set_position, NULL, DB_STR(id), DB_STR(position), DB_BOOL(is_complete),
                    DB_INT(added));
}

enum err job_store_progress(struct db_session *s, struct job *j, int64_t now, bool *is_due)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_count, &rows, DB_STR(j->id), DB_TIME(now));

    *is_due = false;
    if (rc || db_rows(rows) == 0)
        return rc;
    j->counts.done = db_get_int(rows, 0, 0);
    j->counts.failed = db_get_int(rows, 0, 1);
    j->counts.skipped = db_get_int(rows, 0, 2);
    *is_due = db_get_bool(rows, 0, 3);
    return ERR_OK;
}

enum err job_store_finish(struct db_session *s, struct job *j, int64_t now, int64_t expires_at)
{
    j->finished_at = now;
    j->expires_at = expires_at;
    return db_query(s, &job_finish, NULL, DB_STR(j->id), DB_STR(job_state_word(j->state)),
                    DB_INT(j->counts.total), DB_INT(j->counts.done), DB_INT(j->counts.failed),
                    DB_INT(j->counts.skipped), DB_STR(j->error), DB_TIME(now), DB_TIME(expires_at));
}

enum err job_store_requeue(struct db_session *s, struct job *j, int64_t now)
{
    j->state = JOB_QUEUED;
    j->error = STR_NULL;
    j->finished_at = j->expires_at = JOB_NONE;
    return db_query(s, &job_requeue, NULL, DB_STR(j->id), DB_INT(j->counts.total),
                    DB_INT(j->counts.done), DB_INT(j->counts.failed), DB_INT(j->counts.skipped),
                    DB_TIME(now));
}

enum err job_store_purge(struct db_session *s, int64_t now, bool *more)
{
    struct db_result *rows;
    enum err rc = db_query(s, &job_purge, &rows, DB_TIME(now), DB_INT(PURGE_MAX));

    *more = rc == ERR_OK && db_affected(rows) == PURGE_MAX;
    return rc;
}
