#include "store/start_store.h"

#include "json.h"
#include "store/assign_store.h"
#include "store/sql.h"

/* ---- arrivals ----------------------------------------------------------------------------- */

/* clang-format off */
DB_WRITE(ticket_add, "j", "iii" PLAN_COLS,
         "WITH x AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1) AS x (n bigint, number text,"
         "   subject text, description text, category text, sub_category text, department text,"
         "   priority text, status text, requester_name text, requester_id bigint,"
         "   requester_email text, submitted_at bigint, now bigint)),"
         " added AS (INSERT INTO ticket (number, subject, description, category, sub_category,"
         "   department, priority, status, requester_name, requester_id, requester_email,"
         "   submitted_at, created_at, updated_at)"
         "  SELECT number, subject, description, category, sub_category, department, priority,"
         "   status, requester_name, requester_id, requester_email, " AT_US("submitted_at") ","
         "   " AT_US("now") ", " AT_US("now") " FROM x ORDER BY number, n"
         "  ON CONFLICT (number) DO NOTHING"
         "  RETURNING id, number, category, sub_category, department, priority) "
         "SELECT f.n, a.id, m.epoch, " PLAN_FIELDS
         " FROM added a JOIN (SELECT number, min(n) AS n FROM x GROUP BY number) f USING (number)"
         " CROSS JOIN matching m LEFT JOIN (" PLAN_TABLES ") ON "
         RULE_FITS("a.category", "a.sub_category", "a.department", "a.priority")
         " ORDER BY f.n, w.id");
/* clang-format on */

static struct str arrivals_json(struct arena *a, const struct ticket_arrival *arrivals, size_t n)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        const struct ticket *t = arrivals[i].ticket;
        jw_object(&w);
        JW_INT(&w, "n", (int64_t)i);
        JW_STR(&w, "number", t->number);
        JW_STR(&w, "subject", t->subject);
        JW_STR(&w, "description", t->description);
        JW_STR(&w, "category", t->match.category);
        JW_STR(&w, "sub_category", t->match.sub_category);
        JW_STR(&w, "department", t->match.department);
        JW_STR(&w, "priority", t->match.priority);
        JW_STR(&w, "status", t->status);
        JW_STR(&w, "requester_name", t->requester_name);
        if (t->requester_id != NO_PERSON)
            JW_INT(&w, "requester_id", t->requester_id);
        JW_STR(&w, "requester_email", t->requester_email);
        JW_INT(&w, "submitted_at", t->submitted_at);
        JW_INT(&w, "now", arrivals[i].now);
        jw_end_object(&w);
    }
    jw_end_array(&w);
    return buf_str(&b);
}

enum err start_store_add(struct db_session *s, struct ticket_arrival *arrivals, size_t n)
{
    struct db_result *r;
    enum err rc = db_query(s, &ticket_add, &r, DB_STR(arrivals_json(s->arena, arrivals, n)));
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++)
        arrivals[i].is_new = false;
    for (size_t row = 0; row < db_rows(r);) {
        struct ticket_arrival *a = &arrivals[db_get_int(r, row, 0)];
        size_t end = row + 1;
        while (end < db_rows(r) && db_get_int(r, end, 0) == db_get_int(r, row, 0))
            end++;
        a->is_new = true;
        a->ticket->id = db_get_int(r, row, 1);
        a->ticket->epoch = db_get_int(r, row, 2);
        ticket_store_read_plans(s, r, 3, row, end, &a->plans, &a->plan_count);
        row = end;
    }
    return ERR_OK;
}

/* ---- beginnings --------------------------------------------------------------------------- */

/* owner and assignee: what a policy has chosen, absent where turns decide. A subquery that mentions
 * x.n is evaluated for each. */
/* clang-format off */
DB_WRITE(task_start, "j", "iiiitit",
         "WITH x AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($1) AS x (n bigint,"
         "   ticket_id bigint, version_id bigint, step_id bigint, role_system text,"
         "   role_name text, submitted_at bigint, now bigint, owner jsonb, assignee jsonb)),"
         " owner AS MATERIALIZED (SELECT x.n, p.* FROM x, LATERAL ("
         PICK_CHOSEN("'owner'", "'" OWNER_SYSTEM "'", "'" OWNER_ROLE "'", "0", "x.owner",
                     "WHERE x.n >= 0") ") p),"
         " assignee AS MATERIALIZED (SELECT x.n, p.* FROM x, LATERAL ("
         PICK_CHOSEN("'step'", "x.role_system", "x.role_name", "0", "x.assignee",
                     "WHERE x.n >= 0") ") p),"
         " task AS (INSERT INTO task (ticket_id, version_id, current_step_id, status, owner_id,"
         "   submitted_at, created_at, updated_at)"
         "  SELECT x.ticket_id, x.version_id, x.step_id, 'active', owner.picked_id,"
         "   " AT_US("x.submitted_at") ", " AT_US("x.now") ", " AT_US("x.now")
         "   FROM x JOIN owner USING (n) ORDER BY n RETURNING id, ticket_id),"
         " begun AS (SELECT task.id, x.n, x.step_id, x.role_system, x.role_name, x.owner,"
         "   x.assignee, " AT_US("x.now") " AS now, owner.ids AS owner_ids,"
         "   owner.picked_id AS owner_id, assignee.ids AS assignee_ids,"
         "   assignee.picked_id AS assignee_id"
         "  FROM task JOIN x USING (ticket_id) JOIN owner USING (n) JOIN assignee USING (n)),"
         " item AS (INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, notes,"
         "   assigned_on)"
         "  SELECT id, step_id, assignee_id, CASE WHEN assignee_id IS NULL THEN 'pool'"
         "   ELSE 'new' END, 'System', '', now FROM begun ORDER BY n"
         "  RETURNING id, task_id, status, assigned_on),"
         " history AS (INSERT INTO task_item_history (task_item_id, status, origin, notes,"
         "   created_at)"
         "  SELECT id, status, 'System',"
         "   CASE status WHEN 'pool' THEN 'Waiting for a role holder'"
         "    ELSE 'Task assigned' END, assigned_on"
         "  FROM item),"
         " change AS (INSERT INTO ownership_change (task_id, kind, new_owner_id, reason,"
         "   created_at)"
         "  SELECT id, 'assigned', owner_id, coalesce(owner->>'reason', 'round robin'), now"
         "   FROM begun WHERE owner_id IS NOT NULL ORDER BY n),"
         " decision AS (INSERT INTO assignment_decision (task_id, task_item_id, role_system,"
         "   role_name, candidates, chosen_id, " CHOICE_COLUMNS ", created_at)"
         "  SELECT id, NULL, '" OWNER_SYSTEM "', '" OWNER_ROLE "', owner_ids, owner_id, "
         CHOICE_VALUES("owner", "owner_id") ", now FROM begun"
         "  UNION ALL SELECT begun.id, item.id, role_system, role_name, assignee_ids,"
         "   assignee_id, " CHOICE_VALUES("assignee", "assignee_id")
         ", now FROM begun JOIN item ON item.task_id = begun.id) "
         "SELECT begun.n, begun.id, item.id, begun.owner_id, po.name, begun.assignee_id, pa.name"
         " FROM begun JOIN item ON item.task_id = begun.id"
         " LEFT JOIN person po ON po.id = begun.owner_id"
         " LEFT JOIN person pa ON pa.id = begun.assignee_id");
