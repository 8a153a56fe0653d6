#include "store/work_store.h"

#include "store/assign_store.h"
#include "store/sql.h"

/* ---- locking ------------------------------------------------------------------------------ */

DB_WRITE(work_lock_task, "ii", "i",
         "SELECT t.id FROM task t WHERE t.id = coalesce($1, (SELECT i.task_id FROM task_item i"
         " WHERE i.id = $2)) FOR UPDATE");

DB_WRITE(work_lock_item, "i", "i",
         "SELECT i.id FROM task_item i WHERE i.task_id = $1 AND i.status IN " OPEN_ITEM
         " FOR UPDATE");

/* clang-format off */
DB_WRITE(work_read, "ii", "titiittttiittbbbb",
         "SELECT t.status, t.version, k.number, k.requester_id, t.owner_id, k.subject, w.name,"
         " o.name, s.name, i.id, i.assignee_id, a.name, " TURN_ROLE ", coalesce(i.is_escalated, false),"
         " s.escalation_role IS NOT NULL, EXISTS (SELECT 1 FROM task_item x"
         "  WHERE x.task_id = t.id AND x.assignee_id = $2), EXISTS (SELECT 1 FROM task_item x"
         "  WHERE x.task_id = t.id AND (x.status = 'in_progress' OR x.transition_id IS NOT NULL))"
         " FROM task t JOIN ticket k ON k.id = t.ticket_id"
         " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
         " LEFT JOIN person o ON o.id = t.owner_id LEFT JOIN step s ON s.id = t.current_step_id"
         " LEFT JOIN task_item i ON i.task_id = t.id AND i.status IN " OPEN_ITEM
         " LEFT JOIN person a ON a.id = i.assignee_id WHERE t.id = $1");
/* clang-format on */

static void read_view(const struct db_result *r, int64_t task_id, int64_t actor_id,
                      struct work_view *out)
{
    *out = (struct work_view){
        .facts =
            {
                .actor_id = actor_id,
                .owner_id = db_get_int(r, 0, 4),
                .assignee_id = db_get_int(r, 0, 10),
                .task = task_status_parse(db_get_str(r, 0, 0)),
                .has_item = !db_is_null(r, 0, 9),
                .is_escalated = db_get_bool(r, 0, 13),
                .has_escalation_role = db_get_bool(r, 0, 14),
                .has_worked = db_get_bool(r, 0, 15),
            },
        .task_id = task_id,
        .version = db_get_int(r, 0, 1),
        .has_started = db_get_bool(r, 0, 16),
        .item =
            {
                .task_id = task_id,
                .item_id = db_get_int(r, 0, 9),
                .assignee_id = db_get_int(r, 0, 10),
                .assignee_name = db_get_str(r, 0, 11),
                .owner_id = db_get_int(r, 0, 4),
                .owner_name = db_get_str(r, 0, 7),
                .requester_id = db_get_int(r, 0, 3),
                .ticket_number = db_get_str(r, 0, 2),
                .subject = db_get_str(r, 0, 5),
                .workflow_name = db_get_str(r, 0, 6),
                .step = db_get_str(r, 0, 8),
                .role = db_get_str(r, 0, 12),
                .status = db_get_str(r, 0, 0),
            },
    };
}

