#include "store/webhook_delivery_store.h"

/* ---- messages ----------------------------------------------------------------------------- */

DB_WRITE(webhook_wanted, "Tt", "bi",
         "WITH wanted AS (SELECT FROM webhook WHERE event_types && $1 LIMIT 1),"
         " numbered AS (INSERT INTO webhook_subject (subject, seq)"
         "  SELECT $2, 1 FROM wanted WHERE $2 IS NOT NULL"
         "  ON CONFLICT (subject) DO UPDATE SET seq = webhook_subject.seq + 1 RETURNING seq)"
         " SELECT EXISTS (SELECT FROM wanted), (SELECT seq FROM numbered)");
#define INSERT_MESSAGE                                                                             \
    "WITH m AS (INSERT INTO webhook_message (message_id, type, body, patterns, created_at)"        \
    " VALUES ($1, $2, $3, $4, $5) RETURNING id)"                                                   \
    " INSERT INTO webhook_delivery (webhook_id, webhook_message, type, status, next_attempt_at,"   \
    "  created_at) SELECT w.id, m.id, $2, 'pending', $5, $5 FROM m, webhook w WHERE "
DB_WRITE(webhook_tell, "tttTz", "", INSERT_MESSAGE "w.event_types && $4 AND w.is_enabled");
DB_WRITE(webhook_tell_one, "tttTzi", "i", INSERT_MESSAGE "w.id = $6 RETURNING id");

enum err webhook_store_subscribed(struct db_session *s, const struct str *patterns, size_t count,
                                  struct str subject, bool *is_wanted, int64_t *seq)
{
    struct db_result *r;
    enum err rc = db_query(s, &webhook_wanted, &r, DB_STR_ARRAY(patterns, count), DB_STR(subject));
    if (rc)
        return rc;
    *is_wanted = db_get_bool(r, 0, 0);
    *seq = db_is_null(r, 0, 1) ? 0 : db_get_int(r, 0, 1);
    return ERR_OK;
}

enum err webhook_store_tell(struct db_session *s, const struct webhook_message *m)
{
    return db_query(s, &webhook_tell, NULL, DB_STR(m->message_id), DB_STR(m->type), DB_STR(m->body),
                    DB_STR_ARRAY(m->patterns, m->pattern_count), DB_TIME(m->now));
}

enum err webhook_store_tell_one(struct db_session *s, int64_t webhook_id,
                                const struct webhook_message *m, int64_t *id)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &webhook_tell_one, &r, DB_STR(m->message_id), DB_STR(m->type), DB_STR(m->body),
                 DB_STR_ARRAY(m->patterns, m->pattern_count), DB_TIME(m->now), DB_INT(webhook_id));
    if (rc == ERR_OK && db_rows(r) == 0)
        rc = ERR_NOT_FOUND;
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

/* ---- sending ------------------------------------------------------------------------------ */

DB_READ(webhooks_due, "z", "i",
        "SELECT w.id FROM webhook w WHERE w.is_enabled"
        " AND (w.paused_until IS NULL OR w.paused_until <= $1)"
        " AND EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_id = w.id"
        "  AND d.status = 'pending' AND d.next_attempt_at <= $1) ORDER BY w.id");
DB_WRITE(webhook_claim, "izi", "iiiitttyyy",
         "WITH due AS (SELECT d.id FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id"
         "  WHERE d.webhook_id = $1 AND d.status = 'pending' AND d.next_attempt_at <= $2"
         "  AND w.is_enabled AND (w.paused_until IS NULL OR w.paused_until <= $2)"
         "  ORDER BY d.next_attempt_at, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED)"
         " UPDATE webhook_delivery d SET attempts = attempts + 1,"
         "  next_attempt_at = $2 + $3 * interval '1 second'"
         " FROM due, webhook w, webhook_message m"
         " WHERE d.id = due.id AND w.id = d.webhook_id AND m.id = d.webhook_message"
         " RETURNING d.id, d.webhook_id, d.attempts::bigint, w.failures::bigint, m.message_id,"
         " m.body, w.url, w.secret, CASE WHEN w.previous_secret_until > $2 THEN w.previous_secret"
         " END, w.headers");
