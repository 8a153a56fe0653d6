#include "store/drain_store.h"

#include <string.h>

#include "store/assign_store.h"
#include "store/sql.h"

#define LOOK_AHEAD 200

/* For ORDER BY: the most urgent first. */
#define RANK(priority)                                                                             \
    "CASE " priority " WHEN 'Urgent' THEN 0 WHEN 'High' THEN 1 WHEN 'Medium' THEN 2 ELSE 3 END"

/* Whether a holder of the role can probably be given something; the choice then knows exactly. load
 * is what counts against the capacity. */
#define MAY_FIND(system, role, load)                                                               \
    "EXISTS (SELECT FROM " HOLDERS_(                                                               \
        system, role) " AND NOT EXISTS (SELECT FROM agent g LEFT JOIN agent_load l"                \
                      "   ON l.person_id = g.person_id WHERE g.person_id = p.id"                   \
                      "   AND (CASE WHEN coalesce(g.out_from <= $1, true)"                         \
                      "     AND coalesce($1 < g.out_until, true)"                                  \
                      "     AND coalesce(g.out_from, g.out_until) IS NOT NULL"                     \
                      "    THEN g.substitute_id IS NULL"                                           \
                      "    ELSE g.presence <> 'available'"                                         \
                      "     OR coalesce(" load ", 0) >= g.capacity END)))"

#define IS_MANUAL(system, role, step)                                                              \
    "EXISTS (SELECT FROM assignment_policy y WHERE y.kind = 'manual'"                              \
    " AND y.id = " ASSIGNMENT_POLICY(system, role, step) ")"

/* ---- items -------------------------------------------------------------------------------- */

/* From one step to the next along the index, however many items wait at each. */
/* clang-format off */
DB_WRITE(drain_ahead, "zIIi", "iiitti",
         "WITH RECURSIVE w AS ((SELECT i.step_id FROM task_item i WHERE i.status = 'pool'"
         "   ORDER BY i.step_id LIMIT 1)"
         "  UNION ALL SELECT (SELECT i.step_id FROM task_item i WHERE i.status = 'pool'"
         "    AND i.step_id > w.step_id ORDER BY i.step_id LIMIT 1) FROM w"
         "   WHERE w.step_id IS NOT NULL),"
         " turn AS MATERIALIZED (SELECT s.id, i.is_escalated, " TURN_SYSTEM " AS role_system, "
         TURN_ROLE " AS role_name FROM w JOIN step s ON s.id = w.step_id"
         "  CROSS JOIN (VALUES (false), (true)) i (is_escalated)),"
         " live AS MATERIALIZED (SELECT turn.*, CASE WHEN turn.is_escalated THEN -turn.id"
         "   ELSE turn.id END AS key FROM turn"
         "  WHERE CASE WHEN turn.is_escalated THEN -turn.id ELSE turn.id END <> ALL ($2)"
         "   AND " MAY_FIND("turn.role_system", "turn.role_name", "l.open_items")
         "   AND NOT " IS_MANUAL("turn.role_system", "turn.role_name", "turn.id") ") "
         "SELECT i.id, i.task_id, i.step_id, live.role_system, live.role_name, live.key FROM live"
         " JOIN task_item i ON i.step_id = live.id AND i.is_escalated = live.is_escalated"
         "  AND i.status = 'pool' AND i.id <> ALL ($3)"
         " JOIN task t ON t.id = i.task_id JOIN ticket k ON k.id = t.ticket_id"
         " ORDER BY " RANK("k.priority") ", i.assigned_on, i.id LIMIT $4");
DB_WRITE(drain_lock, "i", "i",
         "SELECT id FROM task_item WHERE id = $1 AND status = 'pool' FOR UPDATE SKIP LOCKED");
DB_WRITE(drain_give, "iijz", "iiiiitttttttt",
         "WITH item AS (UPDATE task_item i SET assignee_id = $2, status = 'new',"
         "   origin = 'System', assigned_on = $4 WHERE i.id = $1"
         "  RETURNING i.id, i.task_id, i.assignee_id, i.step_id, i.is_escalated),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at) SELECT id, 'new', 'System', 'Task assigned', $4 FROM item),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, reason, policy, scores, created_at)"
         "  SELECT task_id, i.id, " TURN_SYSTEM ", " TURN_ROLE ", " CHOICE_IDS("$3")
         ", $2, ($3->>'reason') || ', from the pool', $3->>'policy', $3->'scores', $4"
         "  FROM item i JOIN step s ON s.id = i.step_id) "
         "SELECT i.task_id, i.id, i.assignee_id, t.owner_id, k.requester_id, k.number,"
         " k.subject, w.name, s.name, " TURN_ROLE ", a.name, o.name, t.status FROM item i"
         " JOIN step s ON s.id = i.step_id"
         " JOIN task t ON t.id = i.task_id JOIN ticket k ON k.id = t.ticket_id"
         " JOIN workflow_version v ON v.id = t.version_id JOIN workflow w ON w.id = v.workflow_id"
         " JOIN person a ON a.id = i.assignee_id LEFT JOIN person o ON o.id = t.owner_id");
