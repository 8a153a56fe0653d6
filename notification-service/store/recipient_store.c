#include "store/recipient_store.h"

#include "store/matrix_row.h"

DB_WRITE(mailbox_lock, "i", "i", "SELECT unread FROM mailbox WHERE user_id = $1 FOR UPDATE");
DB_WRITE(mailbox_add, "i", "",
         "INSERT INTO mailbox (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING");
DB_WRITE(address_lock, "t", "i",
         "SELECT count(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 1003))) x");

#define ZONE "coalesce(o.time_zone, d.time_zone, 'UTC')"
#define QUIET_FROM "coalesce(o.quiet_from, d.quiet_from)"
#define DIGEST "coalesce(o.digest, d.digest, 'immediate')"

/* The functions of local time are planned with each call: only who needs them has them called. */
DB_READ(recipient_read, "iz", "tttbtbbbTTTTTtzz",
        "SELECT p.name, p.email, o.phone, coalesce(NOT p.active, false),"
        " coalesce(o.language, d.language), coalesce(o.email_enabled, true),"
        " coalesce(o.sms_enabled, true), coalesce(o.push_enabled, true), o.switched_on,"
        " o.switched_off, d.switched_on, d.switched_off, d.locked, " DIGEST ","
        " CASE WHEN " QUIET_FROM " IS NULL THEN $2 ELSE end_of_quiet($2, " ZONE ", " QUIET_FROM ","
        "  coalesce(o.quiet_to, d.quiet_to)) END,"
        " CASE WHEN " DIGEST " = 'daily' THEN"
        "  next_local_minute($2, " ZONE ", coalesce(o.digest_at, d.digest_at, 480)) END"
        " FROM (SELECT $1::bigint AS id) x LEFT JOIN person p ON p.id = x.id"
        " LEFT JOIN preference o ON o.user_id = x.id"
        " LEFT JOIN preference d ON d.user_id = 0");

static enum err CO_FN lock(struct db_session *s, int64_t user_id)
{
    struct db_result *r;
    enum err rc = db_query(s, &mailbox_lock, &r, DB_INT(user_id));
    if (rc || db_rows(r))
        return rc;
    rc = db_query(s, &mailbox_add, NULL, DB_INT(user_id));
    return rc ? rc : db_query(s, &mailbox_lock, &r, DB_INT(user_id));
}

static enum err CO_FN read(struct db_session *s, int64_t user_id, int64_t now,
                           struct recipient *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &recipient_read, &r, DB_INT(user_id), DB_TIME(now));
    if (rc)
        return rc;
    *out = (struct recipient){
        .user_id = user_id,
        .name = db_get_str(r, 0, 0),
        .email = db_get_str(r, 0, 1),
        .phone = db_get_str(r, 0, 2),
        .is_inactive = db_get_bool(r, 0, 3),
        .language = db_get_str(r, 0, 4),
        .wishes.is_channel_on = {[CHANNEL_IN_APP] = true,
                                 [CHANNEL_EMAIL] = db_get_bool(r, 0, 5),
                                 [CHANNEL_SMS] = db_get_bool(r, 0, 6),
                                 [CHANNEL_PUSH] = db_get_bool(r, 0, 7)},
        .digest = db_get_str(r, 0, 13),
        .quiet_until = db_get_time(r, 0, 14),
        .daily_at = db_get_time(r, 0, 15),
    };
    matrix_row_read(r, 8, true, &out->wishes.own);
    matrix_row_read(r, 9, false, &out->wishes.own);
    matrix_row_read(r, 10, true, &out->wishes.defaults);
    matrix_row_read(r, 11, false, &out->wishes.defaults);
    matrix_row_read(r, 12, true, &out->wishes.locked);
    return ERR_OK;
}

enum err recipient_store_lock(struct db_session *s, int64_t user_id, int64_t now,
                              struct recipient *out)
{
    enum err rc = lock(s, user_id);
    return rc ? rc : read(s, user_id, now, out);
}

enum err recipient_store_wishes(struct db_session *s, int64_t user_id, struct wishes *out)
{
    struct recipient who;
    enum err rc = read(s, user_id, 0, &who);
    if (rc == ERR_OK)
        *out = who.wishes;
    return rc;
}

enum err recipient_store_lock_address(struct db_session *s, struct str key)
{
    return db_query(s, &address_lock, NULL, DB_STR(key));
}
