#include "store/webhook_store.h"

#define COLS                                                                                       \
    "w.id, w.version, w.created_by, w.created_at, w.updated_at, w.url, w.description,"             \
    " w.event_types, w.header_names, w.is_enabled, w.disabled_reason, w.disabled_at, w.failures,"  \
    " w.failing_since, w.paused_until, w.last_success_at, w.last_failure_at,"                      \
    " w.previous_secret_until, w.headers, w.secret, w.previous_secret"
#define COL_TYPES "iiizzttTTbtznzzzzzyyy"

DB_WRITE(webhook_next, "", "i", "SELECT nextval(pg_get_serial_sequence('webhook', 'id'))");
DB_WRITE(webhook_insert, "iizttTTbtzyy", "",
         "INSERT INTO webhook (id, created_by, created_at, updated_at, url, description,"
         " event_types, header_names, is_enabled, disabled_reason, disabled_at, headers, secret)"
         " VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
DB_READ(webhook_by_id, "i", COL_TYPES, "SELECT " COLS " FROM webhook w WHERE w.id = $1");
DB_WRITE(webhook_locked, "i", COL_TYPES,
         "SELECT " COLS " FROM webhook w WHERE w.id = $1 FOR NO KEY UPDATE");
DB_WRITE(webhook_change, "ittTTybtziiyyzzz", "i",
         "UPDATE webhook SET url = $2, description = $3, event_types = $4, header_names = $5,"
         " headers = $6, is_enabled = $7, disabled_reason = $8, disabled_at = $9, failures = $10,"
         " version = version + $11, secret = $12, previous_secret = $13,"
         " previous_secret_until = $14, failing_since = $15, paused_until = NULL,"
         " updated_at = $16 WHERE id = $1 RETURNING version");
DB_WRITE(webhook_remove, "i", "", "DELETE FROM webhook WHERE id = $1");
DB_READ(webhook_page, "iii", COL_TYPES,
        "SELECT " COLS " FROM webhook w WHERE $1::bigint IS NULL OR w.id < $1"
        " ORDER BY w.id DESC OFFSET $2 LIMIT $3");
DB_READ(webhook_total, "", "i",
        "SELECT count(*) FROM (SELECT FROM webhook ORDER BY id LIMIT 10001) counted");
/* Hardly ever writes: the row is what all deliveries to the endpoint have in common. */
DB_WRITE(webhook_success, "iz", "",
         "UPDATE webhook SET failures = 0, failing_since = NULL, paused_until = NULL,"
         " last_success_at = $2 WHERE id = $1 AND (failing_since IS NOT NULL OR"
         " last_success_at IS NULL OR last_success_at < $2 - interval '10 seconds')");
DB_WRITE(webhook_failure, "inzzzbtz", "",
         "UPDATE webhook SET failures = $2, failing_since = $3, last_failure_at = $4,"
         " paused_until = $5, version = version + CASE WHEN $6 THEN 0 ELSE 1 END, is_enabled = $6,"
         " disabled_reason = $7, disabled_at = $8 WHERE id = $1");

static void from_row(const struct db_result *r, size_t i, struct webhook *w)
{
    *w = (struct webhook){
        .id = db_get_int(r, i, 0),
        .version = db_get_int(r, i, 1),
        .created_by = db_get_int(r, i, 2),
        .created_at = db_get_time(r, i, 3),
        .updated_at = db_get_time(r, i, 4),
        .url = db_get_str(r, i, 5),
        .description = db_get_str(r, i, 6),
        .is_enabled = db_get_bool(r, i, 9),
        .disabled_reason = db_get_str(r, i, 10),
        .disabled_at = db_get_time(r, i, 11),
        .failures = db_get_int(r, i, 12),
        .failing_since = db_get_time(r, i, 13),
        .paused_until = db_get_time(r, i, 14),
        .last_success_at = db_get_time(r, i, 15),
        .last_failure_at = db_get_time(r, i, 16),
        .previous_secret_until = db_get_time(r, i, 17),
        .headers = db_get_str(r, i, 18),
        .secret = db_get_str(r, i, 19),
        .previous_secret = db_get_str(r, i, 20),
    };
    w->event_type_count = db_get_str_array(r, i, 7, &w->event_types);
    w->header_count = db_get_str_array(r, i, 8, &w->header_names);
}

enum err webhook_store_next_id(struct db_session *s, int64_t *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &webhook_next, &r);
    if (rc == ERR_OK)
        *out = db_get_int(r, 0, 0);
    return rc;
}

