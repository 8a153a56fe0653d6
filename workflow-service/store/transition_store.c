#include "store/transition_store.h"

#include "store/assign_store.h"
#include "store/sql.h"

/* Task before item, in every statement that locks both. */
/* clang-format off */
DB_WRITE(transition_lock, "iiii", "tititiittitittttbiittttbTbb",
         "SELECT i.status, i.assignee_id, t.status, i.step_id, s.name, t.id, t.version, k.number,"
         " k.subject, k.requester_id, w.name, t.owner_id, o.name, me.name, s.role_name, x.name,"
         " coalesce(x.version_id = t.version_id, false), x.from_step_id, n.id, n.name,"
         " n.role_system, n.role_name, x.outcome, EXISTS (SELECT 1"
         "   FROM " HOLDERS_("n.role_system", "n.role_name") " AND p.id = $4), ARRAY(SELECT"
         " y.name FROM transition y WHERE y.from_step_id = i.step_id ORDER BY y.id), "
         NEEDS_CHOICE("n.role_system", "n.role_name", "n.id") ", "
         IS_TRACKED("i.assignee_id, t.owner_id, $4")
         " FROM task_item i JOIN task t ON t.id = i.task_id JOIN ticket k ON k.id = t.ticket_id"
         " JOIN step s ON s.id = i.step_id JOIN workflow_version v ON v.id = t.version_id"
         " JOIN workflow w ON w.id = v.workflow_id LEFT JOIN person o ON o.id = t.owner_id"
         " LEFT JOIN person me ON me.id = $3 LEFT JOIN transition x ON x.id = $2"
         " LEFT JOIN step n ON n.id = x.to_step_id WHERE i.id = $1 FOR UPDATE OF t, i");
/* clang-format on */

enum err transition_store_lock(struct db_session *s, int64_t item_id, int64_t transition_id,
                               int64_t actor_id, int64_t wish, struct transition_view *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &transition_lock, &r, DB_INT(item_id), DB_INT(transition_id),
                           DB_INT(actor_id), DB_OPT_INT(wish));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    *out = (struct transition_view){
        .facts =
            {
                .actor_id = actor_id,
                .assignee_id = db_get_int(r, 0, 1),
                .item = item_status_parse(db_get_str(r, 0, 0)),
                .task = task_status_parse(db_get_str(r, 0, 2)),
                .step_id = db_get_int(r, 0, 3),
                .is_known = db_get_bool(r, 0, 16),
                .from_step_id = db_get_int(r, 0, 17),
                .has_next = !db_is_null(r, 0, 18),
                .has_wish = wish != NO_PERSON,
                .wish_holds_role = db_get_bool(r, 0, 23),
            },
        .item_id = item_id,
        .step = db_get_str(r, 0, 4),
        .task_id = db_get_int(r, 0, 5),
        .version = db_get_int(r, 0, 6),
        .ticket_number = db_get_str(r, 0, 7),
        .subject = db_get_str(r, 0, 8),
        .requester_id = db_get_int(r, 0, 9),
        .workflow_name = db_get_str(r, 0, 10),
        .owner_id = db_get_int(r, 0, 11),
        .owner_name = db_get_str(r, 0, 12),
        .actor_name = db_get_str(r, 0, 13),
        .role = db_get_str(r, 0, 14),
        .transition = db_get_str(r, 0, 15),
        .next_step_id = db_get_int(r, 0, 18),
        .next_step = db_get_str(r, 0, 19),
        .next_role_system = db_get_str(r, 0, 20),
        .next_role = db_get_str(r, 0, 21),
        .outcome = db_get_str(r, 0, 22),
    };
    out->available_count = db_get_str_array(r, 0, 24, &out->available);
    out->chooses_next = db_get_bool(r, 0, 25);
    out->is_tracked = db_get_bool(r, 0, 26);
    return ERR_OK;
}

/*
 * The next item comes from "done", so that the old item is closed before the unique index on open
 * items sees the new one.
 */