DB_WRITE(webhook_record, "iiznnttzz", "",
         "WITH done AS (UPDATE webhook_delivery SET last_status = $5, last_error = $6,"
         "  status = CASE WHEN $6 IS NULL THEN 'delivered' WHEN $8 IS NULL THEN 'failed'"
         "   ELSE 'pending' END,"
         "  next_attempt_at = CASE WHEN $6 IS NOT NULL THEN $8 END,"
         "  delivered_at = CASE WHEN $6 IS NULL THEN $9 ELSE delivered_at END"
         "  WHERE id = $1 AND attempts = $2 AND status = 'pending' RETURNING id)"
         " INSERT INTO webhook_attempt (delivery_id, started_at, duration_ms, status, error, reply)"
         " SELECT id, $3, $4, $5, $6, $7 FROM done");

enum err webhook_store_due(struct db_session *s, int64_t now, const int64_t **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &webhooks_due, &r, DB_TIME(now));
    if (rc)
        return rc;
    *count = db_rows(r);
    int64_t *ids = ARENA_ARRAY(s->arena, int64_t, *count + 1);
    for (size_t i = 0; i < *count; i++)
        ids[i] = db_get_int(r, i, 0);
    *out = ids;
    return ERR_OK;
}

enum err webhook_store_claim(struct db_session *s, int64_t webhook_id, int64_t now, int64_t lease_s,
                             struct webhook_due *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &webhook_claim, &r, DB_INT(webhook_id), DB_TIME(now), DB_INT(lease_s));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    *out = (struct webhook_due){
        .id = db_get_int(r, 0, 0),
        .webhook_id = db_get_int(r, 0, 1),
        .attempt = db_get_int(r, 0, 2),
        .failures = db_get_int(r, 0, 3),
        .message_id = db_get_str(r, 0, 4),
        .body = db_get_str(r, 0, 5),
        .url = db_get_str(r, 0, 6),
        .secret = db_get_str(r, 0, 7),
        .previous_secret = db_get_str(r, 0, 8),
        .headers = db_get_str(r, 0, 9),
    };
    return ERR_OK;
}

enum err webhook_store_record(struct db_session *s, const struct webhook_due *d,
                              const struct webhook_attempt *a, int64_t next_at)
{
    return db_query(s, &webhook_record, NULL, DB_INT(d->id), DB_INT(d->attempt),
                    DB_TIME(a->started_at), DB_INT(a->duration_ms), DB_OPT_INT(a->status),
                    DB_STR(a->error), DB_STR(a->reply), DB_TIME(next_at),
                    DB_TIME(a->started_at + a->duration_ms * 1000));
}

/* ---- the log ------------------------------------------------------------------------------ */

#define COLS                                                                                       \
    "d.id, d.webhook_id, d.attempts::bigint, d.created_at, m.message_id, d.type, d.status,"        \
    " d.next_attempt_at, d.last_status::bigint, d.delivered_at, d.last_error"
#define COL_TYPES                                                                                  \
    "iiizttt"                                                                                      \
    "zizt"
#define FROM " FROM webhook_delivery d JOIN webhook_message m ON m.id = d.webhook_message "

/* One statement for each way to filter: each then has its index. */
#define PAGE(var, condition)                                                                       \
    DB_READ(var, "ittiii", COL_TYPES,                                                              \
            "SELECT " COLS FROM "WHERE d.webhook_id = $1 " condition                               \
            " AND d.id < coalesce($4, 9223372036854775807) ORDER BY d.id DESC OFFSET $5 LIMIT $6")