/* clang-format on */

struct drain_entry {
    int64_t item_id, task_id, step_id;
    struct str system, role;
    int64_t turn; /* of the step's role, or negative: of its escalation role */
};

static void add(struct arena *a, struct drain_list *l, int64_t id)
{
    if (l->count == l->room) {
        l->room = l->room ? 2 * l->room : 16;
        int64_t *longer = ARENA_ARRAY(a, int64_t, l->room);
        memcpy(longer, l->count ? l->ids : longer, l->count * sizeof *longer);
        l->ids = longer;
    }
    l->ids[l->count++] = id;
}

static bool has(const struct drain_list *l, int64_t id)
{
    size_t i = 0;
    while (i < l->count && l->ids[i] != id)
        i++;
    return i < l->count;
}

static enum err CO_FN look_ahead(struct db_session *s, struct drain_pass *p, int64_t now)
{
    struct db_result *r;
    enum err rc =
        db_query(s, &drain_ahead, &r, DB_TIME(now), DB_INT_ARRAY(p->steps.ids, p->steps.count),
                 DB_INT_ARRAY(p->items.ids, p->items.count), DB_INT(LOOK_AHEAD));
    if (rc)
        return rc;
    p->next = 0;
    p->ahead_count = db_rows(r);
    if (!p->ahead)
        p->ahead = ARENA_ARRAY(p->arena, struct drain_entry, LOOK_AHEAD);
    for (size_t i = 0; i < p->ahead_count; i++)
        p->ahead[i] = (struct drain_entry){
            .item_id = db_get_int(r, i, 0),
            .task_id = db_get_int(r, i, 1),
            .step_id = db_get_int(r, i, 2),
            .system = str_dup(p->arena, db_get_str(r, i, 3)),
            .role = str_dup(p->arena, db_get_str(r, i, 4)),
            .turn = db_get_int(r, i, 5),
        };
    return ERR_OK;
}

/* The next one that is still worth trying; NULL at the end of the pass. */
static enum err CO_FN next_entry(struct db_session *s, struct drain_pass *p, int64_t now,
                                 const struct drain_entry **out)
{
    for (;;) {
        while (p->next < p->ahead_count) {
            *out = &p->ahead[p->next++];
            if (!has(&p->steps, (*out)->turn))
                return ERR_OK;
        }
        enum err rc = look_ahead(s, p, now);
        if (rc || p->ahead_count == 0)
            return rc ? rc : ERR_TASK_NOT_FOUND;
    }
}

static enum err CO_FN give(struct db_session *s, int64_t item_id, const struct assign_choice *c,
                           int64_t now, struct pooled_item *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &drain_give, &r, DB_INT(item_id), DB_INT(c->chosen_id),
                           DB_STR(c->json), DB_TIME(now));
    if (rc == ERR_OK)
        pool_store_read(r, out);
    return rc;
}

static enum err CO_FN choose(struct db_session *s, const struct drain_entry *e, int64_t now,
                             struct assign_choice *out)
{
    const struct assign_query q = {
        .purpose = "step",
        .system = e->system,
        .role = e->role,
        .step_id = e->step_id,
        .ticket_id = INT64_MIN,
        .task_id = e->task_id,
        .now = now,
    };
    return assign_store_choose(s, &q, false, out);
}

enum err drain_store_item(struct db_session *s, struct drain_pass *p, int64_t now,
                          struct pooled_item *out, bool *is_given)
{
    struct db_result *r;
    struct assign_choice choice = {.chosen_id = NO_PERSON, .is_by_ticket = true};
    const struct drain_entry *e;
    enum err rc = next_entry(s, p, now, &e);
    if (rc == ERR_OK)
        rc = db_query(s, &drain_lock, &r, DB_INT(e->item_id));
    if (rc == ERR_OK && db_rows(r) > 0)
        rc = choose(s, e, now, &choice);
    *is_given = rc == ERR_OK && choice.chosen_id != NO_PERSON;
    if (*is_given)
        return give(s, e->item_id, &choice, now, out);
    if (rc == ERR_OK && choice.is_by_ticket)
        add(p->arena, &p->items, e->item_id);
    else if (rc == ERR_OK)
        add(p->arena, &p->steps, e->turn);
    return rc;
}

/* ---- owners ------------------------------------------------------------------------------- */

/* clang-format off */
DB_WRITE(drain_next_ownerless, "z", "ii",
         "SELECT t.id, t.ticket_id FROM task t JOIN ticket k ON k.id = t.ticket_id"
         " WHERE t.owner_id IS NULL AND t.current_step_id IS NOT NULL"
         "  AND " MAY_FIND("'" OWNER_SYSTEM "'", "'" OWNER_ROLE "'", "l.owned")
         "  AND NOT " IS_MANUAL("'" OWNER_SYSTEM "'", "'" OWNER_ROLE "'", "NULL::bigint")
         " ORDER BY " RANK("k.priority") ", t.id LIMIT 1 FOR UPDATE OF t SKIP LOCKED");
