#include "store/factor.h"

#include "store/user_row.h"

#define CODE_ATTEMPTS "5"

DB_READ(factor_find, "i", "bbbbyii",
        "SELECT coalesce(bool_or(kind = 'totp' AND confirmed_at IS NOT NULL), false), "
        "coalesce(bool_or(kind = 'email' AND confirmed_at IS NOT NULL), false), "
        "coalesce(bool_or(kind = 'totp'), false), coalesce(bool_or(kind = 'email'), false), "
        "(SELECT secret FROM second_factor WHERE user_id = $1 AND kind = 'totp'), "
        "coalesce(max(last_step), 0), (SELECT count(*) FROM recovery_code WHERE user_id = $1 "
        "AND used_at IS NULL) FROM second_factor WHERE user_id = $1");
DB_WRITE(factor_begin, "ityz", "",
         "INSERT INTO second_factor AS f (user_id, kind, secret, created_at) "
         "VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, kind) DO UPDATE SET secret = $3, "
         "created_at = $4, last_step = 0 WHERE f.confirmed_at IS NULL");
DB_WRITE(factor_confirm, "itz", "i",
         "WITH done AS (UPDATE second_factor SET confirmed_at = $3 WHERE user_id = $1 "
         "AND kind = $2 AND confirmed_at IS NULL RETURNING user_id) "
         "UPDATE user_account u SET proof_version = proof_version + 1 FROM done "
         "WHERE u.id = done.user_id RETURNING u.id");
DB_WRITE(factor_remove, "it", "", "DELETE FROM second_factor WHERE user_id = $1 AND kind = $2");
DB_WRITE(factor_use_step, "ii", "",
         "UPDATE second_factor SET last_step = $2 WHERE user_id = $1 AND kind = 'totp' "
         "AND last_step < $2");
DB_WRITE(recovery_clear, "i", "", "DELETE FROM recovery_code WHERE user_id = $1");
DB_WRITE(recovery_insert, "iy", "", "INSERT INTO recovery_code (user_id, hash) VALUES ($1, $2)");
DB_WRITE(recovery_use, "iyz", "",
         "UPDATE recovery_code SET used_at = $3 WHERE user_id = $1 AND hash = $2 "
         "AND used_at IS NULL");
DB_WRITE(email_code_request, "izzz", "bz",
         "WITH taken AS (INSERT INTO email_code AS c (user_id, requested_at, expires_at) "
         "VALUES ($1, $2, $3) ON CONFLICT (user_id) DO UPDATE SET code = NULL, attempts = 0, "
         "requested_at = $2, expires_at = $3 WHERE c.requested_at <= $4 RETURNING user_id) "
         "SELECT EXISTS (SELECT FROM taken), "
         "(SELECT requested_at FROM email_code WHERE user_id = $1)");
DB_WRITE(email_code_set, "iyz", "",
         "UPDATE email_code SET code = $2, expires_at = $3 WHERE user_id = $1 AND code IS NULL");
DB_WRITE(email_code_try, "iz", "y",
         "UPDATE email_code SET attempts = attempts + 1 WHERE user_id = $1 AND expires_at > $2 "
         "AND attempts < " CODE_ATTEMPTS " RETURNING code");
DB_WRITE(email_code_use, "iy", "", "DELETE FROM email_code WHERE user_id = $1 AND code = $2");
DB_WRITE(challenge_insert, "uiiz", "",
         "INSERT INTO login_challenge (id, user_id, proof_version, expires_at) "
         "VALUES ($1, $2, $3, $4)");
DB_READ(challenge_find, "uz", USER_COLS,
        "SELECT " USER_COLUMNS " FROM login_challenge c JOIN user_account u ON u.id = c.user_id "
        "AND u.active AND u.proof_version = c.proof_version" USER_ROLES_JOIN
        "WHERE c.id = $1 AND c.expires_at > $2");
DB_WRITE(challenge_use, "u", "", "DELETE FROM login_challenge WHERE id = $1");
DB_WRITE_PLANNED(challenge_purge, "z", "", "DELETE FROM login_challenge WHERE expires_at < $1");

enum err CO_FN factor_store_find(struct db_session *s, int64_t user_id, struct factor_state *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &factor_find, &r, DB_INT(user_id));
    if (rc)
        return rc;
    *out = (struct factor_state){
        .has_totp = db_get_bool(r, 0, 0),
        .has_email = db_get_bool(r, 0, 1),
        .totp_begun = db_get_bool(r, 0, 2),
        .email_begun = db_get_bool(r, 0, 3),
        .totp_secret = db_get_str(r, 0, 4),
        .totp_last_step = db_get_int(r, 0, 5),
        .recovery_left = db_get_int(r, 0, 6),
    };
    return ERR_OK;
}