#define NO_STATUS " AND $2::text IS NULL"
#define NO_TYPE " AND $3::text IS NULL"
PAGE(webhook_deliveries, NO_STATUS NO_TYPE);
PAGE(webhook_deliveries_of_status, "AND d.status = $2" NO_TYPE);
PAGE(webhook_deliveries_of_type, "AND d.type = $3" NO_STATUS);
PAGE(webhook_deliveries_of_both, "AND d.status = $2 AND d.type = $3");
#define COUNT(var, condition)                                                                      \
    DB_READ(                                                                                       \
        var, "itt", "i",                                                                           \
        "SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.webhook_id = $1 " condition  \
        " LIMIT 10001) counted")
COUNT(webhook_delivery_count, NO_STATUS NO_TYPE);
COUNT(webhook_delivery_count_of_status, "AND d.status = $2" NO_TYPE);
COUNT(webhook_delivery_count_of_type, "AND d.type = $3" NO_STATUS);
COUNT(webhook_delivery_count_of_both, "AND d.status = $2 AND d.type = $3");

static const struct {
    const struct db_stmt *page, *count;
} LISTS[] = {
    {&webhook_deliveries, &webhook_delivery_count},
    {&webhook_deliveries_of_status, &webhook_delivery_count_of_status},
    {&webhook_deliveries_of_type, &webhook_delivery_count_of_type},
    {&webhook_deliveries_of_both, &webhook_delivery_count_of_both},
};

DB_READ(webhook_delivery_by_id, "ii", COL_TYPES "t",
        "SELECT " COLS ", m.body" FROM "WHERE d.id = $2 AND d.webhook_id = $1");
DB_READ(webhook_attempts, "i", "iziitt",
        "SELECT * FROM (SELECT id, started_at, duration_ms::bigint, status::bigint, error, reply"
        " FROM webhook_attempt WHERE delivery_id = $1 ORDER BY id DESC LIMIT 100) newest"
        " ORDER BY id");

static void from_row(const struct db_result *r, size_t i, struct webhook_delivery *d)
{
    *d = (struct webhook_delivery){
        .id = db_get_int(r, i, 0),
        .webhook_id = db_get_int(r, i, 1),
        .attempts = db_get_int(r, i, 2),
        .created_at = db_get_time(r, i, 3),
        .message_id = db_get_str(r, i, 4),
        .type = db_get_str(r, i, 5),
        .status = db_get_str(r, i, 6),
        .next_attempt_at = db_get_time(r, i, 7),
        .last_status = db_get_int(r, i, 8),
        .delivered_at = db_get_time(r, i, 9),
        .last_error = db_get_str(r, i, 10),
    };
}

enum err webhook_store_deliveries(struct db_session *s, const struct webhook_delivery_filter *f,
                                  struct webhook_delivery_list *out)
{
    int which = (f->status.p ? 1 : 0) + (f->type.p ? 2 : 0);
    struct db_result *r, *counted;
    enum err rc =
        db_query(s, LISTS[which].page, &r, DB_INT(f->webhook_id), DB_STR(f->status),
                 DB_STR(f->type), DB_OPT_INT(f->before), DB_INT(f->skip), DB_INT(f->limit));
    *out = (struct webhook_delivery_list){0};
    if (rc == ERR_OK && f->before == INT64_MIN) {
        rc = db_query(s, LISTS[which].count, &counted, DB_INT(f->webhook_id), DB_STR(f->status),
                      DB_STR(f->type));
        if (rc == ERR_OK)
            out->total = db_get_int(counted, 0, 0);
    }
    if (rc)
        return rc;
    struct webhook_delivery *items = ARENA_ARRAY(s->arena, struct webhook_delivery, db_rows(r) + 1);
    for (size_t i = 0; i < db_rows(r); i++)
        from_row(r, i, &items[i]);
    out->items = items;
    out->count = db_rows(r);
    return ERR_OK;
}

enum err webhook_store_delivery(struct db_session *s, int64_t webhook_id, int64_t id,
                                struct webhook_delivery *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &webhook_delivery_by_id, &r, DB_INT(webhook_id), DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    from_row(r, 0, out);
    out->body = db_get_str(r, 0, 11);
    return ERR_OK;
}

