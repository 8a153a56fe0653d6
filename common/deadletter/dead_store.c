#include "dead_store.h"

#include <string.h>

#include "inbox.h"
#include "json.h"
#include "outbox.h"

/* ---- queues ------------------------------------------------------------------------------- */

DB_WRITE(dead_add_queues, "T", "",
         "INSERT INTO dead_queue (name) SELECT unnest($1) ON CONFLICT DO NOTHING");
DB_READ(dead_queues, "", "T",
        "SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM dead_queue");

enum err dead_store_add_queues(struct db_session *s, const struct str *names, size_t count)
{
    return db_query(s, &dead_add_queues, NULL, DB_STR_ARRAY(names, count));
}

enum err dead_store_queues(struct db_session *s, const struct str **names, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &dead_queues, &r);
    if (rc == ERR_OK)
        *count = db_get_str_array(r, 0, 0, names);
    return rc;
}

/* ---- putting ------------------------------------------------------------------------------ */

/* PostgreSQL's text and JSON hold neither NUL nor anything but UTF-8: such bytes become '?'. */
static struct str scrub(struct arena *a, struct str s)
{
    if (!s.p || (str_is_utf8(s) && !memchr(s.p, 0, s.len)))
        return s;
    char *copy = str_cstr(a, s);
    bool is_text = str_is_utf8(s);
    for (size_t i = 0; i < s.len; i++)
        if (copy[i] == 0 || (!is_text && (copy[i] & 0x80)))
            copy[i] = '?';
    return str_n(copy, s.len);
}

static void write_header(struct json_writer *w, struct arena *a, const struct mq_header *h)
{
    jw_key(w, scrub(a, h->name));
    switch (h->kind) {
    case MQ_HEADER_STR:
        jw_str(w, scrub(a, h->value));
        break;
    case MQ_HEADER_INT:
    case MQ_HEADER_BOOL:
        jw_raw(w, h->value);
        break;
    case MQ_HEADER_NULL:
        jw_raw(w, STR("null"));
        break;
    }
}

static struct str headers_json(struct arena *a, const struct mq_message *m)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    for (size_t i = 0; i < m->header_count; i++)
        write_header(&w, a, &m->headers[i]);
    jw_end_object(&w);
    return buf_str(&b);
}

DB_WRITE(dead_put, "ttttttttjytiz", "",
         "INSERT INTO dead_letter (stamp, queue, message_id, correlation_id, type, kind,"
         " content_type, content_encoding, headers, body, reason, attempts, failed_at)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
         " ON CONFLICT (stamp) DO NOTHING");

enum err dead_store_put(struct db_session *s, const struct mq_message *m, struct str queue,
                        int64_t now)
{
    struct arena *a = s->arena;
    struct str kind = mq_header_get(m, "task"), reason = mq_header_get(m, "x-tts-reason");
    int64_t attempts;
    if (!kind.p)
        kind = m->type.p ? m->type : STR("");
    if (!reason.p)
        reason = STR("the broker gave it up after too many deliveries");
    if (!str_to_i64(mq_header_get(m, "x-tts-attempt"), &attempts))
        attempts = 0;
    return db_query(s, &dead_put, NULL, DB_STR(scrub(a, mq_header_get(m, "x-tts-dead"))),
                    DB_STR(queue), DB_STR(scrub(a, inbox_message_id(a, m))),
                    DB_STR(scrub(a, m->correlation_id)), DB_STR(scrub(a, m->type)),
                    DB_STR(scrub(a, kind)), DB_STR(scrub(a, m->content_type)),
                    DB_STR(scrub(a, m->content_encoding)), DB_STR(headers_json(a, m)),
                    DB_STR(m->body), DB_STR(scrub(a, reason)), DB_INT(attempts), DB_TIME(now));
}

/* ---- listing ------------------------------------------------------------------------------ */

DB_READ(dead_list, "tiiii", "iitttttjtyiiz",
        "SELECT c.total, d.id, d.queue, d.message_id, d.correlation_id, d.kind, d.content_type,"
        " d.headers, d.reason, substring(d.body FOR $5::int), length(d.body)::bigint, d.attempts,"
        " d.failed_at FROM (SELECT CASE WHEN $2 IS NULL THEN (SELECT count(*) FROM (SELECT 1"
        "  FROM dead_letter d WHERE ($1 IS NULL OR d.queue = $1) LIMIT 10001) x) END AS total) c"
        " LEFT JOIN LATERAL (SELECT * FROM dead_letter d WHERE ($1 IS NULL OR d.queue = $1)"
        "  AND d.id < coalesce($2, 9223372036854775807) ORDER BY d.id DESC LIMIT $3 OFFSET $4) d"
        " ON true ORDER BY d.id DESC");

