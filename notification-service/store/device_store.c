#include "store/device_store.h"

#define COLUMNS "d.id, d.user_id, d.token, d.platform, d.created_at"
#define TYPES "iittz"

DB_READ(device_list, "i", TYPES,
        "SELECT " COLUMNS " FROM device d WHERE d.user_id = $1 ORDER BY d.id DESC LIMIT 20");
DB_WRITE(device_put, "ittz", TYPES,
         "INSERT INTO device AS d (user_id, token, platform, created_at) VALUES ($1, $2, $3, $4)"
         " ON CONFLICT (token) DO UPDATE SET user_id = $1, platform = $3,"
         " created_at = CASE d.user_id WHEN $1 THEN d.created_at ELSE $4 END RETURNING " COLUMNS);
DB_WRITE(device_trim, "ii", "",
         "DELETE FROM device WHERE user_id = $1 AND id <> $2 AND id NOT IN (SELECT id FROM device"
         " WHERE user_id = $1 ORDER BY id DESC LIMIT 20)");
DB_WRITE(device_delete, "ii", "", "DELETE FROM device WHERE user_id = $1 AND id = $2");
DB_WRITE(device_forget, "i", "", "DELETE FROM device WHERE id = $1");

static void read_row(const struct db_result *r, size_t row, struct device *d)
{
    *d = (struct device){.id = db_get_int(r, row, 0),
                         .user_id = db_get_int(r, row, 1),
                         .token = db_get_str(r, row, 2),
                         .platform = db_get_str(r, row, 3),
                         .created_at = db_get_time(r, row, 4)};
}

enum err device_store_list(struct db_session *s, int64_t user_id, struct device_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &device_list, &r, DB_INT(user_id));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    struct device *items = ARENA_ARRAY(s->arena, struct device, n + 1);
    for (size_t i = 0; i < n; i++)
        read_row(r, i, &items[i]);
    *out = (struct device_list){items, n};
    return ERR_OK;
}

enum err device_store_put(struct db_session *s, struct device *d, int64_t now)
{
    struct db_result *r;
    enum err rc = db_query(s, &device_put, &r, DB_INT(d->user_id), DB_STR(d->token),
                           DB_STR(d->platform), DB_TIME(now));
    if (rc)
        return rc;
    read_row(r, 0, d);
    return db_query(s, &device_trim, NULL, DB_INT(d->user_id), DB_INT(d->id));
}

enum err device_store_delete(struct db_session *s, int64_t user_id, int64_t id)
{
    struct db_result *r;
    enum err rc = db_query(s, &device_delete, &r, DB_INT(user_id), DB_INT(id));
    if (rc)
        return rc;
    return db_affected(r) ? ERR_OK : ERR_NOT_FOUND;
}

enum err device_store_forget(struct db_session *s, int64_t id)
{
    return db_query(s, &device_forget, NULL, DB_INT(id));
}
