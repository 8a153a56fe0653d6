#include "store/delivery_store.h"

#include "clock.h"

DB_WRITE(delivery_add, "iitttttzzi", "i",
         "INSERT INTO delivery (notification_id, user_id, channel, recipient, recipient_key,"
         " target, status, not_before, next_attempt_at, created_at, device_id)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10) RETURNING id");

/* The deliveries that count are those that go out in the hour or day before: the n-th newest must
 * be that old. */
#define NTH(limit)                                                                                 \
    "(SELECT not_before FROM delivery WHERE recipient_key = $1 AND channel = $2"                   \
    " AND status IN ('queued', 'sending', 'sent') ORDER BY not_before DESC OFFSET " limit          \
    " - 1 LIMIT 1)"
DB_WRITE(delivery_pace, "ttiiz", "z",
         "SELECT greatest($5,"
         " CASE WHEN $3 > 0 THEN " NTH("$3") " + interval '1 hour' END,"
                                             " CASE WHEN $4 > 0 THEN " NTH(
                                                 "$4") " + interval '1 day' END)");

DB_WRITE(delivery_claim, "zitT", "iinttttttjtttttiibz",
         "WITH due AS (SELECT id FROM delivery WHERE status IN ('queued', 'sending')"
         "  AND channel = $3 AND next_attempt_at <= $1 AND target <> ALL ($4)"
         "  ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
         " UPDATE delivery d SET status = 'sending', attempts = attempts + 1,"
         "  next_attempt_at = $1 + $2 * interval '1 second'"
         " FROM due, notification n LEFT JOIN person p ON p.id = n.user_id"
         " LEFT JOIN preference o ON o.user_id = n.user_id"
         " WHERE d.id = due.id AND n.id = d.notification_id"
         " RETURNING d.id, n.id, d.attempts, d.channel, n.type, n.title, n.message,"
         " n.ticket_number, n.template, n.facts, n.language, n.event_group,"
         " coalesce(d.recipient, CASE d.channel WHEN 'email' THEN p.email"
         "  WHEN 'sms' THEN o.phone END), p.name, d.target, n.user_id, d.device_id,"
         " coalesce(NOT p.active, false), n.created_at");

DB_WRITE(delivery_record, "intttzz", "",
         "WITH one AS (UPDATE delivery SET status = $3, last_error = $4,"
         "  sent_at = CASE $3 WHEN 'sent' THEN $6 END,"
         "  next_attempt_at = coalesce($7, next_attempt_at)"
         "  WHERE id = $1 AND status = 'sending' AND attempts = $2 RETURNING id),"
         " attempt AS (INSERT INTO delivery_attempt (delivery_id, number, ended_at, error)"
         "  SELECT id, $2, $6, $4 FROM one)"
         " UPDATE delivery SET status = $3, last_error = $4,"
         "  sent_at = CASE $3 WHEN 'sent' THEN $6 END"
         " WHERE digest_id = (SELECT id FROM one) AND status = 'collected' AND $5 = 'end'");

static struct db_value given(int64_t id)
{
    return id > 0 ? DB_INT(id) : DB_NULL;
}

enum err delivery_store_add(struct db_session *s, const struct new_delivery *d, int64_t *id)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &delivery_add, &r, DB_INT(d->notification_id), given(d->user_id),
                 DB_STR(d->channel), DB_STR(d->recipient), DB_STR(d->recipient_key),
                 DB_STR(d->target), DB_STR(d->is_collected ? STR("collected") : STR("queued")),
                 DB_TIME(d->not_before), DB_TIME(d->now), given(d->device_id));
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

enum err delivery_store_pace(struct db_session *s, struct str recipient_key, struct str channel,
                             const struct pace *pace, int64_t at, int64_t *out)
{
    struct db_result *r;
    *out = at;
    if (!pace->per_hour && !pace->per_day)
        return ERR_OK;
    enum err rc = db_query(s, &delivery_pace, &r, DB_STR(recipient_key), DB_STR(channel),
                           DB_INT(pace->per_hour), DB_INT(pace->per_day), DB_TIME(at));
    if (rc == ERR_OK)
        *out = db_get_time(r, 0, 0);
    return rc;
}

enum err delivery_store_claim(struct db_session *s, const struct claim *c, int64_t now,
                              struct delivery *out, bool *found)
{
    struct db_result *r;
    enum err rc = db_query(s, &delivery_claim, &r, DB_TIME(now), DB_INT(c->lease_s),
                           DB_STR(c->channel), DB_STR_ARRAY(c->busy, c->busy_count));
    if (rc)
        return rc;
    *found = db_rows(r) == 1;
    if (!*found)
        return ERR_OK;
    *out = (struct delivery){
        .id = db_get_int(r, 0, 0),
        .notification_id = db_get_int(r, 0, 1),
        .attempts = db_get_int(r, 0, 2),
        .channel = db_get_str(r, 0, 3),
        .type = db_get_str(r, 0, 4),
        .title = db_get_str(r, 0, 5),
        .message = db_get_str(r, 0, 6),
        .ticket_number = db_get_str(r, 0, 7),
        .template = db_get_str(r, 0, 8),
        .facts = db_get_str(r, 0, 9),
        .language = db_get_str(r, 0, 10),
        .event_group = db_get_str(r, 0, 11),
        .address = db_get_str(r, 0, 12),
        .name = db_get_str(r, 0, 13),
        .target = db_get_str(r, 0, 14),
        .user_id = db_get_int(r, 0, 15),
        .device_id = db_get_int(r, 0, 16),
        .is_inactive = db_get_bool(r, 0, 17),
        .created_at = db_get_time(r, 0, 18),
    };
    return ERR_OK;
}

enum err delivery_store_record(struct db_session *s, const struct delivery_outcome *o, int64_t now)
{
    static const char *const STATUS[] = {[DELIVERY_SENT] = "sent",
                                         [DELIVERY_RETRIED] = "queued",
                                         [DELIVERY_FAILED] = "failed",
                                         [DELIVERY_SUPPRESSED] = "suppressed"};
    bool is_end = o->end != DELIVERY_RETRIED;
    return db_query(s, &delivery_record, NULL, DB_INT(o->id), DB_INT(o->attempt),
                    DB_STR(str_from(STATUS[o->end])), DB_STR(o->why),
                    DB_STR(is_end ? STR("end") : STR("more")), DB_TIME(now),
                    DB_TIME(is_end ? INT64_MIN : o->retry_at));
}