DB_WRITE(drain_own, "iijz", "iit",
         "WITH owned AS (UPDATE task t SET owner_id = $2, version = version + 1, updated_at = $4"
         "  WHERE t.id = $1 RETURNING t.id, t.ticket_id, t.owner_id),"
         " change AS (INSERT INTO ownership_change (task_id, kind, new_owner_id, reason,"
         "   created_at) SELECT id, 'assigned', owner_id, $3->>'reason', $4 FROM owned),"
         " decision AS (INSERT INTO assignment_decision (task_id, role_system, role_name,"
         "   candidates, chosen_id, reason, policy, scores, created_at)"
         "  SELECT id, '" OWNER_SYSTEM "', '" OWNER_ROLE "', " CHOICE_IDS("$3") ", owner_id,"
         "   ($3->>'reason') || ', from the pool', $3->>'policy', $3->'scores', $4 FROM owned) "
         "SELECT owned.id, owned.owner_id, k.number FROM owned"
         " JOIN ticket k ON k.id = owned.ticket_id");
/* clang-format on */

enum err drain_store_owner(struct db_session *s, struct drain_pass *p, int64_t now,
                           struct ownerless_task *out)
{
    struct db_result *r;
    struct assign_choice choice;
    if (p->is_owner_done)
        return ERR_TASK_NOT_FOUND;
    enum err rc = db_query(s, &drain_next_ownerless, &r, DB_TIME(now));
    if (rc == ERR_OK && db_rows(r) == 0)
        rc = ERR_TASK_NOT_FOUND;
    if (rc)
        return rc;
    int64_t task_id = db_get_int(r, 0, 0);
    const struct assign_query q = {
        .purpose = "owner",
        .system = STR(OWNER_SYSTEM),
        .role = STR(OWNER_ROLE),
        .step_id = INT64_MIN,
        .ticket_id = db_get_int(r, 0, 1),
        .task_id = INT64_MIN,
        .now = now,
    };
    rc = assign_store_choose(s, &q, false, &choice);
    if (rc == ERR_OK && choice.chosen_id == NO_PERSON) {
        p->is_owner_done = true;
        rc = ERR_TASK_NOT_FOUND;
    }
    if (rc == ERR_OK)
        rc = db_query(s, &drain_own, &r, DB_INT(task_id), DB_INT(choice.chosen_id),
                      DB_STR(choice.json), DB_TIME(now));
    if (rc)
        return rc;
    *out = (struct ownerless_task){
        .task_id = db_get_int(r, 0, 0),
        .owner_id = db_get_int(r, 0, 1),
        .ticket_number = db_get_str(r, 0, 2),
    };
    return ERR_OK;
}

/* ---- telling ------------------------------------------------------------------------------ */

/* clang-format off */
DB_WRITE(drain_tell, "", "iiiiittttttttIt",
         "WITH next AS (SELECT i.id FROM task_item i WHERE i.status = 'pool' AND NOT i.is_told"
         "  ORDER BY i.id LIMIT 1 FOR UPDATE SKIP LOCKED),"
         " item AS (UPDATE task_item i SET is_told = true FROM next WHERE i.id = next.id"
         "  RETURNING i.id, i.task_id, i.step_id, i.is_escalated),"
         " turn AS (SELECT i.id, i.task_id, i.step_id, s.name, " TURN_SYSTEM " AS role_system, "
         TURN_ROLE " AS role_name FROM item i JOIN step s ON s.id = i.step_id) "
         "SELECT item.task_id, item.id, NULL::bigint, t.owner_id, k.requester_id, k.number,"
         " k.subject, w.name, item.name, item.role_name, NULL::text, o.name, t.status,"
         " CASE WHEN " IS_MANUAL("item.role_system", "item.role_name", "item.step_id")
         "  THEN '{}' ELSE " HOLDERS("item.role_system", "'Admin'", "0") " END,"
         " CASE WHEN " IS_MANUAL("item.role_system", "item.role_name", "item.step_id")
         "  THEN 'to be taken by hand' WHEN NOT EXISTS (SELECT FROM "
         HOLDERS_("item.role_system", "item.role_name") ") THEN 'nobody holds the role'"
         "  ELSE 'nobody is available' END"
         " FROM turn item JOIN task t ON t.id = item.task_id"
         " JOIN ticket k ON k.id = t.ticket_id JOIN workflow_version v ON v.id = t.version_id"
         " JOIN workflow w ON w.id = v.workflow_id LEFT JOIN person o ON o.id = t.owner_id");
/* clang-format on */

enum err drain_store_tell(struct db_session *s, struct waiting_item *out)
{
    struct db_result *r;
    enum err rc = db_query(s, &drain_tell, &r);
    if (rc == ERR_OK && db_rows(r) == 0)
        rc = ERR_TASK_NOT_FOUND;
    if (rc)
        return rc;
    pool_store_read(r, &out->item);
    out->admin_count = db_get_int_array(r, 0, 13, &out->admin_ids);
    out->reason = db_get_str(r, 0, 14);
    return ERR_OK;
}
