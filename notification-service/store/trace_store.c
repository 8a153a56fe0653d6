#include "store/trace_store.h"

#include "trace.h"

DB_WRITE(keep_trace, "itt", "",
         "INSERT INTO notification_trace (notification_id, traceparent, tracestate)"
         " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");

DB_READ(trace_of_delivery, "i", "tt",
        "SELECT t.traceparent, t.tracestate FROM delivery d"
        " JOIN notification_trace t ON t.notification_id = d.notification_id WHERE d.id = $1");

enum err trace_store_keep(struct db_session *s, int64_t notification_id,
                          const struct log_context *log)
{
    if (!trace_wants(log))
        return ERR_OK;
    return db_query(s, &keep_trace, NULL, DB_INT(notification_id),
                    DB_STR(traceparent_write(s->arena, log)), DB_STR(log->trace_state));
}

enum err trace_store_of_delivery(struct db_session *s, int64_t delivery_id, struct log_context *out)
{
    struct db_result *r;
    *out = (struct log_context){0};
    if (!trace_is_on())
        return ERR_OK;
    enum err rc = db_query(s, &trace_of_delivery, &r, DB_INT(delivery_id));
    if (rc == ERR_OK && db_rows(r) == 1)
        (void)trace_join(out, db_get_str(r, 0, 0), db_get_str(r, 0, 1));
    trace_identify(out, s->arena);
    return rc;
}
