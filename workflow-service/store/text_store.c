#include "store/text_store.h"

#define BATCH "1000"
#define BATCH_MIN "500"

DB_READ(text_waiting, "", "b",
        "SELECT count(*) = " BATCH_MIN " FROM (SELECT 1 FROM ticket_text WHERE NOT is_sorted"
        " LIMIT " BATCH_MIN ") x");
DB_WRITE(text_sort, "", "i",
         "WITH due AS MATERIALIZED (SELECT ticket_id FROM ticket_text WHERE NOT is_sorted"
         "  ORDER BY ticket_id LIMIT " BATCH " FOR UPDATE SKIP LOCKED),"
         " sorted AS (UPDATE ticket_text x SET is_sorted = true FROM due"
         "  WHERE x.ticket_id = due.ticket_id RETURNING 1) "
         "SELECT count(*) FROM sorted");
/* Until then the new entries are a list that every search reads. */
DB_WRITE(text_index, "", "i", "SELECT gin_clean_pending_list('ticket_text_by_trigram'::regclass)");

enum err text_store_sort(struct db_session *s, bool *more)
{
    struct db_result *r;
    *more = false;
    enum err rc = db_query(s, &text_waiting, &r);
    if (rc || !db_get_bool(r, 0, 0))
        return rc;
    rc = db_query(s, &text_sort, &r);
    if (rc)
        return rc;
    *more = db_get_int(r, 0, 0) > 0;
    return db_query(s, &text_index, NULL);
}
