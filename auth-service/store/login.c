#include "store/login.h"

#include "store/user_row.h"

#define GUARD_JOIN(name, kind, key)                                                                \
    " LEFT JOIN login_guard " name " ON " name ".kind = '" kind "' AND " name ".key = " key        \
    " AND " name ".last_failure_at > $3"

DB_READ(login_find, "ttz", USER_COLS "tiziz",
        "SELECT " USER_COLUMNS ", c.password_hash, ga.failures, ga.last_failure_at, gi.failures, "
        "gi.last_failure_at FROM (SELECT) one"
        " LEFT JOIN user_account u ON lower(u.email) = lower($1)"
        " LEFT JOIN credential c ON c.user_id = u.id" GUARD_JOIN("ga", "account", "lower($1)")
            GUARD_JOIN("gi", "address", "$2") USER_ROLES_JOIN);
DB_WRITE(login_failed, "ttzz", "",
         "INSERT INTO login_guard AS g (kind, key, failures, last_failure_at) "
         "VALUES ('account', lower($1), 1, $4), ('address', $2, 1, $4) "
         "ON CONFLICT (kind, key) DO UPDATE SET failures = "
         "CASE WHEN g.last_failure_at > $3 THEN g.failures + 1 ELSE 1 END, last_failure_at = $4");
DB_WRITE(login_succeeded, "uizzttt", "",
         "WITH opened AS (INSERT INTO session (id, user_id, created_at, last_used_at, expires_at, "
         "address, user_agent) VALUES ($1, $2, $3, $3, $4, $5, $6)), "
         "forgotten AS (DELETE FROM login_guard WHERE kind = 'account' AND key = lower($7)) "
         "UPDATE user_account SET last_login_at = $3 WHERE id = $2");
DB_WRITE(login_purge, "z", "", "DELETE FROM login_guard WHERE last_failure_at < $1");
DB_WRITE(credential_set, "itz", "",
         "INSERT INTO credential (user_id, password_hash, changed_at) VALUES ($1, $2, $3) "
         "ON CONFLICT (user_id) DO UPDATE SET password_hash = $2, changed_at = $3");
DB_WRITE(credential_upgrade, "itt", "",
         "UPDATE credential SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2");

static struct lockout_state read_guard(const struct db_result *r, int col)
{
    if (db_is_null(r, 0, col))
        return (struct lockout_state){0, INT64_MIN};
    return (struct lockout_state){db_get_int(r, 0, col), db_get_time(r, 0, col + 1)};
}

enum err CO_FN login_store_find(struct db_session *s, struct str email, struct str address,
                                int64_t failures_since, struct login_record *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &login_find, &r, DB_STR(email), DB_STR(address), DB_TIME(failures_since));
    if (rc)
        return rc;
    *out = (struct login_record){.is_known = !db_is_null(r, 0, 0)};
    if (out->is_known) {
        user_row_read(s->arena, r, 0, &out->user);
        out->password_hash = db_get_str(r, 0, USER_COL_COUNT);
    }
    out->account = read_guard(r, USER_COL_COUNT + 1);
    out->address = read_guard(r, USER_COL_COUNT + 3);
    return ERR_OK;
}

enum err CO_FN login_store_failed(struct db_session *s, struct str email, struct str address,
                                  int64_t failures_since, int64_t now)
{
    return db_query(s, &login_failed, NULL, DB_STR(email), DB_STR(address), DB_TIME(failures_since),
                    DB_TIME(now));
}

enum err CO_FN login_store_succeeded(struct db_session *s, const struct session_new *n,
                                     struct str email)
{
    return db_query(s, &login_succeeded, NULL, DB_STR(n->id), DB_INT(n->user_id),
                    DB_TIME(n->created_at), DB_TIME(n->expires_at), DB_STR(n->address),
                    DB_STR(n->user_agent), DB_STR(email));
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

enum err CO_FN login_store_purge(struct db_session *s, int64_t before)
{
    return db_query(s, &login_purge, NULL, DB_TIME(before));
}
