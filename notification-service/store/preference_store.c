#include "store/preference_store.h"

#define COLUMNS "p.email_enabled, p.sms_enabled, p.push_enabled, p.updated_at"
#define TYPES "bbbz"

DB_READ(get_preference, "i", TYPES, "SELECT " COLUMNS " FROM preference p WHERE p.user_id = $1");

DB_WRITE(put_preference, "ibbbz", TYPES,
         "INSERT INTO preference AS p"
         " (user_id, email_enabled, sms_enabled, push_enabled, updated_at)"
         " VALUES ($1, coalesce($2, true), coalesce($3, true), coalesce($4, true), $5)"
         " ON CONFLICT (user_id) DO UPDATE SET email_enabled = coalesce($2, p.email_enabled),"
         " sms_enabled = coalesce($3, p.sms_enabled), push_enabled = coalesce($4, p.push_enabled),"
         " updated_at = $5 RETURNING " COLUMNS);

static int8_t tristate(bool value)
{
    return value ? JSON_TRUE : JSON_FALSE;
}

static void read_row(const struct db_result *r, struct preference *p)
{
    *p = (struct preference){tristate(db_get_bool(r, 0, 0)), tristate(db_get_bool(r, 0, 1)),
                             tristate(db_get_bool(r, 0, 2)), db_get_time(r, 0, 3)};
}

enum err preference_store_get(struct db_session *s, int64_t user_id, struct preference *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &get_preference, &r, DB_INT(user_id));
    *out = (struct preference){JSON_TRUE, JSON_TRUE, JSON_TRUE, INT64_MIN};
    if (rc == ERR_OK && db_rows(r))
        read_row(r, out);
    return rc;
}

static struct db_value wish(int8_t t)
{
    return t == JSON_UNSET ? DB_NULL : DB_BOOL(t == JSON_TRUE);
}

enum err preference_store_put(struct db_session *s, int64_t user_id, const struct preference *p,
                              int64_t now, struct preference *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &put_preference, &r, DB_INT(user_id), wish(p->email_enabled),
                           wish(p->sms_enabled), wish(p->push_enabled), DB_TIME(now));
    if (rc == ERR_OK)
        read_row(r, out);
    return rc;
}
