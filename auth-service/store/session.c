#include "store/session.h"

#include "store/user_row.h"

DB_WRITE(session_rotate, "uizz", USER_COLS,
         "WITH rotated AS (UPDATE session SET generation = generation + 1, last_used_at = $3, "
         "expires_at = $4 WHERE id = $1 AND generation = $2 AND revoked_at IS NULL "
         "AND expires_at > $3 RETURNING user_id) "
         "SELECT " USER_COLUMNS " FROM rotated JOIN user_account u ON u.id = rotated.user_id "
         "AND u.active" USER_ROLES_JOIN);
DB_WRITE(session_revoke_reused, "uiz", "i",
         "UPDATE session SET revoked_at = $3, revoked_reason = 'reuse' WHERE id = $1 "
         "AND generation > $2 AND revoked_at IS NULL RETURNING user_id");
DB_READ(session_open, "uz", "i",
        "SELECT s.generation FROM session s JOIN user_account u ON u.id = s.user_id AND u.active "
        "WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2");
DB_WRITE(session_revoke, "utz", "i",
         "UPDATE session SET revoked_at = $3, revoked_reason = $2 WHERE id = $1 "
         "AND revoked_at IS NULL RETURNING user_id");
DB_WRITE(session_revoke_user, "itz", "",
         "UPDATE session SET revoked_at = $3, revoked_reason = $2 WHERE user_id = $1 "
         "AND revoked_at IS NULL");
DB_WRITE(session_revoke_one, "uitz", "",
         "UPDATE session SET revoked_at = $4, revoked_reason = $3 WHERE id = $1 AND user_id = $2 "
         "AND revoked_at IS NULL AND expires_at > $4");
DB_WRITE(session_revoke_others, "iutz", "",
         "UPDATE session SET revoked_at = $4, revoked_reason = $3 WHERE user_id = $1 "
         "AND id IS DISTINCT FROM $2 AND revoked_at IS NULL AND expires_at > $4");
DB_READ(session_list, "iz", "uzzztt",
        "SELECT id, created_at, last_used_at, expires_at, address, user_agent FROM session "
        "WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 "
        "ORDER BY last_used_at DESC, id");
DB_WRITE_PLANNED(session_purge, "z", "",
                 "DELETE FROM session WHERE expires_at < $1 OR revoked_at < $1");

enum err CO_FN session_store_rotate(struct db_session *s, struct str id, int64_t generation,
                                    int64_t now, int64_t expires_at, struct user *user)
{
    struct db_result *r;
    enum err rc = db_query(s, &session_rotate, &r, DB_STR(id), DB_INT(generation), DB_TIME(now),
                           DB_TIME(expires_at));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TOKEN_INVALID;
    user_row_read(s->arena, r, 0, user);
    return ERR_OK;
}

enum err CO_FN session_store_revoke_reused(struct db_session *s, struct str id, int64_t generation,
                                           int64_t now, bool *revoked, int64_t *user_id)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &session_revoke_reused, &r, DB_STR(id), DB_INT(generation), DB_TIME(now));
    if (rc)
        return rc;
    *revoked = db_rows(r) > 0;
    if (*revoked)
        *user_id = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN session_store_is_open(struct db_session *s, struct str id, int64_t now,
                                     int64_t *generation, bool *open)
{
    struct db_result *r;
    enum err rc = db_query(s, &session_open, &r, DB_STR(id), DB_TIME(now));
    if (rc)
        return rc;
    *open = db_rows(r) > 0;
    if (*open)
        *generation = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN session_store_revoke(struct db_session *s, struct str id, const char *reason,
                                    int64_t now, bool *revoked, int64_t *user_id)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &session_revoke, &r, DB_STR(id), DB_STR(str_from(reason)), DB_TIME(now));
    if (rc)
        return rc;
    *revoked = db_rows(r) > 0;
    if (*revoked)
        *user_id = db_get_int(r, 0, 0);
    return ERR_OK;
}

enum err CO_FN session_store_revoke_user(struct db_session *s, int64_t user_id, const char *reason,
                                         int64_t now)
{
    return db_query(s, &session_revoke_user, NULL, DB_INT(user_id), DB_STR(str_from(reason)),
                    DB_TIME(now));
}

enum err CO_FN session_store_revoke_one(struct db_session *s, struct str id, int64_t user_id,
                                        const char *reason, int64_t now, bool *revoked)
{
    struct db_result *r;
    enum err rc = db_query(s, &session_revoke_one, &r, DB_STR(id), DB_INT(user_id),
                           DB_STR(str_from(reason)), DB_TIME(now));
    if (rc)
        return rc;
    *revoked = db_affected(r) > 0;
    return ERR_OK;
}

enum err CO_FN session_store_revoke_others(struct db_session *s, int64_t user_id, struct str kept,
                                           const char *reason, int64_t now, int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &session_revoke_others, &r, DB_INT(user_id), DB_STR(kept),
                           DB_STR(str_from(reason)), DB_TIME(now));
    if (rc)
        return rc;
    *count = db_affected(r);
    return ERR_OK;
}

enum err CO_FN session_store_list(struct db_session *s, int64_t user_id, int64_t now,
                                  struct session_row **out, size_t *n)
{
    struct db_result *r;
    enum err rc = db_query(s, &session_list, &r, DB_INT(user_id), DB_TIME(now));
    if (rc)
        return rc;
    *n = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct session_row, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct session_row){
            .id = db_get_str(r, i, 0),
            .created_at = db_get_time(r, i, 1),
            .last_used_at = db_get_time(r, i, 2),
            .expires_at = db_get_time(r, i, 3),
            .address = db_get_str(r, i, 4),
            .user_agent = db_get_str(r, i, 5),
        };
    return ERR_OK;
}

enum err CO_FN session_store_purge(struct db_session *s, int64_t before)
{
    return db_query(s, &session_purge, NULL, DB_TIME(before));
}
