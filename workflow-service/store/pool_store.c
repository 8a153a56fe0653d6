#include "store/pool_store.h"

#include "store/sql.h"

/* clang-format off */
DB_WRITE(pool_assign, "z", "iiiiitttttttt",
         "WITH waiting AS (SELECT i.id, i.task_id, s.name AS step, s.role_system, s.role_name"
         "  FROM task_item i JOIN step s ON s.id = i.step_id"
         "  WHERE i.status = 'pool' AND EXISTS (SELECT 1 FROM "
         HOLDERS_("s.role_system", "s.role_name") ")"
         "  ORDER BY i.assigned_on LIMIT 1 FOR UPDATE OF i SKIP LOCKED),"
         " picked AS ("
         PICK_HOLDER("'step'", "waiting.role_system", "waiting.role_name", "0", "FROM waiting")
         "),"
         " item AS (UPDATE task_item i SET assignee_id = picked.picked_id, status = 'new',"
         "   origin = 'System', assigned_on = $1 FROM waiting, picked"
         "  WHERE i.id = waiting.id AND picked.picked_id IS NOT NULL"
         "  RETURNING i.id, i.task_id, i.assignee_id, picked.ids, waiting.step,"
         "   waiting.role_system, waiting.role_name),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at) "
         "SELECT id, 'new', 'System', 'Task assigned', $1 FROM item),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, reason, created_at)"
         "  SELECT task_id, id, role_system, role_name, ids, assignee_id,"
         "   'round robin, from the pool', $1 FROM item) "
         "SELECT item.task_id, item.id, item.assignee_id, t.owner_id, k.requester_id, k.number,"
         " k.subject, w.name, item.step, item.role_name, a.name, o.name, t.status FROM item"
         " JOIN task t ON t.id = item.task_id JOIN ticket k ON k.id = t.ticket_id"
         " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
         " JOIN person a ON a.id = item.assignee_id LEFT JOIN person o ON o.id = t.owner_id");
/* clang-format on */

static void read_item(const struct db_result *r, struct pooled_item *out)
{
    *out = (struct pooled_item){
        .task_id = db_get_int(r, 0, 0),
        .item_id = db_get_int(r, 0, 1),
        .assignee_id = db_get_int(r, 0, 2),
        .owner_id = db_get_int(r, 0, 3),
        .requester_id = db_get_int(r, 0, 4),
        .ticket_number = db_get_str(r, 0, 5),
        .subject = db_get_str(r, 0, 6),
        .workflow_name = db_get_str(r, 0, 7),
        .step = db_get_str(r, 0, 8),
        .role = db_get_str(r, 0, 9),
        .assignee_name = db_get_str(r, 0, 10),
        .owner_name = db_get_str(r, 0, 11),
        .status = db_get_str(r, 0, 12),
    };
}

enum err pool_store_assign(struct db_session *s, int64_t now, struct pooled_item *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &pool_assign, &r, DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    read_item(r, out);
    return ERR_OK;
}

/* clang-format off */
DB_WRITE(pool_own, "z", "iit",
         "WITH waiting AS (SELECT id FROM task"
         "  WHERE owner_id IS NULL AND current_step_id IS NOT NULL"
         "   AND EXISTS (SELECT 1 FROM " HOLDERS_("'" OWNER_SYSTEM "'", "'" OWNER_ROLE "'") ")"
         "  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED),"
         " picked AS ("
         PICK_HOLDER("'owner'", "'" OWNER_SYSTEM "'", "'" OWNER_ROLE "'", "0",
                     "FROM waiting") "),"
         " owned AS (UPDATE task t SET owner_id = picked.picked_id, version = version + 1,"
         "   updated_at = $1 FROM waiting, picked"
         "  WHERE t.id = waiting.id AND picked.picked_id IS NOT NULL"
         "  RETURNING t.id, t.ticket_id, t.owner_id, picked.ids),"
         " change AS (INSERT INTO ownership_change (task_id, kind, new_owner_id, reason,"
         "   created_at) "
         "SELECT id, 'assigned', owner_id, 'round robin', $1 FROM owned),"
         " decision AS (INSERT INTO assignment_decision (task_id, role_system, role_name,"
         "   candidates, chosen_id, reason, created_at)"
         "  SELECT id, '" OWNER_SYSTEM "', '" OWNER_ROLE "', ids, owner_id,"
         "   'round robin, from the pool', $1 FROM owned) "
         "SELECT owned.id, owned.owner_id, k.number FROM owned"
         " JOIN ticket k ON k.id = owned.ticket_id");
/* clang-format on */

enum err pool_store_own(struct db_session *s, int64_t now, struct ownerless_task *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &pool_own, &r, DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    *out = (struct ownerless_task){
        .task_id = db_get_int(r, 0, 0),
        .owner_id = db_get_int(r, 0, 1),
        .ticket_number = db_get_str(r, 0, 2),
    };
    return ERR_OK;
}

/* The new item comes from "left", so that the old one is closed before the unique index on open
 * items sees the new one. */
