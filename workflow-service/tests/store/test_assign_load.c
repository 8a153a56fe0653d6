/* Loads, counted as work comes and goes: whatever happens in whatever order, and by many at once.
 */
#include "scene.h"

static uint64_t seed;

static int64_t random_below(int64_t n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int64_t)((seed >> 33) % (uint64_t)n);
}

/* ---- whatever happens --------------------------------------------------------------------- */

#define TASKS 24

struct life {
    struct started_task tasks[TASKS];
    size_t count;
};

static void random_start(struct db_session *s, struct life *l)
{
    static const char *const PRIORITIES[] = {"Low", "Medium", "High", "Urgent"};
    struct ticket_words w = {PRIORITIES[random_below(4)], "VPN", EMIL + random_below(3)};
    struct started_task task = start_as(s, &w);
    l->tasks[l->count < TASKS ? l->count++ : (size_t)random_below(TASKS)] = task;
}

static void random_act(struct db_session *s, int64_t task_id)
{
    struct task_exits e;
    struct next_item next;
    struct task_view v = view(s, task_id, &e);
    if (v.item_id == INT64_MIN)
        return;
    enum err rc = act(s, task_id, (size_t)random_below((int64_t)e.count), &next);
    assert_true(rc == ERR_OK || rc == ERR_FORBIDDEN || rc == ERR_CONFLICT);
}

/* What the helpdesk says of the ticket, as events/tickets.c takes it. */
static void random_signal(struct db_session *s, int64_t task_id)
{
    struct ticket_state state;
    struct ticket t;
    struct start_plan plan;
    struct started_task again;
    OK(ticket_store_plan(s, task_id, &t, &plan));
    OK(ticket_store_state(s, t.number, &state));
    enum task_status to = task_status_after(
        state.status, (enum ticket_signal)random_below(SIGNAL_OPEN + 1), state.has_started);
    if (to == state.status)
        return;
    if (!task_status_is_running(state.status) && task_status_is_running(to))
        OK(ticket_store_reopen(s, &state, &plan, &(struct work_note){NO_PERSON, STR("again"), NOW},
                               &again));
    else
        OK(ticket_store_set_task(s, &state, to, STR("said so"), NOW));
}

static void random_owner(struct db_session *s, int64_t task_id)
{
    struct ticket t;
    struct start_plan plan;
    struct ownership o;
    struct owner_change c = {.new_owner_id = CORA + random_below(2),
                             .actor_id = ADAM,
                             .reason = STR("said so"),
                             .now = NOW};
    struct str name;
    OK(ticket_store_plan(s, task_id, &t, &plan));
    OK(owner_store_lock(s, t.number, ADAM, &o));
    c.is_escalation = random_below(2);
    if (c.is_escalation)
        OK(owner_store_pick_admin(s, &o, 0, NOW, &c.new_owner_id, &name));
    OK(owner_store_change(s, &o, &c));
}

static void random_person(struct db_session *s)
{
    static const char *const NAMES[] = {"Rita", "Rolf", "Rose"};
    int64_t k = random_below(3), released;
    set_person(s, RITA + k, NAMES[k], "tts", "Reviewer", random_below(3) > 0);
    OK(pool_store_release(s, RITA + k, NOW, &released));
}

static void random_setting(struct db_session *s)
{
    static const char *const KINDS[] = {"round_robin", "least_loaded", "weighted",
                                        "skills",      "manual",       "sticky"};
    static const char *const PRESENCES[] = {"available", "available", "busy", "away", "offline"};
    static const char *const ROLES[] = {"Reviewer", "Approver", "Ticket Coordinator", "Admin"};
    static const int64_t PEOPLE[] = {CORA, COLE, RITA, ROLF, ROSE, ANNA, TINA};
    if (random_below(3) == 0) {
        const char *kind = KINDS[random_below(6)];
        set_policy(s, ROLES[random_below(4)], kind,
                   str_eq(str_from(kind), STR("sticky")) ? KINDS[random_below(5)] : NULL);
        return;
    }
    struct agent_doc d = agent(s, PEOPLE[random_below(7)]);
    d.capacity = random_below(3) ? random_below(6) : INT64_MIN;
    d.presence = str_from(PRESENCES[random_below(5)]);
    d.out_from = random_below(3) ? INT64_MIN : NOW - 1;
    d.substitute_id = random_below(2) ? PEOPLE[random_below(7)] : INT64_MIN;
    d.weight = random_below(4);
    put(s, &d);
}

