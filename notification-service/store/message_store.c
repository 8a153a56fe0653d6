#include "store/message_store.h"

#include <string.h>

#include "store/notification_row.h"

DB_WRITE(message_lock, "i", "i",
         "SELECT count(*) FROM (SELECT pg_advisory_xact_lock("
         "hashtextextended('message:' || $1::text, 1003))) x");
/* A statement of its own: one that waits for a lock does not see what is committed meanwhile. */
DB_WRITE(message_is_gone, "i", "b",
         "SELECT EXISTS (SELECT FROM gone_message WHERE message_id = $1)");
DB_WRITE(message_end, "iz", "",
         "INSERT INTO gone_message (message_id, gone_at) VALUES ($1, $2) ON CONFLICT DO NOTHING");

DB_WRITE(told_of_message, "i", "iitttb",
         "SELECT n.id, n.user_id, n.language, p.name, p.email, n.channel = 'in_app'"
         " FROM notification n LEFT JOIN person p ON p.id = n.user_id"
         " WHERE n.message_id = $1 ORDER BY n.language, n.id");

#define WAITS "status IN ('queued', 'collected') AND digest_id IS NULL"
DB_WRITE(reword_notification, "ittttjti", NOTIFICATION_TYPES "i",
         "WITH halted AS (UPDATE delivery SET status = 'suppressed', last_error = $7"
         "  WHERE $7 IS NOT NULL AND notification_id = $1 AND " WAITS ")"
         " UPDATE notification n SET title = $2, message = $3, language = $4, template = $5,"
         "  facts = $6, message_version = coalesce($8, message_version),"
         "  change_id = nextval(pg_get_serial_sequence('notification', 'id'))"
         " WHERE id = $1 AND ($8 > coalesce(message_version, 0)"
         "  OR ($8 IS NULL AND (title, message) IS DISTINCT FROM ($2, $3)))"
         " RETURNING " NOTIFICATION_COLUMNS ", n.change_id");

enum err message_store_lock(struct db_session *s, int64_t message_id, bool *is_gone)
{
    struct db_result *r;
    enum err rc = db_query(s, &message_lock, NULL, DB_INT(message_id));
    if (rc == ERR_OK)
        rc = db_query(s, &message_is_gone, &r, DB_INT(message_id));
    if (rc == ERR_OK)
        *is_gone = db_get_bool(r, 0, 0);
    return rc;
}

enum err message_store_end(struct db_session *s, int64_t message_id, int64_t now, bool *is_new)
{
    struct db_result *r;
    enum err rc = db_query(s, &message_end, &r, DB_INT(message_id), DB_TIME(now));
    if (rc == ERR_OK)
        *is_new = db_affected(r) > 0;
    return rc;
}

enum err message_store_told(struct db_session *s, int64_t message_id, const struct told **out,
                            size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &told_of_message, &r, DB_INT(message_id));
    if (rc)
        return rc;
    *count = db_rows(r);
    struct told *items = ARENA_ARRAY(s->arena, struct told, *count + 1);
    for (size_t i = 0; i < *count; i++)
        items[i] = (struct told){
            .id = db_get_int(r, i, 0),
            .user_id = db_get_int(r, i, 1),
            .language = db_get_str(r, i, 2),
            .name = db_get_str(r, i, 3),
            .email = db_get_str(r, i, 4),
            .is_in_app = db_get_bool(r, i, 5),
        };
    *out = items;
    return ERR_OK;
}

enum err message_store_reword(struct db_session *s, int64_t notification_id,
                              const struct other_words *w, struct notification *out,
                              int64_t *change_id)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &reword_notification, &r, DB_INT(notification_id), DB_STR(w->title),
                 DB_STR(w->message), DB_STR(w->language), DB_STR(w->template), DB_STR(w->facts),
                 DB_STR(w->why), w->version ? DB_INT(w->version) : DB_NULL);
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_NOT_FOUND;
    notification_read_row(r, 0, out);
    *change_id = db_get_int(r, 0, (int)strlen(NOTIFICATION_TYPES));
    return ERR_OK;
}