/* Without the part of a character that the limit has cut off. */
static struct str shown_body(struct arena *a, struct str body, int64_t size)
{
    size_t cut = 0;
    if (size > (int64_t)body.len)
        while (cut < 3 && cut < body.len && !str_is_utf8(str_slice(body, 0, body.len - cut)))
            cut++;
    struct str whole = str_slice(body, 0, body.len - cut);
    return scrub(a, str_is_utf8(whole) ? whole : body);
}

enum err dead_store_list(struct db_session *s, struct str queue, int64_t before_id, int64_t limit,
                         int64_t skip, struct dead_letter **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &dead_list, &r, DB_STR(queue), DB_OPT_INT(before_id), DB_INT(limit),
                           DB_INT(skip), DB_INT(DEAD_SHOWN_BYTES));
    if (rc)
        return rc;
    *total = db_get_int(r, 0, 0);
    *count = db_is_null(r, 0, 1) ? 0 : db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct dead_letter, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct dead_letter){
            .id = db_get_int(r, i, 1),
            .queue = db_get_str(r, i, 2),
            .message_id = db_get_str(r, i, 3),
            .correlation_id = db_get_str(r, i, 4),
            .kind = db_get_str(r, i, 5),
            .content_type = db_get_str(r, i, 6),
            .headers = db_get_str(r, i, 7),
            .reason = db_get_str(r, i, 8),
            .body = shown_body(s->arena, db_get_str(r, i, 9), db_get_int(r, i, 10)),
            .body_size = db_get_int(r, i, 10),
            .attempts = db_get_int(r, i, 11),
            .failed_at = db_get_time(r, i, 12),
        };
    return ERR_OK;
}

/* ---- putting back and removing ------------------------------------------------------------ */

/* $1 ids, else $2 queue, else all; $3 at most. */
#define CHOSEN "($1 IS NULL OR d.id = ANY ($1)) AND ($1 IS NOT NULL OR $2 IS NULL OR d.queue = $2)"
#define LOCKED "SELECT d.* FROM dead_letter d WHERE " CHOSEN " ORDER BY d.id LIMIT $3 FOR UPDATE"

DB_WRITE_PLANNED(
    dead_replay, "Iti", "i",
    "WITH chosen AS MATERIALIZED (" LOCKED "),"
    " begun AS (DELETE FROM inbox i USING chosen c WHERE i.consumer = c.queue"
    "  AND i.message_id = c.message_id AND i.processed_at IS NULL),"
    " put AS (INSERT INTO outbox (message_id, exchange, routing_key, correlation_id, type,"
    "   content_type, headers, body, raw, content_encoding, key)"
    "  SELECT coalesce(message_id, gen_random_uuid()::text), '', queue, correlation_id, type,"
    "   coalesce(content_type, 'application/octet-stream'), headers"
    "    - '{x-tts-attempt,x-tts-queue,x-tts-reason,x-tts-dead}'::text[], '', body,"
    "   content_encoding, 'dead letters of ' || queue FROM chosen ORDER BY id),"
    " gone AS (DELETE FROM dead_letter WHERE id IN (SELECT id FROM chosen)) "
    "SELECT count(*) FROM chosen");

DB_WRITE_PLANNED(dead_purge, "Iti", "i",
                 "WITH chosen AS MATERIALIZED (" LOCKED "),"
                 " gone AS (DELETE FROM dead_letter WHERE id IN (SELECT id FROM chosen)) "
                 "SELECT count(*) FROM chosen");

DB_WRITE_PLANNED(dead_left, "Iti", "i",
                 "SELECT count(*) FROM (SELECT 1 FROM dead_letter d WHERE " CHOSEN " LIMIT $3) x");

static enum err CO_FN run(struct db_session *s, const struct db_stmt *stmt,
                          const struct dead_choice *c, int64_t limit, int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, c->ids ? DB_INT_ARRAY(c->ids, c->id_count) : DB_NULL,
                           DB_STR(c->queue), DB_INT(limit));
    if (rc == ERR_OK)
        *count = db_get_int(r, 0, 0);
    return rc;
}

enum err dead_store_replay(struct db_session *s, const struct dead_choice *c, int64_t *count)
{
    enum err rc = run(s, &dead_replay, c, DEAD_ROUND, count);
    if (rc == ERR_OK && *count)
        outbox_written(s);
    return rc;
}

enum err dead_store_purge(struct db_session *s, const struct dead_choice *c, int64_t *count)
{
    return run(s, &dead_purge, c, DEAD_ROUND, count);
}

enum err dead_store_left(struct db_session *s, const struct dead_choice *c, int64_t *count)
{
    return run(s, &dead_left, c, 10000, count);
}
