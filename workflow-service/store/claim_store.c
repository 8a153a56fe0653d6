#include "store/claim_store.h"

#include "arena.h"
#include "store/assign_store.h"
#include "store/sql.h"

/* ---- taking ------------------------------------------------------------------------------- */

DB_WRITE(claim_lock_task, "i", "t", "SELECT status FROM task WHERE id = $1 FOR UPDATE");
DB_WRITE(claim_lock_item, "i", "it",
         "SELECT id, status FROM task_item WHERE task_id = $1 AND status IN " OPEN_ITEM
         " FOR UPDATE");
/* clang-format off */
DB_WRITE(claim_read, "ii", "ittbii",
         "SELECT s.id, " TURN_SYSTEM ", " TURN_ROLE ", EXISTS (SELECT FROM "
         HOLDERS_("(" TURN_SYSTEM ")", "(" TURN_ROLE ")") " AND p.id = $2), g.capacity, l.open_items"
         " FROM task_item i JOIN step s ON s.id = i.step_id"
         " LEFT JOIN agent g ON g.person_id = $2 LEFT JOIN agent_load l ON l.person_id = $2"
         " WHERE i.id = $1");
/* clang-format on */

static enum err CO_FN read_facts(struct db_session *s, int64_t person_id, struct claim_view *v)
{
    struct db_result *r;
    enum err rc = db_query(s, &claim_read, &r, DB_INT(v->item_id), DB_INT(person_id));
    if (rc)
        return rc;
    v->step_id = db_get_int(r, 0, 0);
    v->role_system = db_get_str(r, 0, 1);
    v->role_name = db_get_str(r, 0, 2);
    v->facts.holds_role = db_get_bool(r, 0, 3);
    v->facts.capacity = db_get_int(r, 0, 4);
    v->facts.open = db_is_null(r, 0, 5) ? 0 : db_get_int(r, 0, 5);
    return ERR_OK;
}

enum err claim_store_lock(struct db_session *s, int64_t task_id, int64_t person_id,
                          struct claim_view *out)
{
    struct db_result *r;
    const struct assign_locks locks = {.people = {person_id}, .person_count = 1};
    enum err rc = db_query(s, &claim_lock_task, &r, DB_INT(task_id));
    if (rc == ERR_OK && db_rows(r) == 0)
        rc = ERR_TASK_NOT_FOUND;
    if (rc)
        return rc;
    *out = (struct claim_view){.facts.task = task_status_parse(db_get_str(r, 0, 0)),
                               .facts.item = ITEM_STATUS_RESOLVED,
                               .item_id = INT64_MIN};
    rc = db_query(s, &claim_lock_item, &r, DB_INT(task_id));
    if (rc || db_rows(r) == 0)
        return rc;
    out->item_id = db_get_int(r, 0, 0);
    out->facts.item = item_status_parse(db_get_str(r, 0, 1));
    rc = assign_store_lock(s, &locks);
    return rc ? rc : read_facts(s, person_id, out);
}

/* clang-format off */
DB_WRITE(claim_give, "iittiz", "iiiiitttttttt",
         "WITH item AS (UPDATE task_item i SET assignee_id = $2, status = 'new',"
         "   origin = 'User Action', assigned_on = $6 WHERE i.id = $1"
         "  RETURNING i.id, i.task_id, i.assignee_id, i.step_id, i.is_escalated),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   actor_id, created_at) SELECT id, 'new', 'User Action', $3, $5, $6 FROM item),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, reason, policy, actor_id, created_at)"
         "  SELECT task_id, i.id, " TURN_SYSTEM ", " TURN_ROLE ", "
         HOLDERS("(" TURN_SYSTEM ")", "(" TURN_ROLE ")", "0") ", $2, $4, 'manual', $5, $6"
         "  FROM item i JOIN step s ON s.id = i.step_id) "
         "SELECT i.task_id, i.id, i.assignee_id, t.owner_id, k.requester_id, k.number,"
         " k.subject, w.name, s.name, " TURN_ROLE ", a.name, o.name, t.status FROM item i"
         " JOIN step s ON s.id = i.step_id"
         " JOIN task t ON t.id = i.task_id JOIN ticket k ON k.id = t.ticket_id"
         " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
         " JOIN person a ON a.id = i.assignee_id LEFT JOIN person o ON o.id = t.owner_id");