/* clang-format off */
DB_WRITE(transition_apply, "iiitzbittitij", "iit",
         "WITH done AS (UPDATE task_item SET status = 'resolved', origin = 'User Action',"
         "   notes = $4, acted_on = $5, transition_id = $2 WHERE id = $1 RETURNING id, task_id),"
         " acted AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         " actor_id,"
         "   created_at)"
         "  SELECT done.id, h.status, 'User Action', h.notes, $3, $5 FROM done,"
         "   (VALUES (1, 'in_progress', 'Work started'), (2, 'resolved', $4)) h (n, status,"
         "    notes)"
         "  WHERE h.n = 2 OR $6 ORDER BY h.n),"
         " picked AS ("
         PICK_CHOSEN("'step'", "$8", "$9", "0", "$13",
                     "WHERE $7 IS NOT NULL AND $10 IS NULL") "),"
         " next AS (SELECT coalesce($10, (SELECT picked_id FROM picked)) AS person_id"
         "  WHERE $7 IS NOT NULL),"
         " item AS (INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, notes,"
         "   assigned_on)"
         "  SELECT done.task_id, $7, person_id,"
         "   CASE WHEN person_id IS NULL THEN 'pool' ELSE 'new' END, 'System', '', $5"
         "  FROM done, next RETURNING id, status, assignee_id),"
         " opened AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at)"
         "  SELECT id, status, 'System',"
         "   CASE status WHEN 'pool' THEN 'Waiting for a role holder'"
         "    ELSE 'Task assigned' END, $5"
         "  FROM item),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, created_at, reason, policy, scores, actor_id)"
         "  SELECT $12, id, $8, $9, " HOLDERS("$8", "$9", "0") ", assignee_id, $5,"
         "   CASE WHEN $10 IS NOT NULL THEN 'named by the previous assignee'"
         "    ELSE coalesce($13->>'reason', " PICK_REASON("assignee_id") ") END,"
         "   CASE WHEN $10 IS NOT NULL THEN 'named' ELSE"
         "    coalesce($13->>'policy', 'round_robin') END, $13->'scores',"
         "   CASE WHEN $10 IS NOT NULL THEN $3 END FROM item),"
         " task AS (UPDATE task SET current_step_id = $7, status = $11, version = version + 1,"
         "   updated_at = $5, resolved_at = CASE WHEN $7 IS NULL THEN $5 END WHERE id = $12) "
         "SELECT item.id, item.assignee_id, p.name FROM done LEFT JOIN item ON true"
         " LEFT JOIN person p ON p.id = item.assignee_id");
/* clang-format on */

/* Who gives work up and who may get some, before any of it changes. */
static enum err CO_FN choose_next(struct db_session *s, const struct transition_view *v,
                                  const struct transition_write *w, struct assign_choice *out)
{
    const struct assign_query q = {
        .purpose = "step",
        .system = v->next_role_system,
        .role = v->next_role,
        .step_id = v->next_step_id,
        .ticket_id = INT64_MIN,
        .task_id = v->task_id,
        .now = w->now,
    };
    bool chooses = v->chooses_next && w->wish == NO_PERSON;
    const struct assign_locks locks = {
        .systems = {q.system},
        .roles = {q.role},
        .role_count = chooses,
        .people = {v->facts.assignee_id, v->owner_id, w->wish},
        .person_count = 3,
    };
    enum err rc = assign_store_lock(s, &locks);
    return rc || !chooses ? rc : assign_store_choose(s, &q, true, out);
}

enum err transition_store_apply(struct db_session *s, const struct transition_view *v,
                                const struct transition_write *w, struct next_item *next)
{
    struct db_result *r;
    struct assign_choice choice = {0};
    enum err rc = ERR_OK;
    if (v->is_tracked || v->chooses_next)
        rc = choose_next(s, v, w, &choice);
    if (rc == ERR_OK)
        rc = db_query(s, &transition_apply, &r, DB_INT(v->item_id), DB_INT(w->transition_id),
                      DB_INT(w->actor_id), DB_STR(w->notes), DB_TIME(w->now),
                      DB_BOOL(v->facts.item == ITEM_STATUS_NEW), DB_OPT_INT(v->next_step_id),
                      DB_STR(v->next_role_system), DB_STR(v->next_role),
                      DB_OPT_INT(v->facts.has_next ? w->wish : NO_PERSON),
                      DB_STR(task_status_word(w->status)), DB_INT(v->task_id), DB_STR(choice.json));
    if (rc)
        return rc;
    *next = (struct next_item){
        .item_id = db_get_int(r, 0, 0),
        .assignee_id = db_get_int(r, 0, 1),
        .assignee_name = db_get_str(r, 0, 2),
    };
    return ERR_OK;
}

DB_WRITE(transition_begin, "iiitz", "",
         "WITH item AS (UPDATE task_item SET status = 'in_progress', origin = 'User Action',"
         "   notes = $4 WHERE id = $1 RETURNING id),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   actor_id, created_at)"
         "  SELECT id, 'in_progress', 'User Action', $4, $3, $5 FROM item) "
         "UPDATE task SET status = 'in_progress', version = version + 1, updated_at = $5"
         " WHERE id = $2");

enum err transition_store_begin(struct db_session *s, const struct transition_view *v,
                                struct str notes, int64_t now)
{
    return db_send(s, &transition_begin, DB_INT(v->item_id), DB_INT(v->task_id),
                   DB_INT(v->facts.actor_id), DB_STR(notes), DB_TIME(now));
}
