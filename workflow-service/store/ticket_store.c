#include "store/ticket_store.h"

#include "store/assign_store.h"
#include "store/sql.h"

#define STEP_CHOICE NEEDS_CHOICE("s.role_system", "s.role_name", "s.id")

void ticket_store_read_plans(struct db_session *s, const struct db_result *r, int col, size_t begin,
                             size_t end, struct start_plan **plans, size_t *count)
{
    *count = begin < end && db_is_null(r, begin, col) ? 0 : end - begin;
    *plans = ARENA_ARRAY(s->arena, struct start_plan, *count + 1);
    for (size_t i = begin; i < begin + *count; i++)
        (*plans)[i - begin] = (struct start_plan){
            .version_id = db_get_int(r, i, col),
            .rule =
                {
                    .department = db_get_str(r, i, col + 1),
                    .category = db_get_str(r, i, col + 2),
                    .sub_category = db_get_str(r, i, col + 3),
                    .priority = db_get_str(r, i, col + 4),
                },
            .workflow_name = db_get_str(r, i, col + 5),
            .step_id = db_get_int(r, i, col + 6),
            .step_name = db_get_str(r, i, col + 7),
            .role_system = db_get_str(r, i, col + 8),
            .role_name = db_get_str(r, i, col + 9),
            .chooses_owner = db_get_bool(r, i, col + 10),
            .chooses_assignee = db_get_bool(r, i, col + 11),
        };
}

DB_WRITE(ticket_mark_unmatched, "ii", "",
         "UPDATE ticket SET is_matched = false, matched_epoch = $2 WHERE id = $1");

enum err ticket_store_mark_unmatched(struct db_session *s, const struct ticket *t)
{
    return db_query(s, &ticket_mark_unmatched, NULL, DB_INT(t->id), DB_INT(t->epoch));
}

DB_WRITE(ticket_state, "t", "iitbiiib",
         "SELECT k.id, t.id, t.status, EXISTS (SELECT 1 FROM task_item i WHERE i.task_id = t.id"
         " AND i.acted_on IS NOT NULL), t.version, t.owner_id, o.assignee_id, " IS_TRACKED(
             "t.owner_id, o.assignee_id") " FROM ticket k"
                                          " LEFT JOIN task t ON t.ticket_id = k.id"
                                          " LEFT JOIN task_item o ON o.task_id = t.id AND o.status "
                                          "IN " OPEN_ITEM " WHERE k.number = $1 FOR UPDATE OF k");

enum err ticket_store_state(struct db_session *s, struct str number, struct ticket_state *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &ticket_state, &r, DB_STR(number));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TICKET_NOT_FOUND;
    *out = (struct ticket_state){
        .ticket_id = db_get_int(r, 0, 0),
        .task_id = db_get_int(r, 0, 1),
        .status = task_status_parse(db_get_str(r, 0, 2)),
        .has_started = db_get_bool(r, 0, 3),
        .version = db_get_int(r, 0, 4),
        .owner_id = db_get_int(r, 0, 5),
        .assignee_id = db_get_int(r, 0, 6),
        .is_tracked = db_get_bool(r, 0, 7),
    };
    return ERR_OK;
}

/* The task is locked too, before anybody comes to its clocks. */
DB_WRITE(ticket_hold, "t", "itii",
         "SELECT k.id, k.priority, t.id, t.version FROM ticket k"
         " LEFT JOIN LATERAL (SELECT y.id, y.version FROM task y WHERE y.ticket_id = k.id"
         "  FOR UPDATE) t ON true WHERE k.number = $1 FOR UPDATE OF k");
DB_WRITE(ticket_describe, "itttttz", "",
         "UPDATE ticket SET subject = coalesce($2, subject), category = coalesce($3, category),"
         " sub_category = coalesce($4, sub_category), department = coalesce($5, department),"
         " priority = coalesce($6, priority), matched_epoch = 0, updated_at = $7 WHERE id = $1");

