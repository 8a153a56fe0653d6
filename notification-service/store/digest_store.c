#include "store/digest_store.h"

DB_WRITE(digest_schedule, "iz", "",
         "INSERT INTO digest AS d (user_id, due_at) VALUES ($1, $2)"
         " ON CONFLICT (user_id) DO UPDATE SET due_at = least(d.due_at, $2)");
DB_READ(digest_next, "z", "i",
        "SELECT user_id FROM digest WHERE due_at <= $1 ORDER BY due_at LIMIT 1");
DB_WRITE(digest_take, "iz", "", "DELETE FROM digest WHERE user_id = $1 AND due_at <= $2");
DB_WRITE(digest_fill, "ii", "i",
         "WITH taken AS (UPDATE delivery SET digest_id = $2 WHERE user_id = $1"
         " AND status = 'collected' AND digest_id IS NULL RETURNING 1) SELECT count(*) FROM taken");
DB_WRITE(digest_move, "ii", "",
         "UPDATE delivery SET digest_id = $2, status = 'collected' WHERE digest_id = $1");
DB_WRITE(digest_suppress, "it", "",
         "UPDATE delivery SET status = 'suppressed', last_error = $2 WHERE user_id = $1"
         " AND status = 'collected' AND digest_id IS NULL");
DB_READ(digest_items, "ii", "tttzi",
        "SELECT n.title, n.message, n.ticket_number, n.created_at, count(*) OVER ()"
        " FROM delivery d JOIN notification n ON n.id = d.notification_id"
        " WHERE d.digest_id = $1 ORDER BY n.id LIMIT $2");

enum err digest_store_schedule(struct db_session *s, int64_t user_id, int64_t due_at)
{
    return db_query(s, &digest_schedule, NULL, DB_INT(user_id), DB_TIME(due_at));
}

enum err digest_store_next(struct db_session *s, int64_t now, int64_t *user_id)
{
    struct db_result *r;
    enum err rc = db_query(s, &digest_next, &r, DB_TIME(now));
    if (rc == ERR_OK)
        *user_id = db_rows(r) ? db_get_int(r, 0, 0) : 0;
    return rc;
}

enum err digest_store_take(struct db_session *s, int64_t user_id, int64_t now, bool *taken)
{
    struct db_result *r;
    enum err rc = db_query(s, &digest_take, &r, DB_INT(user_id), DB_TIME(now));
    if (rc == ERR_OK)
        *taken = db_affected(r) == 1;
    return rc;
}

enum err digest_store_fill(struct db_session *s, int64_t user_id, int64_t delivery_id,
                           int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &digest_fill, &r, DB_INT(user_id), DB_INT(delivery_id));
    if (rc == ERR_OK)
        *count = db_get_int(r, 0, 0);
    return rc;
}

enum err digest_store_move(struct db_session *s, int64_t from_id, int64_t to_id)
{
    return db_query(s, &digest_move, NULL, DB_INT(from_id), DB_INT(to_id));
}

enum err digest_store_suppress(struct db_session *s, int64_t user_id, struct str why)
{
    return db_query(s, &digest_suppress, NULL, DB_INT(user_id), DB_STR(why));
}

enum err digest_store_items(struct db_session *s, int64_t delivery_id, int64_t limit,
                            struct digest_items *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &digest_items, &r, DB_INT(delivery_id), DB_INT(limit));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    struct digest_item *items = ARENA_ARRAY(s->arena, struct digest_item, n + 1);
    for (size_t i = 0; i < n; i++)
        items[i] = (struct digest_item){db_get_str(r, i, 0), db_get_str(r, i, 1),
                                        db_get_str(r, i, 2), db_get_time(r, i, 3)};
    *out = (struct digest_items){items, n, n ? db_get_int(r, 0, 4) : 0};
    return ERR_OK;
}
