#include "store/notification_store.h"

#include <string.h>

#include "store/notification_row.h"

#define COLUMNS NOTIFICATION_COLUMNS
#define TYPES NOTIFICATION_TYPES

DB_WRITE(insert_notification, "itttittjtzbtjttbi", TYPES,
         "WITH n AS (INSERT INTO notification AS n (user_id, type, title, message, ticket_id,"
         "  ticket_number, channel, data, event_id, created_at, is_read, read_at, template, facts,"
         "  language, event_group, is_urgent, message_id)"
         "  VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, '{}'), $9, $10, $11,"
         "  CASE WHEN $11 THEN $10 END, $12, coalesce($13, '{}'), $14, $15, $16, $17)"
         "  ON CONFLICT (user_id, type, event_id) DO NOTHING RETURNING *),"
         " unread AS (UPDATE mailbox m SET unread = unread + 1 FROM n"
         "  WHERE m.user_id = n.user_id AND n.channel = 'in_app' AND NOT n.is_read)"
         " SELECT " COLUMNS " FROM n");

#define LIST(condition)                                                                            \
    "SELECT " COLUMNS " FROM notification n WHERE n.user_id = $1 AND n.channel = 'in_app'"         \
    " AND n.id < $2" condition " ORDER BY n.id DESC LIMIT $3"
DB_READ(list_notifications, "iii", TYPES, LIST(""));
DB_READ(list_unread, "iii", TYPES, LIST(" AND NOT n.is_read"));

/* What is told in the app is there as soon as it is stored. */
DB_READ(notification_history, "ii", TYPES "tiz",
        "SELECT " COLUMNS
        ", coalesce(d.status, 'sent'), greatest(coalesce(d.attempts, 0) - 1, 0)::bigint,"
        " CASE WHEN d.id IS NULL THEN n.created_at ELSE d.sent_at END"
        " FROM notification n LEFT JOIN LATERAL (SELECT * FROM delivery"
        "  WHERE notification_id = n.id AND channel = n.channel ORDER BY id LIMIT 1) d ON true"
        " WHERE n.user_id = $1 ORDER BY n.id DESC LIMIT $2");

DB_READ(count_unread, "i", "i",
        "SELECT coalesce((SELECT unread FROM mailbox WHERE user_id = $1), 0)");
DB_READ(count_unread_of, "I", "I",
        "SELECT ARRAY(SELECT coalesce(m.unread, 0) FROM unnest($1) WITH ORDINALITY u (id, n)"
        " LEFT JOIN mailbox m ON m.user_id = u.id ORDER BY u.n)");

/* With as many fewer unread ones as it has changed. */
#define FEWER                                                                                      \
    ", fewer AS (UPDATE mailbox SET unread = greatest(unread - x.n, 0)"                            \
    "  FROM (SELECT count(*) AS n FROM gone) x WHERE user_id = $1 AND x.n > 0)"

DB_WRITE(mark_read, "iiz", TYPES,
         "WITH gone AS (UPDATE notification n SET is_read = true, read_at = $3"
         "  WHERE n.id = $2 AND n.user_id = $1 AND n.channel = 'in_app' AND NOT n.is_read"
         "  RETURNING *)" FEWER " SELECT " COLUMNS " FROM gone n UNION ALL SELECT " COLUMNS
         " FROM notification n WHERE n.id = $2 AND n.user_id = $1 AND n.channel = 'in_app'"
         " AND NOT EXISTS (SELECT FROM gone)");

DB_WRITE(mark_all_read, "iz", "i",
         "WITH gone AS (UPDATE notification SET is_read = true, read_at = $2"
         "  WHERE user_id = $1 AND NOT is_read AND channel = 'in_app' RETURNING id)" FEWER
         " SELECT count(*) FROM gone");

DB_WRITE(delete_notification, "ii", "i",
         "WITH deleted AS (DELETE FROM notification WHERE user_id = $1 AND id = $2"
         "  AND channel = 'in_app' RETURNING is_read),"
         " gone AS (SELECT FROM deleted WHERE NOT is_read)" FEWER " SELECT count(*) FROM deleted");

DB_WRITE(rename_notification, "itt", "",
         "UPDATE notification SET title = $2, message = $3 WHERE id = $1");
DB_WRITE(drop_notification, "i", "", "DELETE FROM notification WHERE id = $1");

DB_READ(newest_notification, "", "i",
        "SELECT greatest(0, (SELECT max(id) FROM notification),"
        " (SELECT max(change_id) FROM notification WHERE change_id IS NOT NULL))");

#define MISSED(place, condition)                                                                   \
    "(SELECT " COLUMNS ", " place " FROM notification n WHERE n." place " > $1"                    \
    " AND n.channel = 'in_app' AND " condition " ORDER BY n." place " LIMIT $2)"
DB_READ(missed_notifications, "ii", TYPES "i",
        MISSED("id", "NOT n.is_read") " UNION ALL " MISSED("change_id",
                                                           "true") " ORDER BY 13 LIMIT $2");

void notification_read_row(const struct db_result *r, size_t row, struct notification *out)
{
    *out = (struct notification){
        .id = db_get_int(r, row, 0),
        .user_id = db_get_int(r, row, 1),
        .type = db_get_str(r, row, 2),
        .title = db_get_str(r, row, 3),
        .message = db_get_str(r, row, 4),
        .ticket_id = db_get_int(r, row, 5),
        .ticket_number = db_get_str(r, row, 6),
        .channel = db_get_str(r, row, 7),
        .data = db_get_str(r, row, 8),
        .is_read = db_get_bool(r, row, 9),
        .read_at = db_get_time(r, row, 10),
        .created_at = db_get_time(r, row, 11),
    };
}

