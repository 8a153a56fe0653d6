#include "outbox_store.h"

#include <string.h>

#define COLUMNS 9 /* as OUTBOX_CTE takes them */

struct db_value outbox_columns(struct arena *a, const struct outbox_entry *entries, size_t n)
{
    struct str *columns = ARENA_ARRAY(a, struct str, n * COLUMNS);
    for (size_t i = 0; i < n; i++) {
        const struct outbox_entry *e = &entries[i];
        const struct str row[COLUMNS] = {e->message_id,     e->exchange, e->routing_key,
                                         e->correlation_id, e->type,     e->content_type,
                                         e->headers_json,   e->body,     e->key};
        memcpy(columns + i * COLUMNS, row, sizeof row);
    }
    return DB_STR_ARRAY(columns, n * COLUMNS);
}

/* One statement for the usual few, one for many: as in OUTBOX_CTE, how many there may be is a
 * constant. */
DB_WRITE(outbox_insert_few, "T", "", "WITH " OUTBOX_CTE("$1") " SELECT");
DB_WRITE(outbox_insert_many, "T", "",
         "WITH " OUTBOX_CTE_OF("$1", "generate_series(1, 568, 9)") " SELECT");

DB_READ(outbox_backlog_stmt, "", "id",
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 "
        "FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 10000) o");

DB_WRITE(outbox_lock_stmt, "", "b",
         "SELECT pg_try_advisory_xact_lock(hashtextextended('outbox:' || current_schema(), 0))");

/*
 * Order holds per key and destination: the queue on the default exchange, else the exchange. A
 * fresh row waits behind every failed one before it; of the failed ones only the first is tried.
 */
DB_WRITE(outbox_batch_stmt, "i", "ittttttjttiiyt",
         "SELECT id, message_id, exchange, routing_key, correlation_id, type, content_type, "
         "headers, body, key, extract(epoch FROM created_at)::bigint, attempts::bigint, raw, "
         "content_encoding FROM ("
         "(SELECT * FROM outbox WHERE retry_at IS NULL ORDER BY id LIMIT $1) UNION ALL "
         "(SELECT * FROM outbox WHERE retry_at <= now() ORDER BY retry_at LIMIT $1)) o "
         "WHERE NOT EXISTS (SELECT FROM outbox f WHERE f.key = o.key AND f.id < o.id "
         "AND f.retry_at IS NOT NULL AND f.exchange = o.exchange "
         "AND (f.exchange <> '' OR f.routing_key = o.routing_key)) ORDER BY id LIMIT $1");

DB_WRITE(outbox_delete_stmt, "I", "", "DELETE FROM outbox WHERE id = ANY ($1)");

DB_WRITE_PLANNED(
    outbox_put_off_stmt, "IT", "",
    "UPDATE outbox o SET attempts = attempts + 1, last_error = f.error, retry_at = "
    "clock_timestamp() + make_interval(secs => least(15, power(2, least(attempts, 4)))) "
    "FROM unnest($1::bigint[], $2::text[]) AS f (id, error) WHERE o.id = f.id");

enum err outbox_store_insert(struct db_session *s, const struct outbox_entry *entries, size_t n)
{
    return db_send(s, n <= OUTBOX_ROWS_MAX ? &outbox_insert_few : &outbox_insert_many,
                   outbox_columns(s->arena, entries, n));
}

enum err outbox_store_backlog(struct db_session *s, int64_t *pending, double *oldest_s)
{
    struct db_result *r;
    enum err rc = db_query(s, &outbox_backlog_stmt, &r);
    if (rc)
        return rc;
    *pending = db_get_int(r, 0, 0);
    *oldest_s = db_get_double(r, 0, 1);
    return ERR_OK;
}

enum err outbox_store_lock(struct db_session *s, bool *is_mine)
{
    struct db_result *r;
    enum err rc = db_query(s, &outbox_lock_stmt, &r);
    if (rc)
        return rc;
    *is_mine = db_get_bool(r, 0, 0);
    return ERR_OK;
}

static void read_row(const struct db_result *r, size_t i, struct outbox_row *row)
{
    row->id = db_get_int(r, i, 0);
    row->entry = (struct outbox_entry){
        .message_id = db_get_str(r, i, 1),
        .exchange = db_get_str(r, i, 2),
        .routing_key = db_get_str(r, i, 3),
        .correlation_id = db_get_str(r, i, 4),
        .type = db_get_str(r, i, 5),
        .content_type = db_get_str(r, i, 6),
        .headers_json = db_get_str(r, i, 7),
        .body = db_get_str(r, i, 8),
        .key = db_get_str(r, i, 9),
    };
    row->created_s = db_get_int(r, i, 10);
    row->attempts = db_get_int(r, i, 11);
    row->raw = db_get_str(r, i, 12);
    row->content_encoding = db_get_str(r, i, 13);
}

enum err outbox_store_batch(struct db_session *s, int64_t limit, struct outbox_row **rows,
                            size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &outbox_batch_stmt, &r, DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    *rows = ARENA_ARRAY(s->arena, struct outbox_row, *count);
    for (size_t i = 0; i < *count; i++)
        read_row(r, i, &(*rows)[i]);
    return ERR_OK;
}

enum err outbox_store_delete(struct db_session *s, const int64_t *ids, size_t n)
{
    return db_send(s, &outbox_delete_stmt, DB_INT_ARRAY(ids, n));
}

enum err outbox_store_put_off(struct db_session *s, const int64_t *ids, const struct str *errors,
                              size_t n)
{
    return db_query(s, &outbox_put_off_stmt, NULL, DB_INT_ARRAY(ids, n), DB_STR_ARRAY(errors, n));
}
