#include "store/delivery_store.h"

DB_WRITE(insert_delivery, "ittbz", "",
         "INSERT INTO delivery (notification_id, channel, recipient, next_attempt_at, created_at)"
         " SELECT $1, $2, $3, $5, $5 WHERE NOT ($4 AND EXISTS"
         " (SELECT FROM notification n JOIN preference p ON p.user_id = n.user_id WHERE n.id = $1"
         "  AND NOT CASE $2 WHEN 'email' THEN p.email_enabled WHEN 'sms' THEN p.sms_enabled"
         "   ELSE p.push_enabled END))");

DB_WRITE(claim_deliveries, "zii", "inttttttz",
         "WITH due AS (SELECT id FROM delivery WHERE status = 'pending' AND next_attempt_at <= $1"
         "  ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)"
         " UPDATE delivery d SET attempts = attempts + 1,"
         "  next_attempt_at = $1 + $2 * interval '1 second'"
         " FROM due, notification n LEFT JOIN person p ON p.id = n.user_id"
         " WHERE d.id = due.id AND n.id = d.notification_id"
         " RETURNING d.id, d.attempts, d.channel, n.title, n.message, n.ticket_number,"
         " coalesce(d.recipient, CASE WHEN d.channel = 'email' THEN p.email END),"
         " p.name, n.created_at");

DB_WRITE(delivery_succeeded, "iz", "",
         "UPDATE delivery SET status = 'sent', sent_at = $2, last_error = NULL WHERE id = $1");

DB_WRITE(delivery_has_failed, "itz", "",
         "UPDATE delivery SET last_error = $2, next_attempt_at = coalesce($3, next_attempt_at),"
         " status = CASE WHEN $3 IS NULL THEN 'failed' ELSE 'pending' END WHERE id = $1");

DB_READ(count_deliveries, "", "ti",
        "SELECT coalesce(d.status, 'sent') AS status, count(*) FROM notification n"
        " LEFT JOIN delivery d ON d.notification_id = n.id AND d.channel = n.channel"
        " GROUP BY 1 ORDER BY 1");

enum err delivery_store_add(struct db_session *s, const struct new_delivery *d)
{
    return db_query(s, &insert_delivery, NULL, DB_INT(d->notification_id), DB_STR(d->channel),
                    DB_STR(d->recipient), DB_BOOL(d->is_optional), DB_TIME(d->now));
}

enum err delivery_store_claim(struct db_session *s, int64_t now, int64_t lease_s, int64_t limit,
                              const struct delivery **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &claim_deliveries, &r, DB_TIME(now), DB_INT(lease_s), DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct delivery *items = ARENA_ARRAY(s->arena, struct delivery, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct delivery){
            .id = db_get_int(r, i, 0),
            .attempts = db_get_int(r, i, 1),
            .channel = db_get_str(r, i, 2),
            .title = db_get_str(r, i, 3),
            .message = db_get_str(r, i, 4),
            .ticket_number = db_get_str(r, i, 5),
            .address = db_get_str(r, i, 6),
            .name = db_get_str(r, i, 7),
            .created_at = db_get_time(r, i, 8),
        };
    *out = items;
    return ERR_OK;
}

enum err delivery_store_sent(struct db_session *s, int64_t id, int64_t now)
{
    return db_query(s, &delivery_succeeded, NULL, DB_INT(id), DB_TIME(now));
}

enum err delivery_store_failed(struct db_session *s, int64_t id, struct str why, int64_t retry_at)
{
    return db_query(s, &delivery_has_failed, NULL, DB_INT(id), DB_STR(why), DB_TIME(retry_at));
}

enum err delivery_store_counts(struct db_session *s, const struct delivery_count **out,
                               size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &count_deliveries, &r);
    if (rc)
        return rc;
    *count = db_rows(r);
    struct delivery_count *items = ARENA_ARRAY(s->arena, struct delivery_count, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct delivery_count){db_get_str(r, i, 0), db_get_int(r, i, 1)};
    *out = items;
    return ERR_OK;
}
