#include "store/user.h"

#include "store/user_row.h"

DB_READ(user_by_id, "i", USER_COLS,
        "SELECT " USER_COLUMNS " FROM user_account u" USER_ROLES_JOIN "WHERE u.id = $1");
DB_READ(user_by_email, "t", USER_COLS,
        "SELECT " USER_COLUMNS " FROM user_account u" USER_ROLES_JOIN
        "WHERE lower(u.email) = lower($1)");
DB_WRITE(user_lock, "i", "i", "SELECT id FROM user_account WHERE id = $1 FOR UPDATE");
DB_WRITE(user_insert, "ttttttbzz", "iii",
         "INSERT INTO user_account (email, first_name, last_name, full_name, department, phone, "
         "active, created_at, updated_at, email_verified_at) "
         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9) RETURNING id, version, proof_version");
DB_WRITE(user_save, "ittttttbzz", "i",
         "UPDATE user_account SET email = $2, first_name = $3, last_name = $4, full_name = $5, "
         "department = $6, phone = $7, active = $8, updated_at = $9, email_verified_at = $10, "
         "version = version + 1 "
         "WHERE id = $1 RETURNING version");

DB_WRITE(user_erase, "iz", "",
         "WITH old AS (SELECT lower(email) AS email FROM user_account WHERE id = $1), "
         "g1 AS (DELETE FROM credential WHERE user_id = $1), "
         "g2 AS (DELETE FROM session WHERE user_id = $1), "
         "g3 AS (DELETE FROM api_token WHERE user_id = $1), "
         "g4 AS (DELETE FROM user_role WHERE user_id = $1), "
         "g5 AS (DELETE FROM user_preference WHERE user_id = $1), "
         "g6 AS (DELETE FROM second_factor WHERE user_id = $1), "
         "g7 AS (DELETE FROM recovery_code WHERE user_id = $1), "
         "g8 AS (DELETE FROM email_code WHERE user_id = $1), "
         "g9 AS (DELETE FROM login_challenge WHERE user_id = $1), "
         "g10 AS (DELETE FROM mail_token WHERE user_id = $1), "
         "g11 AS (DELETE FROM outgoing_mail m USING old WHERE m.user_id = $1 "
         "OR lower(m.email) = old.email), "
         "g12 AS (DELETE FROM invitation i USING old WHERE i.user_id = $1 "
         "OR lower(i.email) = old.email), "
         "g13 AS (DELETE FROM login_guard l USING old WHERE l.key IN (old.email, $1::text)) "
         "UPDATE user_account SET email = 'erased-' || id || '@erased.invalid', first_name = '', "
         "last_name = '', full_name = 'Erased person', department = '', phone = '', "
         "active = false, last_login_at = NULL, email_verified_at = NULL, "
         "proof_version = proof_version + 1, erased_at = $2, updated_at = $2, "
         "version = version + 1 WHERE id = $1");

static enum err read_one(struct db_session *s, const struct db_result *r, struct user *out)
{
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    user_row_read(s->arena, r, 0, out);
    return ERR_OK;
}

enum err CO_FN user_store_by_id(struct db_session *s, int64_t id, struct user *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_by_id, &r, DB_INT(id));
    return rc ? rc : read_one(s, r, out);
}

enum err CO_FN user_store_by_email(struct db_session *s, struct str email, struct user *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_by_email, &r, DB_STR(email));
    return rc ? rc : read_one(s, r, out);
}

enum err CO_FN user_store_lock(struct db_session *s, int64_t id, struct user *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &user_lock, &r, DB_INT(id));
    if (rc)
        return rc;
    /* Read after the lock is held: the locking statement's own snapshot may be older. */
    return user_store_by_id(s, id, out);
}

enum err CO_FN user_store_insert(struct db_session *s, struct user *u)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &user_insert, &r, DB_STR(u->email), DB_STR(u->first_name), DB_STR(u->last_name),
                 DB_STR(u->full_name), DB_STR(u->department), DB_STR(u->phone), DB_BOOL(u->active),
                 DB_TIME(u->created_at), DB_TIME(u->email_verified_at));
    if (rc)
        return rc;
    u->id = db_get_int(r, 0, 0);
    u->version = db_get_int(r, 0, 1);
    u->proof_version = db_get_int(r, 0, 2);
    u->updated_at = u->created_at;
    u->last_login_at = INT64_MIN;
    u->erased_at = INT64_MIN;
    return ERR_OK;
}

enum err CO_FN user_store_save(struct db_session *s, struct user *u, int64_t now)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &user_save, &r, DB_INT(u->id), DB_STR(u->email), DB_STR(u->first_name),
                 DB_STR(u->last_name), DB_STR(u->full_name), DB_STR(u->department),
                 DB_STR(u->phone), DB_BOOL(u->active), DB_TIME(now), DB_TIME(u->email_verified_at));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    u->version = db_get_int(r, 0, 0);
    u->updated_at = now;
    return ERR_OK;
}

enum err CO_FN user_store_erase(struct db_session *s, int64_t id, int64_t now)
{
    return db_query(s, &user_erase, NULL, DB_INT(id), DB_TIME(now));
}