enum err webhook_store_add(struct db_session *s, const struct webhook *w)
{
    return db_query(
        s, &webhook_insert, NULL, DB_INT(w->id), DB_INT(w->created_by), DB_TIME(w->created_at),
        DB_STR(w->url), DB_STR(w->description), DB_STR_ARRAY(w->event_types, w->event_type_count),
        DB_STR_ARRAY(w->header_names, w->header_count), DB_BOOL(w->is_enabled),
        DB_STR(w->disabled_reason), DB_TIME(w->disabled_at), DB_STR(w->headers), DB_STR(w->secret));
}

static enum err CO_FN read_one(struct db_session *s, const struct db_stmt *stmt, int64_t id,
                               struct webhook *out)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    from_row(r, 0, out);
    return ERR_OK;
}

enum err webhook_store_get(struct db_session *s, int64_t id, struct webhook *out)
{
    return read_one(s, &webhook_by_id, id, out);
}

enum err webhook_store_lock(struct db_session *s, int64_t id, struct webhook *out)
{
    return read_one(s, &webhook_locked, id, out);
}

enum err webhook_store_update(struct db_session *s, struct webhook *w)
{
    struct db_result *r;
    enum err rc = db_query(
        s, &webhook_change, &r, DB_INT(w->id), DB_STR(w->url), DB_STR(w->description),
        DB_STR_ARRAY(w->event_types, w->event_type_count),
        DB_STR_ARRAY(w->header_names, w->header_count), DB_STR(w->headers), DB_BOOL(w->is_enabled),
        DB_STR(w->disabled_reason), DB_TIME(w->disabled_at), DB_INT(w->failures), DB_INT(1),
        DB_STR(w->secret), DB_STR(w->previous_secret), DB_TIME(w->previous_secret_until),
        DB_TIME(w->failing_since), DB_TIME(w->updated_at));
    if (rc == ERR_OK)
        w->version = db_get_int(r, 0, 0);
    w->paused_until = INT64_MIN;
    return rc;
}

enum err webhook_store_delete(struct db_session *s, int64_t id)
{
    return db_query(s, &webhook_remove, NULL, DB_INT(id));
}

enum err webhook_store_list(struct db_session *s, int64_t before, int64_t skip, int64_t limit,
                            struct webhook_list *out)
{
    struct db_result *r, *counted;
    enum err rc = db_query(s, &webhook_page, &r, DB_OPT_INT(before), DB_INT(skip), DB_INT(limit));
    if (rc == ERR_OK)
        rc = db_query(s, &webhook_total, &counted);
    if (rc)
        return rc;
    struct webhook *items = ARENA_ARRAY(s->arena, struct webhook, db_rows(r) + 1);
    for (size_t i = 0; i < db_rows(r); i++)
        from_row(r, i, &items[i]);
    *out = (struct webhook_list){items, db_rows(r), db_get_int(counted, 0, 0)};
    return ERR_OK;
}

/* ---- health ------------------------------------------------------------------------------- */

enum err webhook_store_succeeded(struct db_session *s, int64_t id, int64_t now)
{
    return db_query(s, &webhook_success, NULL, DB_INT(id), DB_TIME(now));
}

enum err webhook_store_failed(struct db_session *s, struct webhook *w, int64_t now)
{
    w->last_failure_at = now;
    return db_query(s, &webhook_failure, NULL, DB_INT(w->id), DB_INT(w->failures),
                    DB_TIME(w->failing_since), DB_TIME(now), DB_TIME(w->paused_until),
                    DB_BOOL(w->is_enabled), DB_STR(w->disabled_reason), DB_TIME(w->disabled_at));
}
