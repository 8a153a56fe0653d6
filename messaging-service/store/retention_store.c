#include "store/retention_store.h"

/* Not a parameter: the planner shall know how few they are. */
#define BATCH "500"

/* Ids grow with time, so that the oldest are at the front of the primary key, and nothing is
 * searched when they are young. Conversations are locked before what is in them, as by whoever
 * posts. */
DB_WRITE_PLANNED(
    lock_old_conversations, "z", "i",
    "SELECT c.id FROM conversation c WHERE c.id = ANY (ARRAY(SELECT o.conversation_id FROM"
    "  (SELECT conversation_id, created_at FROM message ORDER BY id LIMIT " BATCH
    "  ) o WHERE o.created_at < $1)) ORDER BY c.id FOR UPDATE");
DB_WRITE_PLANNED(forget_messages, "z", "II",
                 "WITH gone AS (DELETE FROM message WHERE id = ANY (ARRAY(SELECT o.id FROM"
                 "   (SELECT id, created_at FROM message ORDER BY id LIMIT " BATCH
                 "   ) o WHERE o.created_at < $1)) RETURNING conversation_id)"
                 " SELECT array_agg(DISTINCT conversation_id), ARRAY[count(*)] FROM gone");
/* Whoever had not read them has nothing left of them to read. */
DB_WRITE(forget_unread, "I", "",
         "UPDATE participant p SET read_number = greatest(p.read_number, f.number),"
         "  last_read_id = greatest(p.last_read_id, f.id), has_unread = p.has_unread AND f.has_more"
         " FROM (SELECT c.id AS conversation_id, coalesce(m.number - 1, c.message_count) AS number,"
         "   coalesce(m.id - 1, 0) AS id, m.id IS NOT NULL AS has_more"
         "  FROM conversation c LEFT JOIN LATERAL (SELECT id, number FROM message"
         "   WHERE conversation_id = c.id ORDER BY id LIMIT 1) m ON true WHERE c.id = ANY ($1)) f"
         " WHERE p.conversation_id = f.conversation_id AND p.read_number < f.number");

enum err retention_store_messages(struct db_session *s, int64_t before, int64_t *count)
{
    const int64_t *conversations, *counts;
    struct db_result *r;
    *count = 0;
    enum err rc = db_query(s, &lock_old_conversations, &r, DB_TIME(before));
    if (rc || db_rows(r) == 0)
        return rc;
    rc = db_query(s, &forget_messages, &r, DB_TIME(before));
    if (rc)
        return rc;
    size_t n = db_get_int_array(r, 0, 0, &conversations);
    if (db_get_int_array(r, 0, 1, &counts))
        *count = counts[0];
    return n ? db_query(s, &forget_unread, NULL, DB_INT_ARRAY(conversations, n)) : ERR_OK;
}