static void random_step(struct db_session *s, struct life *l)
{
    struct pooled_item item;
    int64_t what = random_below(20);
    if (l->count == 0 || what < 4) {
        random_start(s, l);
        return;
    }
    int64_t task_id = l->tasks[random_below((int64_t)l->count)].task_id;
    if (what < 9)
        random_act(s, task_id);
    else if (what < 11)
        random_signal(s, task_id);
    else if (what < 12)
        random_owner(s, task_id);
    else if (what < 13)
        random_person(s);
    else if (what < 15)
        random_setting(s);
    else if (what < 17)
        drain(s);
    else if (what < 18)
        (void)!pool_store_escalate(s, task_id, STR("late"), NOW, &item);
    else
        (void)!claim(s, task_id, RITA + random_below(3));
}

static void loads_are_what_a_count_says(struct db_session *s)
{
    struct life l = {.count = 0};
    seed = 20260112;
    for (int i = 0; i < 1500; i++) {
        random_step(s, &l);
        expect_sound(s);
    }
    assert_true(l.count == TASKS);
}

/* ---- many at once ------------------------------------------------------------------------- */

#define WORKERS 16
#define ROUNDS 12
#define RITAS 7
#define ROLFS 3
#define ANNAS 4

struct crowd {
    struct db *db;
    int running, failed;
};

static enum err CO_FN start_one(struct db_session *s, void *arg)
{
    struct started_task *task = arg;
    *task = start(s);
    return ERR_OK;
}

struct move {
    int64_t task_id;
    enum err outcome;
};

/* Whoever has it sends it on, so that capacities are full and free again all the time. */
static enum err CO_FN move_one(struct db_session *s, void *arg)
{
    struct move *m = arg;
    struct next_item next;
    m->outcome = act(s, m->task_id, 0, &next);
    return m->outcome == ERR_SERIALIZATION ? m->outcome : ERR_OK;
}

static enum err CO_FN drain_one(struct db_session *s, void *arg)
{
    struct pooled_item item;
    bool is_given;
    struct drain_pass *pass = arg;
    return drain_store_item(s, pass, NOW, &item, &is_given);
}

static enum err CO_FN claim_one(struct db_session *s, void *arg)
{
    enum err rc = claim(s, ((const struct started_task *)arg)->task_id, RITA);
    return rc == ERR_SERIALIZATION ? rc : ERR_OK;
}

static void CO_FN drain_some(struct db *db)
{
    struct arena *a = arena_new();
    struct drain_pass pass = {.arena = a};
    enum err rc = ERR_OK;
    while (rc == ERR_OK) {
        struct db_session s;
        db_session_init(&s, db, a);
        rc = db_transact(&s, drain_one, &pass);
    }
    arena_free(a);
}

static void CO_FN worker(void *arg)
{
    struct crowd *c = arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena *a = arena_new();
        struct db_session s;
        struct started_task task;
        db_session_init(&s, c->db, a);
        if (db_transact(&s, start_one, &task) != ERR_OK) {
            c->failed++;
            arena_free(a);
            continue;
        }
        struct move m = {.task_id = task.task_id};
        c->failed += db_transact(&s, claim_one, &task) != ERR_OK;
        if (i % 3 == 0)
            c->failed += db_transact(&s, move_one, &m) != ERR_OK;
        arena_free(a);
        if (i % 4 == 0)
            drain_some(c->db);
    }
    c->running--;
}

static void run_crowd(struct crowd *c)
{
    char schema[64];
    snprintf(schema, sizeof schema, "test_assign_%d", (int)getpid());
    const struct db_config config = {.url = str_from(getenv("TTS_TEST_DB_URL")),
                                     .schema = str_from(schema),
                                     .pool_size = WORKERS,
                                     .statement_timeout_ms = 60000,
                                     .acquire_timeout_ms = 60000,
                                     .app_name = schema};
    c->db = db_new(store_test_loop, &config);
    db_start(c->db);
    while (!db_is_up(c->db))
        loop_turn(store_test_loop, 100);
    c->running = WORKERS;
    for (int i = 0; i < WORKERS; i++)
        co_start(store_test_loop, worker, c, "worker");
    while (c->running > 0)
        loop_turn(store_test_loop, 100);
    db_free(c->db);
}

static void set_limits(struct db_session *s)
{
    set_capacity(s, RITA, RITAS);
    set_capacity(s, ROLF, ROLFS);
    set_capacity(s, ROSE, 0);
    set_capacity(s, ANNA, ANNAS);
    set_policy(s, "Ticket Coordinator", "least_loaded", NULL);
}

static void expect_limits(struct db_session *s)
{
    while (drain(s))
        ;
    assert_true(number(s, &test_pooled) > 0);
    assert_int_equal(open_of(s, RITA), RITAS);
    assert_int_equal(open_of(s, ROLF), ROLFS);
    assert_int_equal(open_of(s, ROSE), 0);
    assert_int_equal(open_of(s, ANNA), ANNAS);
    expect_sound(s);
}