/* clang-format on */

/* Both at once lock what either might change. */
static enum err CO_FN choose_people(struct db_session *s, const struct task_start *start,
                                    struct assign_choice *owner, struct assign_choice *assignee)
{
    const struct start_plan *plan = start->plan;
    const struct assign_query of_owner = {
        .purpose = "owner",
        .system = STR(OWNER_SYSTEM),
        .role = STR(OWNER_ROLE),
        .step_id = INT64_MIN,
        .ticket_id = start->ticket_id,
        .task_id = INT64_MIN,
        .now = start->now,
    };
    struct assign_query of_step = of_owner;
    of_step.purpose = "step";
    of_step.system = plan->role_system;
    of_step.role = plan->role_name;
    of_step.step_id = plan->step_id;
    const struct assign_locks locks = {
        .systems = {of_owner.system, of_step.system},
        .roles = {of_owner.role, of_step.role},
        .role_count = 2,
    };
    enum err rc = assign_store_lock(s, &locks);
    if (rc == ERR_OK && plan->chooses_owner)
        rc = assign_store_choose(s, &of_owner, true, owner);
    if (rc == ERR_OK && plan->chooses_assignee)
        rc = assign_store_choose(s, &of_step, true, assignee);
    return rc;
}

static void put_start(struct json_writer *w, const struct task_start *start, size_t n,
                      struct str owner, struct str assignee)
{
    jw_object(w);
    JW_INT(w, "n", (int64_t)n);
    JW_INT(w, "ticket_id", start->ticket_id);
    JW_INT(w, "version_id", start->plan->version_id);
    JW_INT(w, "step_id", start->plan->step_id);
    JW_STR(w, "role_system", start->plan->role_system);
    JW_STR(w, "role_name", start->plan->role_name);
    JW_INT(w, "submitted_at", start->submitted_at);
    JW_INT(w, "now", start->now);
    if (owner.p)
        JW_RAW(w, "owner", owner);
    if (assignee.p)
        JW_RAW(w, "assignee", assignee);
    jw_end_object(w);
}

static enum err CO_FN write_starts(struct db_session *s, struct str json, struct task_start *starts)
{
    struct db_result *r;
    enum err rc = db_query(s, &task_start, &r, DB_STR(json));
    for (size_t i = 0; rc == ERR_OK && i < db_rows(r); i++)
        starts[db_get_int(r, i, 0)].started = (struct started_task){
            .task_id = db_get_int(r, i, 1),
            .item_id = db_get_int(r, i, 2),
            .owner_id = db_get_int(r, i, 3),
            .owner_name = db_get_str(r, i, 4),
            .assignee_id = db_get_int(r, i, 5),
            .assignee_name = db_get_str(r, i, 6),
        };
    return rc;
}

static bool is_by_turns(const struct task_start *start)
{
    return !start->plan->chooses_owner && !start->plan->chooses_assignee;
}

static enum err CO_FN begin_chosen(struct db_session *s, struct task_start *starts, size_t n)
{
    struct assign_choice owner = {0}, assignee = {0};
    struct json_writer w;
    struct buf b;
    enum err rc = choose_people(s, &starts[n], &owner, &assignee);
    if (rc)
        return rc;
    buf_init(&b, s->arena);
    jw_init(&w, &b);
    jw_array(&w);
    put_start(&w, &starts[n], n, owner.json, assignee.json);
    jw_end_array(&w);
    return write_starts(s, buf_str(&b), starts);
}

enum err start_store_begin(struct db_session *s, struct task_start *starts, size_t n)
{
    struct json_writer w;
    struct buf b;
    size_t by_turns = 0;
    enum err rc = ERR_OK;
    buf_init(&b, s->arena);
    jw_init(&w, &b);
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        if (!is_by_turns(&starts[i]))
            continue;
        put_start(&w, &starts[i], i, STR_NULL, STR_NULL);
        by_turns++;
    }
    jw_end_array(&w);
    if (by_turns)
        rc = write_starts(s, buf_str(&b), starts);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        if (!is_by_turns(&starts[i]))
            rc = begin_chosen(s, starts, i);
    return rc;
}
