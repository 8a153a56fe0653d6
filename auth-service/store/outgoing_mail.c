#include "store/outgoing_mail.h"

DB_WRITE(outgoing_mail_insert, "uttijzz", "",
         "INSERT INTO outgoing_mail (message_id, kind, email, user_id, facts, next_attempt_at, "
         "created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)");
DB_WRITE(outgoing_mail_claim, "zi", "iuttijyizz",
         "WITH due AS (SELECT id FROM outgoing_mail WHERE next_attempt_at <= $1 "
         "ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) "
         "UPDATE outgoing_mail m SET attempts = attempts + 1, "
         "next_attempt_at = $1 + $2 * interval '1 second' FROM due WHERE m.id = due.id "
         "RETURNING m.id, m.message_id, m.kind, m.email, m.user_id, m.facts, m.message, "
         "m.attempts, m.created_at, m.expires_at");
DB_WRITE(outgoing_mail_keep, "iy", "",
         "UPDATE outgoing_mail SET message = $2 WHERE id = $1 AND message IS NULL");
DB_WRITE(outgoing_mail_put_off, "iz", "",
         "UPDATE outgoing_mail SET next_attempt_at = $2 WHERE id = $1");
DB_WRITE(outgoing_mail_delete, "i", "", "DELETE FROM outgoing_mail WHERE id = $1");

enum err CO_FN outgoing_mail_store_insert(struct db_session *s, const struct outgoing_mail *m)
{
    return db_query(s, &outgoing_mail_insert, NULL, DB_STR(m->message_id), DB_STR(m->kind),
                    DB_STR(m->email), DB_OPT_INT(m->user_id), DB_STR(m->facts),
                    DB_TIME(m->created_at), DB_TIME(m->expires_at));
}

enum err CO_FN outgoing_mail_store_claim(struct db_session *s, int64_t now, int64_t lease_s,
                                         struct outgoing_mail *out, bool *found)
{
    struct db_result *r;
    enum err rc = db_query(s, &outgoing_mail_claim, &r, DB_TIME(now), DB_INT(lease_s));
    if (rc)
        return rc;
    *found = db_rows(r) > 0;
    if (*found)
        *out = (struct outgoing_mail){
            .id = db_get_int(r, 0, 0),
            .message_id = db_get_str(r, 0, 1),
            .kind = db_get_str(r, 0, 2),
            .email = db_get_str(r, 0, 3),
            .user_id = db_get_int(r, 0, 4),
            .facts = db_get_str(r, 0, 5),
            .message = db_get_str(r, 0, 6),
            .attempts = db_get_int(r, 0, 7),
            .created_at = db_get_time(r, 0, 8),
            .expires_at = db_get_time(r, 0, 9),
        };
    return ERR_OK;
}

enum err CO_FN outgoing_mail_store_keep(struct db_session *s, int64_t id, struct str message,
                                        bool *kept)
{
    struct db_result *r;
    enum err rc = db_query(s, &outgoing_mail_keep, &r, DB_INT(id), DB_STR(message));
    if (rc)
        return rc;
    *kept = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN outgoing_mail_store_put_off(struct db_session *s, int64_t id, int64_t at)
{
    return db_query(s, &outgoing_mail_put_off, NULL, DB_INT(id), DB_TIME(at));
}

enum err CO_FN outgoing_mail_store_delete(struct db_session *s, int64_t id)
{
    return db_query(s, &outgoing_mail_delete, NULL, DB_INT(id));
}
