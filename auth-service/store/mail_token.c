#include "store/mail_token.h"

DB_WRITE(mail_token_insert, "ytitzz", "",
         "INSERT INTO mail_token (hash, purpose, user_id, email, created_at, expires_at) "
         "VALUES ($1, $2, $3, $4, $5, $6)");
DB_READ(mail_token_recent, "itz", "b",
        "SELECT EXISTS (SELECT FROM mail_token WHERE user_id = $1 AND purpose = $2 "
        "AND created_at > $3)");
DB_READ(mail_token_find, "yt", "itzz",
        "SELECT user_id, email, expires_at, used_at FROM mail_token WHERE hash = $1 "
        "AND purpose = $2");
DB_WRITE(mail_token_use, "ytz", "it",
         "UPDATE mail_token SET used_at = $3 WHERE hash = $1 AND purpose = $2 AND used_at IS NULL "
         "AND expires_at > $3 RETURNING user_id, email");
DB_WRITE(mail_token_void, "itz", "",
         "UPDATE mail_token SET used_at = $3 WHERE user_id = $1 AND purpose = $2 "
         "AND used_at IS NULL");
DB_WRITE_PLANNED(mail_token_purge, "z", "", "DELETE FROM mail_token WHERE expires_at < $1");

enum err CO_FN mail_token_store_insert(struct db_session *s, const struct mail_token *t)
{
    return db_query(s, &mail_token_insert, NULL, DB_STR(t->hash), DB_STR(str_from(t->purpose)),
                    DB_INT(t->user_id), DB_STR(t->email), DB_TIME(t->created_at),
                    DB_TIME(t->expires_at));
}

enum err CO_FN mail_token_store_is_recent(struct db_session *s, int64_t user_id,
                                          const char *purpose, int64_t since, bool *recent)
{
    struct db_result *r;
    enum err rc = db_query(s, &mail_token_recent, &r, DB_INT(user_id), DB_STR(str_from(purpose)),
                           DB_TIME(since));
    if (rc)
        return rc;
    *recent = db_get_bool(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN mail_token_store_check(struct db_session *s, struct str hash, const char *purpose,
                                      int64_t now, struct mail_token *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &mail_token_find, &r, DB_STR(hash), DB_STR(str_from(purpose)));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_LINK_INVALID;
    *out = (struct mail_token){.hash = hash,
                               .purpose = purpose,
                               .user_id = db_get_int(r, 0, 0),
                               .email = db_get_str(r, 0, 1),
                               .expires_at = db_get_time(r, 0, 2)};
    if (!db_is_null(r, 0, 3))
        return ERR_LINK_USED;
    return out->expires_at > now ? ERR_OK : ERR_LINK_EXPIRED;
}

enum err CO_FN mail_token_store_use(struct db_session *s, struct str hash, const char *purpose,
                                    int64_t now, struct mail_token *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &mail_token_use, &r, DB_STR(hash), DB_STR(str_from(purpose)), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0) {
        rc = mail_token_store_check(s, hash, purpose, now, out);
        return rc ? rc : ERR_LINK_USED;
    }
    *out = (struct mail_token){.hash = hash,
                               .purpose = purpose,
                               .user_id = db_get_int(r, 0, 0),
                               .email = db_get_str(r, 0, 1)};
    return ERR_OK;
}

enum err CO_FN mail_token_store_void(struct db_session *s, int64_t user_id, const char *purpose,
                                     int64_t now)
{
    return db_query(s, &mail_token_void, NULL, DB_INT(user_id), DB_STR(str_from(purpose)),
                    DB_TIME(now));
}

enum err CO_FN mail_token_store_purge(struct db_session *s, int64_t before)
{
    return db_query(s, &mail_token_purge, NULL, DB_TIME(before));
}
