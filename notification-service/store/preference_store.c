#include "store/preference_store.h"

#include "store/matrix_row.h"

#define COLUMNS                                                                                    \
    "p.email_enabled, p.sms_enabled, p.push_enabled, p.language, p.time_zone, p.phone, p.digest,"  \
    " p.quiet_from, p.quiet_to, p.digest_at, p.switched_on, p.switched_off, p.locked, p.version,"  \
    " p.updated_at"
#define TYPES "bbbttttnnnTTTiz"

DB_READ(preference_get, "i", TYPES, "SELECT " COLUMNS " FROM preference p WHERE p.user_id = $1");
DB_WRITE(preference_lock, "i", TYPES,
         "SELECT " COLUMNS " FROM preference p WHERE p.user_id = $1 FOR UPDATE");
DB_WRITE(preference_add, "iz", "",
         "INSERT INTO preference (user_id, updated_at, version) VALUES ($1, $2, 0)"
         " ON CONFLICT (user_id) DO NOTHING");
DB_WRITE(preference_put, "ibbbttttnnnTTTz", "i",
         "UPDATE preference SET email_enabled = $2, sms_enabled = $3, push_enabled = $4,"
         " language = $5, time_zone = $6, phone = $7, digest = $8, quiet_from = $9,"
         " quiet_to = $10, digest_at = $11, switched_on = $12, switched_off = $13, locked = $14,"
         " updated_at = $15, version = version + 1 WHERE user_id = $1 RETURNING version");
DB_READ_LONG(zone_find, "t", "b", "SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)");

static int8_t tristate(bool value)
{
    return value ? JSON_TRUE : JSON_FALSE;
}

static void read_row(const struct db_result *r, struct preference *p)
{
    *p = (struct preference){
        .email_enabled = tristate(db_get_bool(r, 0, 0)),
        .sms_enabled = tristate(db_get_bool(r, 0, 1)),
        .push_enabled = tristate(db_get_bool(r, 0, 2)),
        .language = db_get_str(r, 0, 3),
        .time_zone = db_get_str(r, 0, 4),
        .phone = db_get_str(r, 0, 5),
        .digest = db_get_str(r, 0, 6),
        .quiet_from = db_get_int(r, 0, 7),
        .quiet_to = db_get_int(r, 0, 8),
        .digest_at = db_get_int(r, 0, 9),
        .version = db_get_int(r, 0, 13),
        .updated_at = db_get_int(r, 0, 13) ? db_get_time(r, 0, 14) : INT64_MIN,
    };
    matrix_row_read(r, 10, true, &p->matrix);
    matrix_row_read(r, 11, false, &p->matrix);
    matrix_row_read(r, 12, true, &p->locked);
}

static enum err CO_FN read(struct db_session *s, const struct db_stmt *stmt, int64_t user_id,
                           struct preference *out)
{
    struct db_result *r;
    enum err rc = db_query(s, stmt, &r, DB_INT(user_id));
    *out = (struct preference){
        .email_enabled = JSON_TRUE,
        .sms_enabled = JSON_TRUE,
        .push_enabled = JSON_TRUE,
        .quiet_from = INT64_MIN,
        .quiet_to = INT64_MIN,
        .digest_at = INT64_MIN,
        .updated_at = INT64_MIN,
    };
    if (rc == ERR_OK && db_rows(r))
        read_row(r, out);
    return rc;
}

enum err preference_store_get(struct db_session *s, int64_t user_id, struct preference *out)
{
    return read(s, &preference_get, user_id, out);
}

enum err preference_store_lock(struct db_session *s, int64_t user_id, struct preference *out)
{
    enum err rc = db_query(s, &preference_add, NULL, DB_INT(user_id), DB_TIME(0));
    return rc ? rc : read(s, &preference_lock, user_id, out);
}

enum err preference_store_put(struct db_session *s, int64_t user_id, struct preference *p,
                              int64_t now)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &preference_put, &r, DB_INT(user_id), DB_BOOL(p->email_enabled == JSON_TRUE),
                 DB_BOOL(p->sms_enabled == JSON_TRUE), DB_BOOL(p->push_enabled == JSON_TRUE),
                 DB_STR(p->language), DB_STR(p->time_zone), DB_STR(p->phone), DB_STR(p->digest),
                 DB_OPT_INT(p->quiet_from), DB_OPT_INT(p->quiet_to), DB_OPT_INT(p->digest_at),
                 matrix_row_value(s->arena, &p->matrix, CELL_ON),
                 matrix_row_value(s->arena, &p->matrix, CELL_OFF),
                 matrix_row_value(s->arena, &p->locked, CELL_ON), DB_TIME(now));
    if (rc)
        return rc;
    p->version = db_get_int(r, 0, 0);
    p->updated_at = now;
    return ERR_OK;
}

enum err preference_store_unsubscribe(struct db_session *s, int64_t user_id, enum event_group group,
                                      int64_t now)
{
    struct preference p;
    enum err rc = preference_store_lock(s, user_id, &p);
    if (rc)
        return rc;
    if (group == GROUP_COUNT)
        p.email_enabled = JSON_FALSE;
    else
        p.matrix.cell[group][CHANNEL_EMAIL] = CELL_OFF;
    return preference_store_put(s, user_id, &p, now);
}

enum err preference_store_has_zone(struct db_session *s, struct str name, bool *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &zone_find, &r, DB_STR(name));
    if (rc == ERR_OK)
        *out = db_get_bool(r, 0, 0);
    return rc;
}