/* Read once both are locked: what either was before is of no interest. */
enum err work_store_lock(struct db_session *s, int64_t task_id, int64_t item_id, int64_t actor_id,
                         struct work_view *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &work_lock_task, &r, DB_OPT_INT(task_id), DB_OPT_INT(item_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    task_id = db_get_int(r, 0, 0);
    rc = db_query(s, &work_lock_item, &r, DB_INT(task_id));
    if (rc == ERR_OK)
        rc = db_query(s, &work_read, &r, DB_INT(task_id), DB_OPT_INT(actor_id));
    if (rc)
        return rc;
    read_view(r, task_id, actor_id, out);
    return ERR_OK;
}

/* ---- hold and resume ---------------------------------------------------------------------- */

/* clang-format off */
DB_WRITE(work_set_running, "iittizt", "i",
         "WITH task AS (UPDATE task SET status = $3, version = version + 1, updated_at = $6"
         "  WHERE id = $1 AND version = $2 RETURNING id),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   actor_id, created_at)"
         "  SELECT i.id, CASE $3 WHEN 'on_hold' THEN 'on_hold' ELSE i.status END, $7, $4, $5, $6"
         "  FROM task JOIN task_item i ON i.task_id = task.id AND i.status IN " OPEN_ITEM ") "
         "SELECT id FROM task");
/* clang-format on */

enum err work_store_set_running(struct db_session *s, int64_t task_id, int64_t version,
                                enum task_status to, const struct work_note *n)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &work_set_running, &r, DB_INT(task_id), DB_INT(version),
                 DB_STR(task_status_word(to)), DB_STR(n->text), DB_OPT_INT(n->actor_id),
                 DB_TIME(n->now), DB_STR(n->actor_id == NO_PERSON ? ORIGIN_SYSTEM : ORIGIN_USER));
    if (rc)
        return rc;
    return db_rows(r) ? ERR_OK : ERR_SERIALIZATION;
}

/* ---- another person's turn ---------------------------------------------------------------- */

/* clang-format off */
DB_WRITE(work_candidate, "ii", "bb",
         "SELECT coalesce((SELECT active FROM person WHERE id = $2), false),"
         " EXISTS (SELECT 1 FROM " HOLDERS_("(" TURN_SYSTEM ")", "(" TURN_ROLE ")") " AND p.id = $2)"
         " FROM task_item i JOIN step s ON s.id = i.step_id WHERE i.id = $1");
/* clang-format on */

enum err work_store_candidate(struct db_session *s, const struct work_view *v, int64_t person_id,
                              struct work_candidate *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &work_candidate, &r, DB_OPT_INT(v->item.item_id), DB_INT(person_id));
    if (rc)
        return rc;
    *out = (struct work_candidate){.id = person_id};
    if (db_rows(r)) {
        out->is_active = db_get_bool(r, 0, 0);
        out->holds_role = db_get_bool(r, 0, 1);
    }
    return ERR_OK;
}

/*
 * What both have in common: $2 are the notes, $3 is the actor, $4 the time. The new item comes from
 * "closed", so that the old one is closed before the unique index on open items sees the new.
 */
#define CLOSE_ITEM(status, origin)                                                                 \
    " closed AS (UPDATE task_item i SET status = " status ", origin = " origin ", notes = $2,"     \
    "   acted_on = $4 FROM open WHERE i.id = open.id RETURNING i.id, i.task_id, i.step_id,"        \
    "   i.target_at, i.is_escalated)"
#define NOTE_BOTH(status, origin)                                                                  \
    " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes, actor_id,"   \
    "   created_at)"                                                                               \
    "  SELECT id, " status ", " origin ", $2, $3::bigint, $4 FROM closed"                          \
    "  UNION ALL SELECT id, status, " origin ", $2, $3, $4 FROM item),"                            \
    " moved AS (UPDATE task SET version = version + 1, updated_at = $4 FROM item"                  \
    "  WHERE task.id = item.task_id)"
#define NEW_ITEM "SELECT item.id, item.assignee_id, a.name FROM item"

/* clang-format off */
DB_WRITE(work_reassign, "itizi", "iit",
         "WITH open AS (SELECT i.id, " TURN_SYSTEM " AS turn_system, " TURN_ROLE " AS turn_role"
         "  FROM task_item i JOIN step s ON s.id = i.step_id WHERE i.id = $1),"
         CLOSE_ITEM("'reassigned'", "'Reassigned'") ","
         " item AS (INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, notes,"
         "   assigned_on, target_at, is_escalated)"
         "  SELECT task_id, step_id, $5, 'new', 'Reassigned', '', $4, target_at, is_escalated"
         "  FROM closed RETURNING id, task_id, assignee_id, status),"
         NOTE_BOTH("'reassigned'", "'Reassigned'") ","
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, reason, policy, actor_id, created_at)"
         "  SELECT item.task_id, item.id, turn_system, turn_role, "
         HOLDERS("open.turn_system", "open.turn_role", "0") ", $5, 'named by an administrator',"
         "   'manual', $3, $4"
         "  FROM item, open) "
         NEW_ITEM " LEFT JOIN person a ON a.id = item.assignee_id");