enum err webhook_store_attempts(struct db_session *s, int64_t id,
                                const struct webhook_attempt **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &webhook_attempts, &r, DB_INT(id));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct webhook_attempt *items = ARENA_ARRAY(s->arena, struct webhook_attempt, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct webhook_attempt){
            .id = db_get_int(r, i, 0),
            .started_at = db_get_time(r, i, 1),
            .duration_ms = db_get_int(r, i, 2),
            .status = db_get_int(r, i, 3),
            .error = db_get_str(r, i, 4),
            .reply = db_get_str(r, i, 5),
        };
    *out = items;
    return ERR_OK;
}

/* ---- once more ---------------------------------------------------------------------------- */

#define ANEW "status = 'pending', attempts = 0, next_attempt_at = "

DB_WRITE(webhook_replay_one, "iiz", "b",
         "WITH one AS (SELECT id, status FROM webhook_delivery WHERE id = $2 AND webhook_id = $1"
         "  FOR UPDATE), again AS (UPDATE webhook_delivery d SET " ANEW "$3 FROM one"
         "  WHERE d.id = one.id AND one.status <> 'pending' RETURNING d.id)"
         " SELECT EXISTS (SELECT FROM again) FROM one");
DB_WRITE_PLANNED(
    webhook_replay_failed, "izziz", "",
    "UPDATE webhook_delivery d SET " ANEW "$5 WHERE d.id IN (SELECT id FROM webhook_delivery"
    " WHERE webhook_id = $1 AND status = 'failed' AND created_at >= $2 AND created_at < $3"
    " ORDER BY created_at, id LIMIT $4 FOR UPDATE)");
DB_WRITE_PLANNED(
    webhook_replay_missing, "izzizT", "",
    "INSERT INTO webhook_delivery (webhook_id, webhook_message, type, status, next_attempt_at,"
    " created_at) SELECT $1, m.id, m.type, 'pending', $5, m.created_at FROM webhook_message m"
    " WHERE m.created_at >= $2 AND m.created_at < $3 AND m.patterns && $6"
    " AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_message = m.id"
    "  AND d.webhook_id = $1) ORDER BY m.created_at, m.id LIMIT $4 ON CONFLICT DO NOTHING");
DB_WRITE_PLANNED(
    webhook_forget, "zi", "",
    "DELETE FROM webhook_message WHERE id = ANY (ARRAY(SELECT id FROM webhook_message"
    " WHERE created_at < $1 ORDER BY created_at, id LIMIT $2 FOR UPDATE SKIP LOCKED))");

enum err webhook_store_replay(struct db_session *s, int64_t webhook_id, int64_t id, int64_t now)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &webhook_replay_one, &r, DB_INT(webhook_id), DB_INT(id), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    return db_get_bool(r, 0, 0) ? ERR_OK : ERR_CONFLICT;
}

enum err webhook_store_replay_range(struct db_session *s, const struct webhook_replay *r,
                                    int64_t *count)
{
    struct db_result *failed, *missing;
    enum err rc = db_query(s, &webhook_replay_failed, &failed, DB_INT(r->webhook_id),
                           DB_TIME(r->since), DB_TIME(r->until), DB_INT(r->limit), DB_TIME(r->now));
    if (rc == ERR_OK)
        rc = db_query(s, &webhook_replay_missing, &missing, DB_INT(r->webhook_id),
                      DB_TIME(r->since), DB_TIME(r->until), DB_INT(r->limit), DB_TIME(r->now),
                      DB_STR_ARRAY(r->event_types, r->event_type_count));
    if (rc == ERR_OK)
        *count = db_affected(failed) + db_affected(missing);
    return rc;
}

enum err webhook_store_purge(struct db_session *s, int64_t before, int64_t limit, int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &webhook_forget, &r, DB_TIME(before), DB_INT(limit));
    if (rc == ERR_OK)
        *count = db_affected(r);
    return rc;
}
