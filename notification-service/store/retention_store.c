#include "store/retention_store.h"

/* Not a parameter: the planner shall know how few they are. */
#define BATCH "500"

/* Ids grow with time, so that the oldest are at the front of the primary key, and nothing is
 * searched when they are young. */
DB_WRITE_PLANNED(
    lock_old_notifications, "z", "II",
    "WITH old AS (SELECT n.id, n.user_id FROM notification n WHERE n.id = ANY (ARRAY("
    "  SELECT o.id FROM (SELECT id, created_at FROM notification ORDER BY id LIMIT " BATCH
    "   ) o WHERE o.created_at < $1)) FOR UPDATE SKIP LOCKED)"
    " SELECT array_agg(id), array_agg(DISTINCT user_id) FILTER (WHERE user_id IS NOT NULL)"
    " FROM old");
/* In order, as whoever tells several people does. */
DB_WRITE(lock_mailboxes, "I", "i",
         "SELECT user_id FROM mailbox WHERE user_id = ANY ($1) ORDER BY user_id FOR UPDATE");
DB_WRITE_PLANNED(forget_notifications, "I", "i",
                 "WITH gone AS (DELETE FROM notification WHERE id = ANY ($1)"
                 "  RETURNING user_id, NOT is_read AND channel = 'in_app' AS counts),"
                 " fewer AS (UPDATE mailbox m SET unread = greatest(m.unread - g.n, 0)"
                 "  FROM (SELECT user_id, count(*) AS n FROM gone WHERE counts GROUP BY 1) g"
                 "  WHERE m.user_id = g.user_id)"
                 " SELECT count(*) FROM gone");
DB_WRITE_PLANNED(forget_gone_messages, "z", "",
                 "DELETE FROM gone_message WHERE message_id IN (SELECT message_id FROM gone_message"
                 " WHERE gone_at < $1 ORDER BY gone_at LIMIT " BATCH ")");

enum err retention_store_notifications(struct db_session *s, int64_t before, int64_t *count)
{
    const int64_t *ids, *people;
    struct db_result *r;
    *count = 0;
    enum err rc = db_query(s, &lock_old_notifications, &r, DB_TIME(before));
    if (rc)
        return rc;
    size_t n = db_get_int_array(r, 0, 0, &ids), m = db_get_int_array(r, 0, 1, &people);
    if (n == 0)
        return ERR_OK;
    rc = db_query(s, &lock_mailboxes, NULL, DB_INT_ARRAY(people, m));
    if (rc == ERR_OK)
        rc = db_query(s, &forget_notifications, &r, DB_INT_ARRAY(ids, n));
    if (rc == ERR_OK)
        *count = db_get_int(r, 0, 0);
    return rc;
}

enum err retention_store_gone_messages(struct db_session *s, int64_t before)
{
    return db_query(s, &forget_gone_messages, NULL, DB_TIME(before));
}
