#include "store/login.h"

#include "store/user_row.h"

DB_READ(login_find, "t", USER_COLS "t",
        "SELECT " USER_COLUMNS ", c.password_hash FROM (SELECT) one"
        " LEFT JOIN user_account u ON lower(u.email) = lower($1)"
        " LEFT JOIN credential c ON c.user_id = u.id" USER_ROLES_JOIN);
DB_READ(credential_find, "i", "t", "SELECT password_hash FROM credential WHERE user_id = $1");
DB_WRITE(login_succeeded, "uiizztt", "",
         "WITH person AS (UPDATE user_account SET last_login_at = $4 WHERE id = $2 AND active "
         "AND proof_version = $3 RETURNING id) "
         "INSERT INTO session (id, user_id, created_at, last_used_at, expires_at, address, "
         "user_agent) SELECT $1, id, $4, $4, $5, $6, $7 FROM person");
DB_WRITE(credential_set, "itz", "",
         "WITH proof AS (UPDATE user_account SET proof_version = proof_version + 1 WHERE id = $1) "
         "INSERT INTO credential (user_id, password_hash, changed_at) VALUES ($1, $2, $3) "
         "ON CONFLICT (user_id) DO UPDATE SET password_hash = $2, changed_at = $3");
DB_WRITE(credential_upgrade, "itt", "",
         "UPDATE credential SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2");

enum err CO_FN login_store_find(struct db_session *s, struct str email, struct login_record *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &login_find, &r, DB_STR(email));
    if (rc)
        return rc;
    *out = (struct login_record){.is_known = !db_is_null(r, 0, 0)};
    if (out->is_known) {
        user_row_read(s->arena, r, 0, &out->user);
        out->password_hash = db_get_str(r, 0, USER_COL_COUNT);
    }
    return ERR_OK;
}

enum err CO_FN login_store_succeeded(struct db_session *s, const struct session_new *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &login_succeeded, &r, DB_STR(n->id), DB_INT(n->user_id),
                           DB_INT(n->proof_version), DB_TIME(n->created_at), DB_TIME(n->expires_at),
                           DB_STR(n->address), DB_STR(n->user_agent));
    if (rc)
        return rc;
    return db_affected(r) > 0 ? ERR_OK : ERR_INVALID_CREDENTIALS;
}

enum err CO_FN credential_store_find(struct db_session *s, int64_t user_id,
                                     struct str *password_hash)
{
    struct db_result *r;
    enum err rc = db_query(s, &credential_find, &r, DB_INT(user_id));
    if (rc)
        return rc;
    *password_hash = db_rows(r) ? db_get_str(r, 0, 0) : STR_NULL;
    return ERR_OK;
}

enum err CO_FN credential_store_set(struct db_session *s, int64_t user_id, struct str password_hash,
                                    int64_t now)
{
    return db_query(s, &credential_set, NULL, DB_INT(user_id), DB_STR(password_hash), DB_TIME(now));
}

enum err CO_FN credential_store_upgrade(struct db_session *s, int64_t user_id, struct str old_hash,
                                        struct str new_hash)
{
    return db_query(s, &credential_upgrade, NULL, DB_INT(user_id), DB_STR(old_hash),
                    DB_STR(new_hash));
}
