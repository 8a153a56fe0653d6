#include "store/api_token.h"

#include "clock.h"
#include "store/user_row.h"

#define NOTE_USE_EVERY_US (60 * US_PER_S)

#define COLS "iittTizzztzt"
#define COL_COUNT 12
#define COLUMNS                                                                                    \
    "t.id, t.user_id, t.name, t.hint, t.scopes, t.version, t.created_at, t.expires_at, "           \
    "t.last_used_at, t.last_used_address, t.revoked_at, t.revoked_reason"

DB_WRITE(api_token_insert, "itttTzzi", "ii",
         "INSERT INTO api_token (user_id, name, hash, hint, scopes, created_at, expires_at) "
         "SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT count(*) FROM api_token WHERE "
         "user_id = $1 AND revoked_at IS NULL AND expires_at > $6) < $8 RETURNING id, version");
DB_READ(api_token_by_id, "i", COLS, "SELECT " COLUMNS " FROM api_token t WHERE t.id = $1");
DB_WRITE(api_token_lock, "i", COLS,
         "SELECT " COLUMNS " FROM api_token t WHERE t.id = $1 FOR UPDATE");
DB_READ(api_token_list, "iii", COLS,
        "SELECT " COLUMNS " FROM api_token t WHERE t.user_id = $1 "
        "AND ($2::bigint IS NULL OR t.id < $2) ORDER BY t.id DESC LIMIT $3");
DB_WRITE(api_token_rotate, "ittz", "",
         "UPDATE api_token SET hash = $2, hint = $3, expires_at = $4, version = version + 1, "
         "last_used_at = NULL, last_used_address = NULL WHERE id = $1 AND revoked_at IS NULL");
DB_WRITE(api_token_revoke, "itz", "",
         "UPDATE api_token SET revoked_at = $3, revoked_reason = $2, version = version + 1 "
         "WHERE id = $1 AND revoked_at IS NULL");
DB_WRITE(api_token_revoke_user, "itz", "",
         "UPDATE api_token SET revoked_at = $3, revoked_reason = $2, version = version + 1 "
         "WHERE user_id = $1 AND revoked_at IS NULL");
DB_READ(api_token_find, "tz", USER_COLS COLS,
        "SELECT " USER_COLUMNS ", " COLUMNS " FROM api_token t JOIN user_account u ON "
        "u.id = t.user_id AND u.active" USER_ROLES_JOIN
        "WHERE t.hash = $1 AND t.revoked_at IS NULL AND t.expires_at > $2");
DB_WRITE(api_token_note_use, "iztz", "",
         "UPDATE api_token SET last_used_at = $2, last_used_address = $3 WHERE id = $1 "
         "AND (last_used_at IS NULL OR last_used_at < $4)");
DB_WRITE_PLANNED(api_token_purge, "z", "",
                 "DELETE FROM api_token WHERE expires_at < $1 OR revoked_at < $1");

static void read_token(const struct db_result *r, size_t row, int at, struct api_token *out)
{
    *out = (struct api_token){
        .id = db_get_int(r, row, at),
        .user_id = db_get_int(r, row, at + 1),
        .name = db_get_str(r, row, at + 2),
        .hint = db_get_str(r, row, at + 3),
        .version = db_get_int(r, row, at + 5),
        .created_at = db_get_time(r, row, at + 6),
        .expires_at = db_get_time(r, row, at + 7),
        .last_used_at = db_get_time(r, row, at + 8),
        .last_used_address = db_get_str(r, row, at + 9),
        .revoked_at = db_get_time(r, row, at + 10),
        .revoked_reason = db_get_str(r, row, at + 11),
    };
    out->scope_count = db_get_str_array(r, row, at + 4, &out->scopes);
}

enum err CO_FN api_token_store_insert(struct db_session *s, struct api_token *t, struct str hash,
                                      int64_t max_per_person)
{
    struct db_result *r;
    enum err rc = db_query(s, &api_token_insert, &r, DB_INT(t->user_id), DB_STR(t->name),
                           DB_STR(hash), DB_STR(t->hint), DB_STR_ARRAY(t->scopes, t->scope_count),
                           DB_TIME(t->created_at), DB_TIME(t->expires_at), DB_INT(max_per_person));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_CONFLICT;
    t->id = db_get_int(r, 0, 0);
    t->version = db_get_int(r, 0, 1);
    return ERR_OK;
}

enum err CO_FN api_token_store_by_id(struct db_session *s, int64_t id, bool lock,
                                     struct api_token *out)
{
    struct db_result *r;
    enum err rc = db_query(s, lock ? &api_token_lock : &api_token_by_id, &r, DB_INT(id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_token(r, 0, 0, out);
    return ERR_OK;
}

enum err CO_FN api_token_store_list(struct db_session *s, int64_t user_id, int64_t before,
                                    int64_t limit, struct api_token **out, size_t *n)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &api_token_list, &r, DB_INT(user_id), DB_OPT_INT(before), DB_INT(limit));
    if (rc)
        return rc;
    *n = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct api_token, *n);
    for (size_t i = 0; i < *n; i++)
        read_token(r, i, 0, &(*out)[i]);
    return ERR_OK;
}

enum err CO_FN api_token_store_rotate(struct db_session *s, int64_t id, struct str hash,
                                      struct str hint, int64_t expires_at)
{
    return db_query(s, &api_token_rotate, NULL, DB_INT(id), DB_STR(hash), DB_STR(hint),
                    DB_TIME(expires_at));
}

enum err CO_FN api_token_store_revoke(struct db_session *s, int64_t id, const char *reason,
                                      int64_t now)
{
    return db_query(s, &api_token_revoke, NULL, DB_INT(id), DB_STR(str_from(reason)), DB_TIME(now));
}

enum err CO_FN api_token_store_revoke_user(struct db_session *s, int64_t user_id,
                                           const char *reason, int64_t now)
{
    return db_query(s, &api_token_revoke_user, NULL, DB_INT(user_id), DB_STR(str_from(reason)),
                    DB_TIME(now));
}

enum err CO_FN api_token_store_use(struct db_session *s, struct str hash, struct str address,
                                   int64_t now, struct api_token *token, struct user *owner)
{
    struct db_result *r;
    enum err rc = db_query(s, &api_token_find, &r, DB_STR(hash), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TOKEN_INVALID;
    user_row_read(s->arena, r, 0, owner);
    read_token(r, 0, USER_COL_COUNT, token);
    if (token->last_used_at != INT64_MIN && token->last_used_at >= now - NOTE_USE_EVERY_US)
        return ERR_OK;
    return db_query(s, &api_token_note_use, NULL, DB_INT(token->id), DB_TIME(now), DB_STR(address),
                    DB_TIME(now - NOTE_USE_EVERY_US));
}

enum err CO_FN api_token_store_purge(struct db_session *s, int64_t before)
{
    return db_query(s, &api_token_purge, NULL, DB_TIME(before));
}