/* Each of them would have room for the next item when the others look, but for the locks. */
static void many_workers_overfill_nobody(void **state)
{
    struct crowd c = {.failed = 0};
    (void)state;
    store_test_run_bare(set_limits);
    run_crowd(&c);
    assert_int_equal(c.failed, 0);
    store_test_run_bare(expect_limits);
}

/* ---- plans -------------------------------------------------------------------------------- */

DB_WRITE(test_fill_people, "", "",
         "INSERT INTO person (id, email, name, active, version) SELECT n, 'x', 'x', true, 1"
         " FROM generate_series(1000, 40000) n");
DB_WRITE(test_fill_roles, "", "",
         "INSERT INTO person_role (person_id, system, role, system_role_id)"
         " SELECT n, CASE WHEN n % 100 = 0 THEN 'tts' ELSE 'hdts' END,"
         "  CASE WHEN n % 100 = 0 THEN 'Clerk' ELSE 'Employee' END, 1"
         " FROM generate_series(1000, 40000) n");
DB_WRITE(test_fill_items, "", "",
         "INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, assigned_on)"
         " SELECT (SELECT max(id) FROM task), 1 + n % 2, 21, 'resolved', 'System', now()"
         " FROM generate_series(1, 20000) n");
DB_WRITE(test_fill_decisions, "", "",
         "INSERT INTO assignment_decision (task_id, role_system, role_name, candidates, reason,"
         " created_at) SELECT n % 5000, 'tts', 'Reviewer', '{21}', 'round robin', now()"
         " FROM generate_series(1, 20000) n");
DB_WRITE(test_analyze_people, "", "", "ANALYZE person");
DB_WRITE(test_analyze_roles, "", "", "ANALYZE person_role");
DB_WRITE(test_analyze_items, "", "", "ANALYZE task_item");
DB_WRITE(test_analyze_decisions, "", "", "ANALYZE assignment_decision");
DB_WRITE(test_plan_agents, "", "t",
         "EXPLAIN SELECT DISTINCT r.person_id FROM person_role r WHERE NOT (r.system = 'hdts'"
         " AND r.role = 'Employee') AND EXISTS (SELECT FROM person x WHERE x.id = r.person_id"
         " AND x.active) ORDER BY r.person_id LIMIT 10");
DB_WRITE(test_plan_pool, "", "t",
         "EXPLAIN SELECT i.step_id FROM task_item i WHERE i.status = 'pool'"
         " ORDER BY i.step_id LIMIT 1");
DB_WRITE(test_plan_untold, "", "t",
         "EXPLAIN SELECT i.id FROM task_item i WHERE i.status = 'pool' AND NOT i.is_told"
         " ORDER BY i.id LIMIT 1");
DB_WRITE(test_plan_decisions, "", "t",
         "EXPLAIN SELECT * FROM assignment_decision WHERE task_id = 77 ORDER BY id LIMIT 10");

static void expect_plan(struct db_session *s, const struct db_stmt *stmt, const char *index)
{
    struct db_result *r;
    bool uses_index = false;
    OK(db_query(s, stmt, &r));
    for (size_t i = 0; i < db_rows(r); i++) {
        struct str line = db_get_str(r, i, 0);
        uses_index = uses_index || str_find(line, str_from(index)) >= 0;
        if (str_find(line, STR("Seq Scan")) >= 0)
            fail_msg("%.*s", STR_ARG(line));
    }
    if (!uses_index)
        fail_msg("%s does not use %s", stmt->name, index);
}

static void lists_go_by_an_index(struct db_session *s)
{
    static const struct db_stmt *const FILL[] = {
        &test_fill_people,    &test_fill_roles,    &test_fill_items,    &test_fill_decisions,
        &test_analyze_people, &test_analyze_roles, &test_analyze_items, &test_analyze_decisions};
    start(s);
    for (size_t i = 0; i < sizeof FILL / sizeof FILL[0]; i++)
        OK(db_query(s, FILL[i], NULL));
    expect_plan(s, &test_plan_agents, "person_role_agent");
    expect_plan(s, &test_plan_pool, "task_item_pool_by_step");
    expect_plan(s, &test_plan_untold, "task_item_");
    expect_plan(s, &test_plan_decisions, "assignment_decision_pkey");
}

/* ---- the group ---------------------------------------------------------------------------- */

STORE_TEST(loads_are_what_a_count_says)
STORE_TEST(lists_go_by_an_index)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads_are_what_a_count_says),
        cmocka_unit_test(test_lists_go_by_an_index),
        cmocka_unit_test(many_workers_overfill_nobody),
    };
    return cmocka_run_group_tests(tests, scene_open, close_frame);
}
