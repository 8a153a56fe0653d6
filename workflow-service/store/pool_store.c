#include "store/pool_store.h"

#include "store/assign_store.h"
#include "store/sql.h"

void pool_store_read(const struct db_result *r, struct pooled_item *out)
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
         "  FROM stuck WHERE i.id = stuck.id RETURNING i.id, i.task_id, i.step_id, i.target_at,"
         "   i.is_escalated),"
         " item AS (INSERT INTO task_item (task_id, step_id, status, origin, assigned_on,"
         "   target_at, is_escalated) "
         "SELECT task_id, step_id, 'pool', 'Reassigned', $2, target_at, is_escalated FROM closed"
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

/* clang-format off */
DB_WRITE(pool_escalation, "i", "tttii",
         "SELECT assignment_cursor_ensure('step', s.escalation_system, s.escalation_role)::text,"
         " s.escalation_system, s.escalation_role, i.assignee_id, s.id"
         " FROM task_item i JOIN step s ON s.id = i.step_id"
         " WHERE i.task_id = $1 AND i.status IN " OPEN_ITEM
         "  AND s.escalation_role IS NOT NULL AND s.escalation_system IS NOT NULL"
         " FOR UPDATE OF i");

/* The new item comes from the closed one, for the sake of the unique index on open items. */
DB_WRITE(pool_escalate, "itzij", "iiiiitttttttt",
         "WITH open AS (SELECT i.id, i.task_id, i.step_id, i.target_at, s.name AS step,"
         "   s.escalation_system, s.escalation_role"
         "  FROM task_item i JOIN step s ON s.id = i.step_id"
         "  WHERE i.task_id = $1 AND i.status IN " OPEN_ITEM "),"
         " closed AS (UPDATE task_item i SET status = 'escalated', origin = 'Escalation',"
         "   notes = $2, acted_on = $3 FROM open WHERE i.id = open.id RETURNING i.id),"
         " item AS (INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, notes,"
         "   assigned_on, target_at, is_escalated)"
         "  SELECT open.task_id, open.step_id, $4, 'new', 'Escalation', '', $3,"
         "   open.target_at, true FROM closed, open RETURNING id, task_id, assignee_id),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at)"
         "  SELECT id, 'escalated', 'Escalation', $2, $3 FROM closed"
         "  UNION ALL SELECT id, 'new', 'Escalation', $2, $3 FROM item),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, reason, policy, scores, created_at)"
         "  SELECT item.task_id, item.id, open.escalation_system, open.escalation_role, "
         CHOICE_IDS("$5") ", item.assignee_id, 'escalated, ' || ($5->>'reason'),"
         "   $5->>'policy', $5->'scores', $3 FROM item, open) "
         "SELECT item.task_id, item.id, item.assignee_id, t.owner_id, k.requester_id, k.number,"
         " k.subject, w.name, open.step, open.escalation_role, a.name, o.name, t.status"
         " FROM item, open, task t JOIN ticket k ON k.id = t.ticket_id"
         " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
         " LEFT JOIN person o ON o.id = t.owner_id, person a"
         " WHERE t.id = item.task_id AND a.id = item.assignee_id");
/* clang-format on */

/* Whom the policy of the escalation role says, but for whoever has the item now. */
static enum err CO_FN choose_other(struct db_session *s, const struct db_result *r, int64_t task_id,
                                   int64_t now, struct assign_choice *out)
{
    int64_t present = db_get_int(r, 0, 3);
    const struct assign_query q = {
        .purpose = "step",
        .system = db_get_str(r, 0, 1),
        .role = db_get_str(r, 0, 2),
        .step_id = db_get_int(r, 0, 4),
        .ticket_id = INT64_MIN,
        .task_id = task_id,
        .except = present == NO_PERSON ? 0 : present,
        .now = now,
    };
    const struct assign_locks locks = {
        .systems = {q.system},
        .roles = {q.role},
        .role_count = 1,
        .people = {present},
        .person_count = 1,
    };
    enum err rc = assign_store_lock(s, &locks);
    if (rc == ERR_OK)
        rc = assign_store_choose(s, &q, true, out);
    return rc == ERR_OK && out->chosen_id == NO_PERSON ? ERR_TASK_NOT_FOUND : rc;
}

enum err pool_store_escalate(struct db_session *s, int64_t task_id, struct str reason, int64_t now,
                             struct pooled_item *out)
{
    struct db_result *r;
    struct assign_choice choice;
    enum err rc = db_query(s, &pool_escalation, &r, DB_INT(task_id));
    if (rc == ERR_OK && db_rows(r) == 0)
        rc = ERR_TASK_NOT_FOUND;
    if (rc == ERR_OK)
        rc = choose_other(s, r, task_id, now, &choice);
    if (rc == ERR_OK)
        rc = db_query(s, &pool_escalate, &r, DB_INT(task_id), DB_STR(reason), DB_TIME(now),
                      DB_INT(choice.chosen_id), DB_STR(choice.json));
    if (rc == ERR_OK)
        pool_store_read(r, out);
    return rc;
}