enum err ticket_store_describe(struct db_session *s, struct str number,
                               const struct ticket_fields *f, int64_t now, int64_t *task_id,
                               bool *has_other_priority)
{
    struct db_result *r;
    enum err rc = db_query(s, &ticket_hold, &r, DB_STR(number));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TICKET_NOT_FOUND;
    *task_id = db_get_int(r, 0, 2);
    *has_other_priority = f->priority.p && !str_eq(db_get_str(r, 0, 1), f->priority);
    return db_send(s, &ticket_describe, DB_INT(db_get_int(r, 0, 0)), DB_STR(f->subject),
                   DB_STR(f->category), DB_STR(f->sub_category), DB_STR(f->department),
                   DB_STR(f->priority), DB_TIME(now));
}

DB_WRITE(ticket_update, "ititzzz", "",
         "UPDATE ticket SET status = $2, rating = coalesce($3, rating), feedback = coalesce($4,"
         " feedback), completed_at = coalesce($5, completed_at), closed_at = coalesce($6,"
         " closed_at), updated_at = $7 WHERE id = $1");

enum err ticket_store_update(struct db_session *s, int64_t ticket_id, const struct ticket_change *c,
                             int64_t now)
{
    return db_send(s, &ticket_update, DB_INT(ticket_id), DB_STR(c->status), DB_OPT_INT(c->rating),
                   DB_STR(c->feedback), DB_TIME(c->completed_at), DB_TIME(c->closed_at),
                   DB_TIME(now));
}

/* A task that is over has neither a current step nor an open item. */
/* clang-format off */
DB_WRITE(task_set_status, "iitbtz", "i",
         "WITH task AS (UPDATE task SET status = $3, version = version + 1, updated_at = $6,"
         "   current_step_id = CASE WHEN $4 THEN NULL ELSE current_step_id END,"
         "   resolved_at = CASE WHEN $4 THEN coalesce(resolved_at, $6) ELSE resolved_at END"
         "  WHERE id = $1 AND version = $2 RETURNING id),"
         " item AS (UPDATE task_item SET status = 'cancelled', origin = 'System', notes = $5,"
         "   acted_on = $6"
         "  FROM task WHERE task_id = task.id AND $4 AND task_item.status IN " OPEN_ITEM
         "  RETURNING task_item.id),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at) "
         "SELECT id, 'cancelled', 'System', $5, $6 FROM item) "
         "SELECT id FROM task");
/* clang-format on */

enum err ticket_store_set_task(struct db_session *s, const struct ticket_state *st,
                               enum task_status to, struct str note, int64_t now)
{
    struct db_result *r;
    bool is_over = !task_status_is_running(to);
    const struct assign_locks locks = {.people = {st->owner_id, st->assignee_id},
                                       .person_count = 2};
    enum err rc = st->is_tracked ? assign_store_lock(s, &locks) : ERR_OK;
    if (rc == ERR_OK)
        rc = db_query(s, &task_set_status, &r, DB_INT(st->task_id), DB_INT(st->version),
                      DB_STR(task_status_word(to)), DB_BOOL(is_over), DB_STR(note), DB_TIME(now));
    if (rc)
        return rc;
    return db_rows(r) ? ERR_OK : ERR_SERIALIZATION;
}

DB_READ(ticket_plan, "i", "ititttiitttbb",
        "SELECT k.id, k.number, k.requester_id, k.subject, k.priority, w.name, v.id, s.id, s.name,"
        " s.role_system, s.role_name, " STEP_CHOICE ", " IS_TRACKED(
            "t.owner_id") " FROM task t JOIN ticket k ON k.id = t.ticket_id"
                          " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id "
                          "= v.workflow_id"
                          " JOIN step s ON s.version_id = v.id AND s.is_start WHERE t.id = $1");

