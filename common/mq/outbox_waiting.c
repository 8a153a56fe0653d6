#include "outbox_waiting.h"

DB_READ_LONG(outbox_lanes_stmt, "", "ttiid",
             "SELECT exchange, routing_key, count(*), count(retry_at),"
             " coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM outbox"
             " GROUP BY GROUPING SETS ((exchange, routing_key), ())"
             " ORDER BY grouping(routing_key), 3 DESC, 2, 1");

#define CHOSEN "($1::text IS NULL OR o.routing_key = $1) AND ($2::bigint IS NULL OR o.id = $2)"
#define SAME_LANE                                                                                  \
    "w.key = o.key AND w.exchange = o.exchange"                                                    \
    " AND (w.exchange <> '' OR w.routing_key = o.routing_key)"

DB_READ_LONG(outbox_failed_stmt, "tiii", "ittttttiizz",
             "SELECT o.id, o.message_id, o.exchange, o.routing_key, o.type, o.key, o.last_error,"
             " o.attempts::bigint, (SELECT count(*) FROM (SELECT FROM outbox w WHERE " SAME_LANE
             "  AND w.id > o.id LIMIT 10000) x), o.created_at, o.retry_at FROM outbox o"
             " WHERE o.retry_at IS NOT NULL AND " CHOSEN " AND o.id > $3 ORDER BY o.id LIMIT $4");

DB_WRITE(outbox_retry_stmt, "ti", "",
         "UPDATE outbox o SET retry_at = now() WHERE o.retry_at > now() AND " CHOSEN);

enum err outbox_waiting(struct db_session *s, struct outbox_lane **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &outbox_lanes_stmt, &r);
    if (rc)
        return rc;
    *count = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct outbox_lane, *count);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] =
            (struct outbox_lane){db_get_str(r, i, 0), db_get_str(r, i, 1), db_get_int(r, i, 2),
                                 db_get_int(r, i, 3), db_get_double(r, i, 4)};
    return ERR_OK;
}

enum err outbox_failed(struct db_session *s, const struct outbox_choice *c, int64_t after,
                       int64_t limit, struct outbox_failed **out, size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &outbox_failed_stmt, &r, DB_STR(c->routing_key), DB_OPT_INT(c->id),
                           DB_INT(after), DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct outbox_failed, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct outbox_failed){.id = db_get_int(r, i, 0),
                                           .message_id = db_get_str(r, i, 1),
                                           .exchange = db_get_str(r, i, 2),
                                           .routing_key = db_get_str(r, i, 3),
                                           .type = db_get_str(r, i, 4),
                                           .key = db_get_str(r, i, 5),
                                           .error = db_get_str(r, i, 6),
                                           .attempts = db_get_int(r, i, 7),
                                           .held = db_get_int(r, i, 8),
                                           .created_at = db_get_time(r, i, 9),
                                           .retry_at = db_get_time(r, i, 10)};
    return ERR_OK;
}

enum err outbox_retry(struct db_session *s, const struct outbox_choice *c, int64_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &outbox_retry_stmt, &r, DB_STR(c->routing_key), DB_OPT_INT(c->id));
    *count = rc ? 0 : db_affected(r);
    return rc;
}