static struct notification *read_rows(struct arena *a, const struct db_result *r,
                                      struct notification_list *out)
{
    size_t n = db_rows(r);
    struct notification *items = ARENA_ARRAY(a, struct notification, n + 1);
    for (size_t i = 0; i < n; i++)
        notification_read_row(r, i, &items[i]);
    *out = (struct notification_list){items, n};
    return items;
}

static struct db_value given(int64_t id)
{
    return id > 0 ? DB_INT(id) : DB_NULL;
}

enum err notification_store_add(struct db_session *s, const struct new_notification *n,
                                struct notification *out, bool *is_new)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &insert_notification, &r, given(n->user_id), DB_STR(n->type), DB_STR(n->title),
                 DB_STR(n->message), given(n->ticket_id), DB_STR(n->ticket_number),
                 DB_STR(n->channel), DB_STR(n->data), DB_STR(n->event_id), DB_TIME(n->now),
                 DB_BOOL(n->is_read), DB_STR(n->template), DB_STR(n->facts), DB_STR(n->language),
                 DB_STR(n->event_group), DB_BOOL(n->is_urgent), given(n->message_id));
    if (rc)
        return rc;
    *is_new = db_rows(r) == 1;
    if (*is_new)
        notification_read_row(r, 0, out);
    return ERR_OK;
}

enum err notification_store_list(struct db_session *s, int64_t user_id,
                                 const struct notification_filter *f, struct notification_list *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, f->unread_only ? &list_unread : &list_notifications, &r, DB_INT(user_id),
                 DB_INT(f->before ? f->before : INT64_MAX), DB_INT(f->limit));
    if (rc == ERR_OK)
        read_rows(s->arena, r, out);
    return rc;
}

enum err notification_store_history(struct db_session *s, int64_t user_id, int64_t limit,
                                    struct notification_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &notification_history, &r, DB_INT(user_id), DB_INT(limit));
    if (rc)
        return rc;
    struct notification *items = read_rows(s->arena, r, out);
    for (size_t i = 0; i < out->count; i++) {
        items[i].status = db_get_str(r, i, 12);
        items[i].retry_count = db_get_int(r, i, 13);
        items[i].sent_at = db_get_time(r, i, 14);
    }
    return ERR_OK;
}

enum err notification_store_unread(struct db_session *s, int64_t user_id, int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &count_unread, &r, DB_INT(user_id));
    if (rc == ERR_OK)
        *count = db_get_int(r, 0, 0);
    return rc;
}

enum err notification_store_unread_of(struct db_session *s, const int64_t *user_ids, size_t n,
                                      const int64_t **counts)
{
    struct db_result *r;
    enum err rc = db_query(s, &count_unread_of, &r, DB_INT_ARRAY(user_ids, n));
    if (rc == ERR_OK && db_get_int_array(r, 0, 0, counts) != n)
        rc = ERR_INTERNAL_ERROR;
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
    notification_read_row(r, 0, out);
    /* Who has read it at the same moment may not be seen yet. */
    out->is_read = true;
    if (out->read_at == INT64_MIN)
        out->read_at = now;
    return ERR_OK;
}

enum err notification_store_read_all(struct db_session *s, int64_t user_id, int64_t now,
                                     int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &mark_all_read, &r, DB_INT(user_id), DB_TIME(now));
    if (rc == ERR_OK)
        *count = db_get_int(r, 0, 0);
    return rc;
}

enum err notification_store_delete(struct db_session *s, int64_t user_id, int64_t id)
{
    struct db_result *r;
    enum err rc = db_query(s, &delete_notification, &r, DB_INT(user_id), DB_INT(id));
    if (rc)
        return rc;
    return db_get_int(r, 0, 0) ? ERR_OK : ERR_NOT_FOUND;
}

enum err notification_store_rename(struct db_session *s, int64_t id, struct str title,
                                   struct str message)
{
    return db_query(s, &rename_notification, NULL, DB_INT(id), DB_STR(title), DB_STR(message));
}

enum err notification_store_drop(struct db_session *s, int64_t id)
{
    return db_query(s, &drop_notification, NULL, DB_INT(id));
}

enum err notification_store_newest(struct db_session *s, int64_t *id)
{
    struct db_result *r;
    enum err rc = db_query(s, &newest_notification, &r);
    if (rc == ERR_OK)
        *id = db_get_int(r, 0, 0);
    return rc;
}

enum err notification_store_missed(struct db_session *s, int64_t after, int64_t limit,
                                   struct missed_list *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &missed_notifications, &r, DB_INT(after), DB_INT(limit));
    if (rc)
        return rc;
    size_t n = db_rows(r);
    struct missed *items = ARENA_ARRAY(s->arena, struct missed, n + 1);
    for (size_t i = 0; i < n; i++) {
        notification_read_row(r, i, &items[i].notification);
        items[i].id = db_get_int(r, i, (int)strlen(TYPES));
        items[i].is_change = items[i].id != items[i].notification.id;
    }
    *out = (struct missed_list){items, n};
    return ERR_OK;
}