/* clang-format off */
DB_WRITE(pool_release_items, "iz", "i",
         "WITH stuck AS (SELECT i.id FROM task_item i JOIN step s ON s.id = i.step_id"
         "  WHERE i.assignee_id = $1 AND i.status IN ('new', 'in_progress') AND NOT EXISTS ("
         "   SELECT 1 FROM " HOLDERS_("s.role_system", "s.role_name") " AND p.id = $1)"
         "   AND NOT EXISTS (SELECT 1 FROM "
         HOLDERS_("s.escalation_system", "s.escalation_role") " AND p.id = $1)"
         "  ORDER BY i.id FOR UPDATE OF i),"
         " closed AS (UPDATE task_item i SET status = 'reassigned', origin = 'Reassigned',"
         "   notes = 'The assignee no longer holds the role', acted_on = $2"
         "  FROM stuck WHERE i.id = stuck.id RETURNING i.id, i.task_id, i.step_id, i.target_at),"
         " item AS (INSERT INTO task_item (task_id, step_id, status, origin, assigned_on,"
         "   target_at) "
         "SELECT task_id, step_id, 'pool', 'Reassigned', $2, target_at FROM closed"
         "  RETURNING id),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at)"
         "  SELECT id, 'reassigned', 'Reassigned', 'The assignee no longer holds the role', $2"
         "   FROM closed"
         "  UNION ALL SELECT id, 'pool', 'Reassigned', 'Waiting for a role holder', $2"
         "   FROM item) "
         "SELECT id FROM item");
/* clang-format on */

/* clang-format off */
DB_WRITE(pool_release_tasks, "iz", "i",
         "WITH freed AS (UPDATE task SET owner_id = NULL, version = version + 1, updated_at = $2"
         "  WHERE owner_id = $1 AND current_step_id IS NOT NULL AND NOT EXISTS ("
         "   SELECT 1 FROM person p JOIN person_role r ON r.person_id = p.id"
         "   WHERE p.id = $1 AND p.active"
         "    AND ((r.system = '" OWNER_SYSTEM "' AND r.role = '" OWNER_ROLE "')"
         "     OR (r.system IN ('hdts', 'tts') AND r.role = 'Admin')))"
         "  RETURNING id) "
         "INSERT INTO ownership_change (task_id, kind, old_owner_id, reason, created_at) "
         "SELECT id, 'released', $1, 'the owner no longer holds the role', $2"
         " FROM freed RETURNING task_id");
/* clang-format on */

enum err pool_store_release(struct db_session *s, int64_t person_id, int64_t now, int64_t *released)
{
    struct db_result *items, *tasks;
    enum err rc = db_query(s, &pool_release_items, &items, DB_INT(person_id), DB_TIME(now));
    if (rc)
        return rc;
    rc = db_query(s, &pool_release_tasks, &tasks, DB_INT(person_id), DB_TIME(now));
    if (rc)
        return rc;
    *released = (int64_t)(db_rows(items) + db_rows(tasks));
    return ERR_OK;
}

DB_WRITE(pool_escalation_cursor, "i", "t",
         "SELECT assignment_cursor_ensure('step', s.escalation_system, s.escalation_role)::text"
         " FROM task t JOIN step s ON s.id = t.current_step_id"
         " WHERE t.id = $1 AND s.escalation_role IS NOT NULL AND s.escalation_system IS NOT NULL");

/* Here too the new item comes from the closed one; without a holder nothing changes. */
/* clang-format off */
DB_WRITE(pool_escalate, "itz", "iiiiitttttttt",
         "WITH open AS (SELECT i.id, i.task_id, i.step_id, i.target_at, s.name AS step,"
         "   s.escalation_system, s.escalation_role, coalesce(i.assignee_id, 0) AS assignee_id"
         "  FROM task_item i JOIN step s ON s.id = i.step_id"
         "  WHERE i.task_id = $1 AND i.status IN " OPEN_ITEM " FOR UPDATE OF i),"
         " picked AS ("
         PICK_HOLDER("'step'", "open.escalation_system", "open.escalation_role",
                     "open.assignee_id", "FROM open") "),"
         " closed AS (UPDATE task_item i SET status = 'escalated', origin = 'Escalation',"
         "   notes = $2, acted_on = $3 FROM open, picked"
         "  WHERE i.id = open.id AND picked.picked_id IS NOT NULL RETURNING i.id),"
         " item AS (INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, notes,"
         "   assigned_on, target_at)"
         "  SELECT open.task_id, open.step_id, picked.picked_id, 'new', 'Escalation', '', $3,"
         "   open.target_at FROM closed, open, picked RETURNING id, task_id, assignee_id),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at)"
         "  SELECT id, 'escalated', 'Escalation', $2, $3 FROM closed"
         "  UNION ALL SELECT id, 'new', 'Escalation', $2, $3 FROM item),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, reason, created_at)"
         "  SELECT item.task_id, item.id, open.escalation_system, open.escalation_role,"
         "   picked.ids, item.assignee_id, 'escalated', $3 FROM item, open, picked) "
         "SELECT item.task_id, item.id, item.assignee_id, t.owner_id, k.requester_id, k.number,"
         " k.subject, w.name, open.step, open.escalation_role, a.name, o.name, t.status"
         " FROM item, open, task t JOIN ticket k ON k.id = t.ticket_id"
         " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
         " LEFT JOIN person o ON o.id = t.owner_id, person a"
         " WHERE t.id = item.task_id AND a.id = item.assignee_id");
/* clang-format on */

enum err pool_store_escalate(struct db_session *s, int64_t task_id, struct str reason, int64_t now,
                             struct pooled_item *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &pool_escalation_cursor, &r, DB_INT(task_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    rc = db_query(s, &pool_escalate, &r, DB_INT(task_id), DB_STR(reason), DB_TIME(now));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    read_item(r, out);
    return ERR_OK;
}