/* clang-format on */

enum err claim_store_give(struct db_session *s, const struct claim_view *v,
                          const struct claim_write *w, struct pooled_item *out)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &claim_give, &r, DB_INT(v->item_id), DB_INT(w->person_id), DB_STR(w->notes),
                 DB_STR(w->reason), DB_INT(w->actor_id), DB_TIME(w->now));
    if (rc == ERR_OK)
        pool_store_read(r, out);
    return rc;
}

/* ---- decisions ---------------------------------------------------------------------------- */

/* Where turns alone decided, the candidates are all that is known of them. */
/* clang-format off */
DB_READ(claim_decisions, "iiii", "biiitttttt" "itjzi",
        "SELECT " IS_INVOLVED("$2") ", (SELECT count(*) FROM assignment_decision x"
        "  WHERE x.task_id = t.id), d.id, d.task_item_id, s.name, d.role_system, d.role_name,"
        " d.policy, d.reason, c.name, d.actor_id, a.name,"
        " (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', e.id, 'name', p.name,"
        "   'standing', y.score->'standing', 'score', y.score->'score',"
        "   'substitute_id', y.score->'substitute_id') ORDER BY e.n), '[]')"
        "  FROM unnest(d.candidates) WITH ORDINALITY e (id, n)"
        "  LEFT JOIN person p ON p.id = e.id"
        "  LEFT JOIN LATERAL (SELECT z AS score FROM jsonb_array_elements(d.scores) z"
        "   WHERE (z->>'user_id')::bigint = e.id LIMIT 1) y ON true),"
        " d.created_at, d.chosen_id"
        " FROM task t JOIN ticket k ON k.id = t.ticket_id"
        " LEFT JOIN (SELECT * FROM assignment_decision WHERE task_id = $1 ORDER BY id LIMIT $3"
        "  OFFSET $4) d ON true LEFT JOIN task_item i ON i.id = d.task_item_id"
        " LEFT JOIN step s ON s.id = i.step_id LEFT JOIN person c ON c.id = d.chosen_id"
        " LEFT JOIN person a ON a.id = d.actor_id WHERE t.id = $1 ORDER BY d.id");
/* clang-format on */

enum err claim_store_decisions(struct db_session *s, int64_t task_id, int64_t viewer_id,
                               int64_t limit, int64_t offset, bool *is_involved,
                               struct decision_doc **out, size_t *count, int64_t *total)
{
    struct db_result *r;
    enum err rc = db_query(s, &claim_decisions, &r, DB_INT(task_id), DB_INT(viewer_id),
                           DB_INT(limit), DB_INT(offset));
    if (rc)
        return rc;
    if (db_rows(r) == 0)
        return ERR_TASK_NOT_FOUND;
    *is_involved = db_get_bool(r, 0, 0);
    *total = db_get_int(r, 0, 1);
    *count = 0;
    *out = ARENA_ARRAY(s->arena, struct decision_doc, db_rows(r));
    for (size_t i = 0; i < db_rows(r) && !db_is_null(r, i, 2); i++)
        (*out)[(*count)++] = (struct decision_doc){
            .id = db_get_int(r, i, 2),
            .task_item_id = db_get_int(r, i, 3),
            .step = db_get_str(r, i, 4),
            .role_system = db_get_str(r, i, 5),
            .role = db_get_str(r, i, 6),
            .policy = db_get_str(r, i, 7),
            .reason = db_get_str(r, i, 8),
            .chosen_name = db_get_str(r, i, 9),
            .actor_id = db_get_int(r, i, 10),
            .actor_name = db_get_str(r, i, 11),
            .candidates = db_get_str(r, i, 12),
            .created_at = db_get_time(r, i, 13),
            .chosen_id = db_get_int(r, i, 14),
        };
    return ERR_OK;
}
