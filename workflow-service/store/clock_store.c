#include "store/clock_store.h"

#include "store/sql.h"

/* A clock found past both marks only breaches: the warning would come too late. */
/* clang-format off */
DB_WRITE(clock_fire, "zn", "btizzttttttiiiitt",
         "WITH due AS (SELECT id, next_wake, breach_at <= $1 AS is_breach FROM sla_clock"
         "  WHERE next_wake <= $1 ORDER BY next_wake LIMIT $2 FOR UPDATE SKIP LOCKED),"
         " fired AS (UPDATE sla_clock c SET"
         "   warned_at = CASE WHEN due.is_breach THEN c.warned_at ELSE $1 END,"
         "   breached_at = CASE WHEN due.is_breach THEN $1 END,"
         "   next_wake = CASE WHEN due.is_breach THEN NULL ELSE c.breach_at END"
         "  FROM due WHERE c.id = due.id"
         "  RETURNING due.is_breach, c.metric, c.task_id, c.due_at, c.breach_at, due.next_wake) "
         "SELECT f.is_breach, f.metric, t.id, CASE WHEN f.is_breach THEN f.breach_at"
         " ELSE f.due_at END, f.next_wake, k.number, k.subject, w.name, s.name, s.role_name,"
         " t.status, i.id, i.assignee_id, t.owner_id, k.requester_id, a.name, o.name FROM fired f"
         " JOIN task t ON t.id = f.task_id JOIN ticket k ON k.id = t.ticket_id"
         " JOIN workflow_version v ON v.id = t.version_id"
         " JOIN workflow w ON w.id = v.workflow_id"
         " LEFT JOIN step s ON s.id = t.current_step_id LEFT JOIN task_item i ON i.task_id = t.id"
         " AND i.status IN " OPEN_ITEM " LEFT JOIN person a ON a.id = i.assignee_id"
         " LEFT JOIN person o ON o.id = t.owner_id");
/* clang-format on */

enum err clock_store_fire(struct db_session *s, int64_t now, int limit, struct clock_event **out,
                          size_t *count)
{
    struct db_result *r;
    enum err rc = db_query(s, &clock_fire, &r, DB_TIME(now), DB_INT(limit));
    if (rc)
        return rc;
    *count = db_rows(r);
    *out = ARENA_ARRAY(s->arena, struct clock_event, *count + 1);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = (struct clock_event){
            .is_breach = db_get_bool(r, i, 0),
            .metric = db_get_str(r, i, 1),
            .task_id = db_get_int(r, i, 2),
            .due_at = db_get_time(r, i, 3),
            .late_us = now - db_get_time(r, i, 4),
            .ticket_number = db_get_str(r, i, 5),
            .subject = db_get_str(r, i, 6),
            .workflow_name = db_get_str(r, i, 7),
            .step = db_get_str(r, i, 8),
            .role = db_get_str(r, i, 9),
            .status = db_get_str(r, i, 10),
            .item_id = db_get_int(r, i, 11),
            .assignee_id = db_get_int(r, i, 12),
            .owner_id = db_get_int(r, i, 13),
            .requester_id = db_get_int(r, i, 14),
            .assignee_name = db_get_str(r, i, 15),
            .owner_name = db_get_str(r, i, 16),
        };
    return ERR_OK;
}
