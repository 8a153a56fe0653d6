#include "store/notification_store.h"

#define COLUMNS                                                                                    \
    "id, user_id, type, title, message, ticket_number, channel, data, is_read, read_at, "          \
    "created_at"
#define TYPES                                                                                      \
    "iittttt"                                                                                      \
    "jbzz"

DB_WRITE(insert_notification,
         "ittttt"
         "jtzb",
         "i",
         "INSERT INTO notification (user_id, type, title, message, ticket_number, channel, data,"
         " event_id, created_at, is_read, read_at)"
         " VALUES ($1, $2, $3, $4, $5, coalesce($6, 'in_app'), coalesce($7, '{}'), $8, $9, $10,"
         " CASE WHEN $10 THEN $9 END)"
         " ON CONFLICT (user_id, type, event_id) DO NOTHING RETURNING id");

DB_READ(list_notifications, "ibii", TYPES,
        "SELECT " COLUMNS " FROM notification WHERE user_id = $1 AND (NOT $2 OR NOT is_read)"
        " AND ($3 = 0 OR id < $3) ORDER BY id DESC LIMIT $4");

DB_READ(count_unread, "i", "i",
        "SELECT count(*) FROM notification WHERE user_id = $1 AND NOT is_read");

DB_WRITE(mark_read, "iiz", TYPES,
         "UPDATE notification SET is_read = true, read_at = coalesce(read_at, $3)"
         " WHERE id = $2 AND user_id = $1 RETURNING " COLUMNS);

DB_WRITE(mark_all_read, "iz", "",
         "UPDATE notification SET is_read = true, read_at = $2 WHERE user_id = $1 AND NOT is_read");

static void read_row(const struct db_result *r, size_t row, struct notification *n)
{
    *n = (struct notification){
        .id = db_get_int(r, row, 0),
        .user_id = db_get_int(r, row, 1),
        .type = db_get_str(r, row, 2),
        .title = db_get_str(r, row, 3),
        .message = db_get_str(r, row, 4),
        .ticket_number = db_get_str(r, row, 5),
        .channel = db_get_str(r, row, 6),
        .data = db_get_str(r, row, 7),
        .is_read = db_get_bool(r, row, 8),
        .read_at = db_get_time(r, row, 9),
        .created_at = db_get_time(r, row, 10),
    };
}

enum err notification_store_add(struct db_session *s, const struct new_notification *n, int64_t *id)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &insert_notification, &r, DB_INT(n->user_id), DB_STR(n->type), DB_STR(n->title),
                 DB_STR(n->message), DB_STR(n->ticket_number), DB_STR(n->channel), DB_STR(n->data),
                 DB_STR(n->event_id), DB_TIME(n->now), DB_BOOL(n->is_read));
    if (rc == ERR_OK)
        *id = db_rows(r) ? db_get_int(r, 0, 0) : 0;
    return rc;
}

enum err notification_store_list(struct db_session *s, int64_t user_id, bool unread_only,
                                 int64_t before, int64_t limit, struct notification_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &list_notifications, &r, DB_INT(user_id), DB_BOOL(unread_only),
                           DB_INT(before), DB_INT(limit));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    struct notification *items = ARENA_ARRAY(s->arena, struct notification, n + 1);
    for (size_t i = 0; i < n; i++)
        read_row(r, i, &items[i]);
    out->items = items;
    out->count = n;
    return notification_store_unread(s, user_id, &out->unread);
}

enum err notification_store_unread(struct db_session *s, int64_t user_id, int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &count_unread, &r, DB_INT(user_id));
    if (rc == ERR_OK)
        *count = db_get_int(r, 0, 0);
    return rc;
}

enum err notification_store_read(struct db_session *s, int64_t user_id, int64_t id, int64_t now,
                                 struct notification *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &mark_read, &r, DB_INT(user_id), DB_INT(id), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    read_row(r, 0, out);
    return ERR_OK;
}

enum err notification_store_read_all(struct db_session *s, int64_t user_id, int64_t now,
                                     int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &mark_all_read, &r, DB_INT(user_id), DB_TIME(now));
    if (rc == ERR_OK)
        *count = db_affected(r);
    return rc;
}