enum err CO_FN factor_store_begin(struct db_session *s, int64_t user_id, const char *kind,
                                  struct str secret, int64_t now)
{
    struct db_result *r;
    enum err rc = db_query(s, &factor_begin, &r, DB_INT(user_id), DB_STR(str_from(kind)),
                           DB_STR(secret), DB_TIME(now));
    if (rc)
        return rc;
    return db_affected(r) > 0 ? ERR_OK : ERR_CONFLICT;
}

enum err CO_FN factor_store_confirm(struct db_session *s, int64_t user_id, const char *kind,
                                    int64_t now, bool *confirmed)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &factor_confirm, &r, DB_INT(user_id), DB_STR(str_from(kind)), DB_TIME(now));
    if (rc)
        return rc;
    *confirmed = db_rows(r) > 0;
    return ERR_OK;
}

enum err CO_FN factor_store_remove(struct db_session *s, int64_t user_id, const char *kind)
{
    return db_query(s, &factor_remove, NULL, DB_INT(user_id), DB_STR(str_from(kind)));
}

enum err CO_FN factor_store_use_step(struct db_session *s, int64_t user_id, int64_t step,
                                     bool *fresh)
{
    struct db_result *r;
    enum err rc = db_query(s, &factor_use_step, &r, DB_INT(user_id), DB_INT(step));
    if (rc)
        return rc;
    *fresh = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN recovery_store_set(struct db_session *s, int64_t user_id, const struct str *hashes,
                                  size_t n)
{
    enum err rc = db_query(s, &recovery_clear, NULL, DB_INT(user_id));

    for (size_t i = 0; i < n && rc == ERR_OK; i++)
        rc = db_query(s, &recovery_insert, NULL, DB_INT(user_id), DB_STR(hashes[i]));
    return rc;
}

enum err CO_FN recovery_store_use(struct db_session *s, int64_t user_id, struct str hash,
                                  int64_t now, bool *used)
{
    struct db_result *r;
    enum err rc = db_query(s, &recovery_use, &r, DB_INT(user_id), DB_STR(hash), DB_TIME(now));
    if (rc)
        return rc;
    *used = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN email_code_store_request(struct db_session *s, int64_t user_id, int64_t now,
                                        int64_t expires_at, int64_t quiet_since, bool *accepted,
                                        int64_t *last_request)
{
    struct db_result *r;
    enum err rc = db_query(s, &email_code_request, &r, DB_INT(user_id), DB_TIME(now),
                           DB_TIME(expires_at), DB_TIME(quiet_since));
    if (rc)
        return rc;
    *accepted = db_get_bool(r, 0, 0);
    *last_request = db_get_time(r, 0, 1);
    return ERR_OK;
}

enum err CO_FN email_code_store_set(struct db_session *s, int64_t user_id, struct str code,
                                    int64_t expires_at, bool *wanted)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &email_code_set, &r, DB_INT(user_id), DB_STR(code), DB_TIME(expires_at));
    if (rc)
        return rc;
    *wanted = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN email_code_store_try(struct db_session *s, int64_t user_id, int64_t now,
                                    struct str *code)
{
    struct db_result *r;
    enum err rc = db_query(s, &email_code_try, &r, DB_INT(user_id), DB_TIME(now));
    if (rc)
        return rc;
    *code = db_rows(r) ? db_get_str(r, 0, 0) : STR_NULL;
    return ERR_OK;
}

enum err CO_FN email_code_store_use(struct db_session *s, int64_t user_id, struct str code,
                                    bool *used)
{
    struct db_result *r;
    enum err rc = db_query(s, &email_code_use, &r, DB_INT(user_id), DB_STR(code));
    if (rc)
        return rc;
    *used = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN challenge_store_insert(struct db_session *s, const struct login_challenge *c)
{
    return db_query(s, &challenge_insert, NULL, DB_STR(c->id), DB_INT(c->user_id),
                    DB_INT(c->proof_version), DB_TIME(c->expires_at));
}

enum err CO_FN challenge_store_find(struct db_session *s, struct str id, int64_t now,
                                    struct user *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &challenge_find, &r, DB_STR(id), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TOKEN_INVALID;
    user_row_read(s->arena, r, 0, out);
    return ERR_OK;
}

enum err CO_FN challenge_store_use(struct db_session *s, struct str id)
{
    struct db_result *r;
    enum err rc = db_query(s, &challenge_use, &r, DB_STR(id));
    if (rc)
        return rc;
    return db_affected(r) > 0 ? ERR_OK : ERR_TOKEN_INVALID;
}

enum err CO_FN challenge_store_purge(struct db_session *s, int64_t before)
{
    return db_query(s, &challenge_purge, NULL, DB_TIME(before));
}