DB_WRITE(work_escalation, "i", "ttti",
         "SELECT assignment_cursor_ensure('step', s.escalation_system, s.escalation_role)::text,"
         " s.escalation_system, s.escalation_role, s.id"
         " FROM task_item i JOIN step s ON s.id = i.step_id WHERE i.id = $1");

DB_WRITE(work_escalate, "itizij", "iitt",
         "WITH open AS (SELECT i.id, s.escalation_system, s.escalation_role"
         "  FROM task_item i JOIN step s ON s.id = i.step_id WHERE i.id = $1),"
         CLOSE_ITEM("'escalated'", "'Escalation'") ","
         " item AS (INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, notes,"
         "   assigned_on, target_at, is_escalated)"
         "  SELECT task_id, step_id, $5, CASE WHEN $5 IS NULL THEN 'pool' ELSE 'new' END,"
         "   'Escalation', '', $4, target_at, true FROM closed"
         "  RETURNING id, task_id, assignee_id, status),"
         NOTE_BOTH("'escalated'", "'Escalation'") ","
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, reason, policy, scores, created_at)"
         "  SELECT item.task_id, item.id, open.escalation_system, open.escalation_role, "
         CHOICE_IDS("$6") ", item.assignee_id, 'escalated, ' || ($6->>'reason'),"
         "   $6->>'policy', $6->'scores', $4 FROM item, open) "
         "SELECT item.id, item.assignee_id, a.name, open.escalation_role FROM open, item"
         " LEFT JOIN person a ON a.id = item.assignee_id");
/* clang-format on */

static void take_new_item(const struct db_result *r, struct work_view *v)
{
    v->item.item_id = db_get_int(r, 0, 0);
    v->item.assignee_id = db_get_int(r, 0, 1);
    v->item.assignee_name = db_get_str(r, 0, 2);
}

enum err work_store_reassign(struct db_session *s, struct work_view *v, int64_t person_id,
                             const struct work_note *n)
{
    struct db_result *r;
    const struct assign_locks locks = {.people = {v->item.assignee_id, person_id},
                                       .person_count = 2};
    enum err rc = assign_store_lock(s, &locks);
    if (rc == ERR_OK)
        rc = db_query(s, &work_reassign, &r, DB_INT(v->item.item_id), DB_STR(n->text),
                      DB_OPT_INT(n->actor_id), DB_TIME(n->now), DB_INT(person_id));
    if (rc == ERR_OK)
        take_new_item(r, v);
    return rc;
}

/* Whom the policy of the escalation role says, but for whoever has the item now. */
static enum err CO_FN choose_other(struct db_session *s, const struct work_view *v,
                                   const struct db_result *r, int64_t now,
                                   struct assign_choice *out)
{
    int64_t present = v->item.assignee_id;
    const struct assign_query q = {
        .purpose = "step",
        .system = db_get_str(r, 0, 1),
        .role = db_get_str(r, 0, 2),
        .step_id = db_get_int(r, 0, 3),
        .ticket_id = INT64_MIN,
        .task_id = v->task_id,
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
    return rc ? rc : assign_store_choose(s, &q, true, out);
}

enum err work_store_escalate(struct db_session *s, struct work_view *v, const struct work_note *n)
{
    struct db_result *r;
    struct assign_choice choice;
    enum err rc = db_query(s, &work_escalation, &r, DB_INT(v->item.item_id));
    if (rc == ERR_OK)
        rc = choose_other(s, v, r, n->now, &choice);
    if (rc == ERR_OK)
        rc = db_query(s, &work_escalate, &r, DB_INT(v->item.item_id), DB_STR(n->text),
                      DB_OPT_INT(n->actor_id), DB_TIME(n->now), DB_OPT_INT(choice.chosen_id),
                      DB_STR(choice.json));
    if (rc)
        return rc;
    take_new_item(r, v);
    v->item.role = db_get_str(r, 0, 3);
    return ERR_OK;
}