enum err ticket_store_plan(struct db_session *s, int64_t task_id, struct ticket *t,
                           struct start_plan *plan)
{
    struct db_result *r;
    enum err rc = db_query(s, &ticket_plan, &r, DB_INT(task_id));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    *t = (struct ticket){
        .id = db_get_int(r, 0, 0),
        .number = db_get_str(r, 0, 1),
        .requester_id = db_get_int(r, 0, 2),
        .subject = db_get_str(r, 0, 3),
        .match.priority = db_get_str(r, 0, 4),
    };
    *plan = (struct start_plan){
        .workflow_name = db_get_str(r, 0, 5),
        .version_id = db_get_int(r, 0, 6),
        .step_id = db_get_int(r, 0, 7),
        .step_name = db_get_str(r, 0, 8),
        .role_system = db_get_str(r, 0, 9),
        .role_name = db_get_str(r, 0, 10),
        .chooses_assignee = db_get_bool(r, 0, 11),
        .is_tracked = db_get_bool(r, 0, 12),
    };
    return ERR_OK;
}

/* clang-format off */
DB_WRITE(task_reopen, "iiittzjit", "iitit",
         "WITH task AS (UPDATE task SET status = 'active', current_step_id = $3,"
         "   resolved_at = NULL, version = version + 1, updated_at = $6"
         "  WHERE id = $1 AND version = $2"
         "  RETURNING id, owner_id),"
         " picked AS (" PICK_CHOSEN("'step'", "$4", "$5", "0", "$7", "FROM task") "),"
         " item AS (INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, notes,"
         "   assigned_on)"
         "  SELECT task.id, $3, picked_id, CASE WHEN picked_id IS NULL THEN 'pool' ELSE 'new' END,"
         "   'System', '', $6 FROM task, picked RETURNING id, status),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   actor_id, created_at) SELECT id, status,"
         "   CASE WHEN $8 IS NULL THEN 'System' ELSE 'User Action' END, $9, $8, $6 FROM item),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, " CHOICE_COLUMNS ", created_at)"
         "  SELECT task.id, item.id, $4, $5, ids, picked_id, "
         CHOICE_VALUES("$7", "picked_id") ", $6 FROM task, item, picked) "
         "SELECT item.id, task.owner_id, o.name, picked.picked_id, a.name FROM item, picked"
         " LEFT JOIN person a ON a.id = picked.picked_id, task"
         " LEFT JOIN person o ON o.id = task.owner_id");
/* clang-format on */

static enum err CO_FN choose_again(struct db_session *s, const struct ticket_state *st,
                                   const struct start_plan *plan, int64_t now,
                                   struct assign_choice *out)
{
    const struct assign_query q = {
        .purpose = "step",
        .system = plan->role_system,
        .role = plan->role_name,
        .step_id = plan->step_id,
        .ticket_id = st->ticket_id,
        .task_id = INT64_MIN,
        .now = now,
    };
    const struct assign_locks locks = {
        .systems = {q.system},
        .roles = {q.role},
        .role_count = 1,
        .people = {st->owner_id},
        .person_count = 1,
    };
    enum err rc = assign_store_lock(s, &locks);
    return rc || !plan->chooses_assignee ? rc : assign_store_choose(s, &q, true, out);
}

enum err ticket_store_reopen(struct db_session *s, const struct ticket_state *st,
                             const struct start_plan *plan, const struct work_note *why,
                             struct started_task *out)
{
    struct db_result *r;
    struct assign_choice choice = {0};
    enum err rc = ERR_OK;
    if (plan->chooses_assignee || plan->is_tracked)
        rc = choose_again(s, st, plan, why->now, &choice);
    if (rc == ERR_OK)
        rc = db_query(s, &task_reopen, &r, DB_INT(st->task_id), DB_INT(st->version),
                      DB_INT(plan->step_id), DB_STR(plan->role_system), DB_STR(plan->role_name),
                      DB_TIME(why->now), DB_STR(choice.json), DB_OPT_INT(why->actor_id),
                      DB_STR(why->text));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_SERIALIZATION;
    *out = (struct started_task){
        .task_id = st->task_id,
        .item_id = db_get_int(r, 0, 0),
        .owner_id = db_get_int(r, 0, 1),
        .owner_name = db_get_str(r, 0, 2),
        .assignee_id = db_get_int(r, 0, 3),
        .assignee_name = db_get_str(r, 0, 4),
    };
    return ERR_OK;
}
