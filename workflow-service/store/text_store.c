#include "store/text_store.h"

#include "clock.h"

#define BATCH "1000"
#define BATCH_MIN "500"
#define WAITING_MAX "100000"
#define CALM_US (5 * US_PER_S)

/* Not while as many tickets have come since $1: they are many more then, and cheaper together. */
DB_READ(text_waiting, "z", "b",
        "SELECT count(*) >= " BATCH_MIN " AND (count(*) = " WAITING_MAX " OR coalesce("
        " (SELECT k.created_at < $1 FROM ticket k ORDER BY k.id DESC OFFSET " BATCH
        " LIMIT 1), true))"
        " FROM (SELECT 1 FROM ticket_text WHERE NOT is_sorted LIMIT " WAITING_MAX ") x");
DB_WRITE_PLANNED(text_sort, "", "i",
                 "WITH due AS MATERIALIZED (SELECT ticket_id FROM ticket_text WHERE NOT is_sorted"
                 "  ORDER BY ticket_id LIMIT " BATCH " FOR UPDATE SKIP LOCKED),"
                 " sorted AS (UPDATE ticket_text x SET is_sorted = true FROM due"
                 "  WHERE x.ticket_id = due.ticket_id RETURNING 1) "
                 "SELECT count(*) FROM sorted");
/* Until then the new entries are a list that every search reads. */
DB_WRITE(text_index, "", "i", "SELECT gin_clean_pending_list('ticket_text_by_trigram'::regclass)");

enum err text_store_sort(struct db_session *s, int64_t now, bool *more)
{
    struct db_result *r;
    *more = false;
    enum err rc = db_query(s, &text_waiting, &r, DB_TIME(now - CALM_US));
    if (rc || !db_get_bool(r, 0, 0))
        return rc;
    rc = db_query(s, &text_sort, &r);
    if (rc)
        return rc;
    *more = db_get_int(r, 0, 0) > 0;
    return db_query(s, &text_index, NULL);
}
