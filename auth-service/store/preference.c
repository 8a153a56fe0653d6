#include "store/preference.h"

#define WITHOUT_NULLS(document)                                                                    \
    "(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(" document               \
    ") WHERE value <> 'null'::jsonb)"

DB_READ(preference_get, "i", "jiz",
        "SELECT coalesce(p.document, '{}'), coalesce(p.version, 0), p.updated_at "
        "FROM user_account u LEFT JOIN user_preference p ON p.user_id = u.id "
        "WHERE u.id = $1 AND u.erased_at IS NULL");
DB_WRITE(
    preference_put, "ijbiz", "jiz",
    "INSERT INTO user_preference AS p (user_id, document, updated_at) "
    "SELECT id, CASE WHEN $3 THEN " WITHOUT_NULLS(
        "$2") " ELSE $2 END, $5 FROM user_account "
              "WHERE id = $1 AND erased_at IS NULL AND ($4::bigint IS NULL OR $4 = 0 OR EXISTS "
              "(SELECT FROM user_preference WHERE user_id = $1)) "
              "ON CONFLICT (user_id) DO UPDATE SET document = CASE WHEN $3 THEN " WITHOUT_NULLS(
                  "p.document || $2") " ELSE $2 END, version = p.version + 1, updated_at = $5 "
                                      "WHERE $4::bigint IS NULL OR p.version = $4 RETURNING "
                                      "document, version, updated_at");

static void read_row(const struct db_result *r, struct preference *out)
{
    *out = (struct preference){db_get_str(r, 0, 0), db_get_int(r, 0, 1), db_get_time(r, 0, 2)};
}

enum err CO_FN preference_store_get(struct db_session *s, int64_t user_id, struct preference *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &preference_get, &r, DB_INT(user_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_USER_NOT_FOUND;
    read_row(r, out);
    return ERR_OK;
}

enum err CO_FN preference_store_put(struct db_session *s, int64_t user_id, struct str document,
                                    bool merge, int64_t if_version, int64_t now,
                                    struct preference *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &preference_put, &r, DB_INT(user_id), DB_STR(document),
                           DB_BOOL(merge), DB_OPT_INT(if_version), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0) {
        rc = preference_store_get(s, user_id, out);
        return rc ? rc : ERR_PRECONDITION_FAILED;
    }
    read_row(r, out);
    return ERR_OK;
}
