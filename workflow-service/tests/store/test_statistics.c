/* Figures of work: folded or not, they are what the rows of the work itself say. */
#include "scene.h"
#include "store/statistics_store.h"
#include "store/work_store.h"

#define HOUR (3600 * US_PER_S)
#define DAY (24 * HOUR)

static uint64_t seed;

static int64_t random_below(int64_t n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int64_t)((seed >> 33) % (uint64_t)n);
}

/* ---- what happens ------------------------------------------------------------------------- */

/* Breaches are told nobody. */
static struct cause long_past(int64_t now)
{
    struct cause c = cause_at(now);
    c.time_overridden = true;
    return c;
}

static void follow(struct db_session *s, int64_t task_id, enum clocks_moment moment, int64_t now)
{
    struct cause c = long_past(now);
    OK(clocks_follow(s, &c, task_id, moment));
}

static int64_t open_task(struct db_session *s, const char *priority, int64_t now)
{
    static int number;
    struct ticket t = {
        .number = str_printf(s->arena, "TS%d", ++number),
        .subject = STR("Printer"),
        .description = STR(""),
        .match = {.department = STR(""),
                  .category = STR("IT Support"),
                  .sub_category = STR(""),
                  .priority = str_from(priority)},
        .status = STR("Open"),
        .requester_id = EMIL,
        .requester_name = STR("Emil"),
        .requester_email = STR("emil@example.com"),
        .submitted_at = now - HOUR,
    };
    struct start_plan *plans;
    size_t count;
    struct started_task task;
    OK(add_ticket(s, &t, now, &plans, &count));
    struct task_start start = {.ticket_id = t.id, .submitted_at = t.submitted_at, .now = now};
    OK(begin_task(s, &plans[0], &start, &task));
    struct cause c = long_past(now);
    struct clocks_start first = {&c, task.task_id};
    OK(clocks_begin(s, &first, 1));
    return task.task_id;
}

/* The assignee executes the k-th transition of the step. */
static bool act_at(struct db_session *s, int64_t task_id, size_t k, int64_t now)
{
    struct task_exits e;
    struct transition_view v;
    struct next_item next;
    struct task_view task = view(s, task_id, &e);
    if (task.item_id == INT64_MIN || task.assignee_id == NO_PERSON)
        return false;
    k %= e.count;
    OK(transition_store_lock(s, task.item_id, e.ids[k], task.assignee_id, NO_PERSON, &v));
    if (transition_check(&v.facts) != ERR_OK)
        return false;
    struct transition_write w = {
        .transition_id = e.ids[k],
        .actor_id = task.assignee_id,
        .wish = NO_PERSON,
        .notes = STR("done"),
        .status = v.facts.has_next                     ? TASK_STATUS_IN_PROGRESS
                  : str_eq(v.outcome, STR("rejected")) ? TASK_STATUS_REJECTED
                                                       : TASK_STATUS_RESOLVED,
        .now = now,
    };
    OK(transition_store_apply(s, &v, &w, &next));
    follow(s, task_id, CLOCKS_NEXT_STEP, now);
    return true;
}

static struct ticket_state state_of(struct db_session *s, int64_t task_id)
{
    struct ticket t;
    struct start_plan plan;
    struct ticket_state state;
    OK(ticket_store_plan(s, task_id, &t, &plan));
    OK(ticket_store_state(s, t.number, &state));
    return state;
}

static void set_status(struct db_session *s, int64_t task_id, enum task_status to, int64_t now)
{
    struct ticket_state state = state_of(s, task_id);
    OK(ticket_store_set_task(s, &state, to, STR("said so"), now));
    follow(s, task_id, CLOCKS_ANY, now);
}

static void reopen(struct db_session *s, int64_t task_id, int64_t now)
{
    struct ticket t;
    struct start_plan plan;
    struct started_task again;
    struct ticket_state state = state_of(s, task_id);
    struct work_note why = {NO_PERSON, STR("again"), now};
    OK(ticket_store_plan(s, task_id, &t, &plan));
    OK(ticket_store_reopen(s, &state, &plan, &why, &again));
    follow(s, task_id, CLOCKS_NEXT_STEP, now);
}

static void give_to(struct db_session *s, int64_t task_id, int64_t person_id, int64_t now)
{
    struct work_view v;
    struct work_note n = {TINA, STR("please"), now};
    OK(work_store_lock(s, task_id, INT64_MIN, TINA, &v));
    if (v.item.item_id != INT64_MIN && v.item.assignee_id != person_id)
        OK(work_store_reassign(s, &v, person_id, &n));
}

static void escalate(struct db_session *s, int64_t task_id, int64_t now)
{
    struct work_view v;
    struct work_note n = {TINA, STR("stuck"), now};
    OK(work_store_lock(s, task_id, INT64_MIN, TINA, &v));
    if (v.facts.has_item && v.facts.has_escalation_role && !v.facts.is_escalated)
        OK(work_store_escalate(s, &v, &n));
}

DB_WRITE(test_priority, "it", "",
         "UPDATE ticket SET priority = $2 WHERE id = (SELECT ticket_id FROM task WHERE id = $1)");
DB_WRITE(test_take, "iz", "",
         "UPDATE task_item SET assignee_id = 31, status = 'new', assigned_on = $2"
         " WHERE task_id = $1 AND status = 'pool'");

static void take(struct db_session *s, int64_t task_id, int64_t now)
{
    OK(db_query(s, &test_take, NULL, DB_INT(task_id), DB_TIME(now)));
}

/* Nothing else is under way here, so that what has begun can be folded at once. */
DB_WRITE(test_pass_horizon, "", "", "UPDATE statistic_mark SET horizon = '3'");

static bool fold(struct db_session *s)
{
    bool more;
    OK(db_query(s, &test_pass_horizon, NULL));
    OK(statistics_store_fold(s, &more));
    return more;
}

/* ---- what the rows of the work say -------------------------------------------------------- */

#define UTC_DAY(at) "(" at " AT TIME ZONE 'UTC')::date"
#define SECONDS(since, until) "greatest(extract(epoch FROM " until " - " since "), 0)::bigint"
#define ROLE                                                                                       \
    "CASE WHEN i.is_escalated THEN s.escalation_system || ':' || s.escalation_role"                \
    " ELSE s.role_system || ':' || s.role_name END"

/* Turns with their stay at the step, and since when each was somebody's, by the history. */
#define TURNS                                                                                      \
    "turn AS (SELECT i.*, v.workflow_id, s.name AS step, " ROLE " AS role, h.at AS first_at,"      \
    "  (SELECT count(*) FROM task_item y WHERE y.task_id = i.task_id AND y.id < i.id"              \
    "   AND y.status NOT IN ('reassigned', 'escalated')) AS stay FROM task_item i"                 \
    "  JOIN step s ON s.id = i.step_id JOIN workflow_version v ON v.id = s.version_id"             \
    "  JOIN LATERAL (SELECT coalesce(i.pooled_at, i.assigned_on) AS at) h ON true),"               \
    " stay AS (SELECT task_id, workflow_id, step, stay, min(first_at) AS since, max(id) AS "       \
    "last_id"                                                                                      \
    "  FROM turn GROUP BY 1, 2, 3, 4),"                                                            \
    " finish AS (SELECT t.*, v.workflow_id, CASE WHEN EXISTS (SELECT FROM statistic_note n"        \
    "   WHERE n.task_id = t.id) THEN k.priority ELSE (y.delta).priority END AS priority,"          \
    "  CASE WHEN t.status = 'completed' AND coalesce((SELECT x.outcome = 'rejected' FROM "         \
    "task_item i"                                                                                  \
    "   LEFT JOIN transition x ON x.id = i.transition_id WHERE i.task_id = t.id ORDER BY i.id "    \
    "DESC "                                                                                        \
    "LIMIT 1),"                                                                                    \
    "   false) THEN 'rejected' WHEN t.status = 'completed' THEN 'resolved' ELSE t.status END AS "  \
    "outcome,"                                                                                     \
    "  (SELECT c.state FROM sla_clock c WHERE c.task_id = t.id AND c.metric = 'resolution'"        \
    "   ORDER BY c.id DESC LIMIT 1) AS clock FROM task t JOIN ticket k ON k.id = t.ticket_id"      \
    "  JOIN workflow_version v ON v.id = t.version_id"                                             \
    "  LEFT JOIN statistic_counted y ON y.task_id = t.id AND y.kind = 'task'"                      \
    "  WHERE t.current_step_id IS NULL),"                                                          \
    " whole AS (SELECT 'workflow' AS dimension UNION ALL SELECT 'priority')"

/* clang-format off */
#define EXPECTED                                                                                   \
    /* stays begun, and ended */                                                                   \
    " SELECT 'step' AS dimension, " UTC_DAY("since") " AS day, workflow_id, step AS key,"          \
    "  'started' AS metric, 1 AS n, 0 AS total FROM stay"                                          \
    " UNION ALL SELECT 'step', " UTC_DAY("t.acted_on") ", y.workflow_id, y.step, t.status, 1, "    \
    SECONDS("y.since", "t.acted_on") " FROM stay y JOIN turn t ON t.id = y.last_id"                \
    "  WHERE t.status IN ('resolved', 'cancelled')"                                                \
    " UNION ALL SELECT 'step', " UTC_DAY("acted_on") ", workflow_id, step, status, 1, 0"           \
    "  FROM turn WHERE status IN ('reassigned', 'escalated')"                                      \
    /* clocks of steps, by the step and whoever ended the stay */                                  \
    " UNION ALL SELECT d.dimension, " UTC_DAY("c.stopped_at") ", t.workflow_id, d.key,"            \
    "  'sla_' || c.state, 1, 0 FROM sla_clock c JOIN turn t ON t.task_id = c.task_id"              \
    "  AND t.step_id = c.step_id AND t.acted_on = c.stopped_at"                                    \
    "  AND t.status IN ('resolved', 'cancelled')"                                                  \
    "  CROSS JOIN LATERAL (VALUES ('step', t.step), ('role', t.role),"                             \
    "   ('person', t.assignee_id::text)) d (dimension, key)"                                       \
    "  WHERE c.metric = 'step' AND d.key IS NOT NULL"                                              \
    /* turns of roles and people */                                                                \
    " UNION ALL SELECT 'role', " UTC_DAY("first_at") ", workflow_id, role, 'started', 1, 0 FROM turn" \
    " UNION ALL SELECT 'person', " UTC_DAY("assigned_on") ", workflow_id, assignee_id::text,"      \
    "  'started', 1, 0 FROM turn WHERE assignee_id IS NOT NULL"                                    \
    " UNION ALL SELECT d.dimension, " UTC_DAY("acted_on") ", workflow_id, d.key, status, 1, "      \
    SECONDS("assigned_on", "acted_on") " FROM turn CROSS JOIN LATERAL (VALUES ('role', role),"     \
    "   ('person', assignee_id::text)) d (dimension, key)"                                         \
    "  WHERE status NOT IN ('pool', 'new', 'in_progress') AND d.key IS NOT NULL"                   \
    " UNION ALL SELECT d.dimension, " UTC_DAY("assigned_on") ", workflow_id, d.key, 'pool', 1, "   \
    SECONDS("pooled_at", "assigned_on") " FROM turn JOIN task t ON t.id = task_id"                 \
    "  JOIN ticket k ON k.id = t.ticket_id CROSS JOIN LATERAL"                                     \
    "  (VALUES ('role', role), ('step', step), ('workflow', '')) d (dimension, key)"               \
    "  WHERE pooled_at IS NOT NULL"                                                                \
    " UNION ALL SELECT 'workflow', " UTC_DAY("acted_on") ", workflow_id, '', status, 1, 0"         \
    "  FROM turn WHERE status IN ('reassigned', 'escalated')"                                      \
    /* tasks */                                                                                    \
    " UNION ALL SELECT 'workflow', " UTC_DAY("t.created_at") ", v.workflow_id, '', 'started', 1, 0"\
    "  FROM task t JOIN workflow_version v ON v.id = t.version_id"                                 \
    " UNION ALL SELECT dimension, " UTC_DAY("resolved_at") ", workflow_id,"                        \
    "  CASE dimension WHEN 'workflow' THEN '' ELSE priority END, outcome, 1, "                     \
    SECONDS("submitted_at", "resolved_at") " FROM finish, whole"                                   \
    " UNION ALL SELECT dimension, " UTC_DAY("resolved_at") ", workflow_id,"                        \
    "  CASE dimension WHEN 'workflow' THEN '' ELSE priority END, 'sla_' || clock, 1, 0"            \
    "  FROM finish, whole WHERE clock IS NOT NULL"
/* Priorities change, and what was counted under one stays there, as what is reopened does. */
#define COMPARED                                                                                   \
    " WHERE metric <> 'reopened' AND NOT (dimension = 'priority' AND metric IN"                    \
    "  ('started', 'reassigned', 'escalated', 'pool'))"
#define ACTUAL                                                                                     \
    " SELECT dimension, day, workflow_id, key, metric, n, total FROM statistic_day"                \
    " UNION ALL SELECT x.dimension, x.day, x.workflow_id, x.key, x.metric, x.n, x.total"           \
    "  FROM statistic_deltas(ARRAY(SELECT n FROM statistic_note n)) d, LATERAL statistic_figures(d) x"                                     \
    " UNION ALL SELECT dimension, day, workflow_id, key, 'started', started, 0"                    \
    "  FROM statistic_item_begin WHERE item_id > (SELECT item_id FROM statistic_mark)"             \
    " UNION ALL SELECT dimension, day, workflow_id, key, 'started', 1, 0"                          \
    "  FROM statistic_task_begin WHERE task_id > (SELECT task_id FROM statistic_mark)"
#define SUMMED(rows)                                                                               \
    "(SELECT dimension, day, workflow_id, key, metric, sum(n) AS n, sum(total) AS total"           \
    " FROM (" rows ") z" COMPARED " GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 OR sum(total) <> 0)"

DB_READ(test_days_wrong, "", "tt",
        "WITH " TURNS ", expected AS " SUMMED(EXPECTED) ", actual AS " SUMMED(ACTUAL) ","
        " wrong AS (SELECT 'expected' AS what, * FROM (TABLE expected EXCEPT TABLE actual) a"
        "  UNION ALL SELECT 'found', * FROM (TABLE actual EXCEPT TABLE expected) b)"
        " SELECT count(*)::text, (array_agg(w::text))[1:8]::text FROM wrong w");

DB_READ(test_turns_wrong, "", "tt",
        "WITH " TURNS ", expected AS (SELECT d.dimension, t.workflow_id, d.key, count(*) AS open,"
        "  count(*) FILTER (WHERE t.assignee_id IS NULL) AS pooled,"
        "  count(*) FILTER (WHERE k.status = 'on_hold') AS held"
        "  FROM turn t JOIN task k ON k.id = t.task_id CROSS JOIN LATERAL (VALUES ('workflow', ''),"
        "   ('step', t.step), ('role', t.role), ('person', t.assignee_id::text)) d (dimension, key)"
        "  WHERE t.status IN ('pool', 'new', 'in_progress') AND d.key IS NOT NULL GROUP BY 1, 2, 3),"
        " actual AS (SELECT dimension, workflow_id, key, sum(open), sum(pooled), sum(held) FROM ("
        "  SELECT * FROM statistic_open UNION ALL SELECT x.* FROM statistic_deltas(ARRAY(SELECT n FROM statistic_note n)) d,"
        "   LATERAL statistic_turns(d) x UNION ALL SELECT dimension, workflow_id, key, 1, pooled, 0"
        "   FROM statistic_item_begin WHERE item_id > (SELECT item_id FROM statistic_mark)) y"
        "  GROUP BY 1, 2, 3 HAVING sum(open) <> 0 OR sum(pooled) <> 0 OR sum(held) <> 0),"
        " wrong AS (SELECT 'expected' AS what, * FROM (TABLE expected EXCEPT TABLE actual) a"
        "  UNION ALL SELECT 'found', * FROM (TABLE actual EXCEPT TABLE expected) b)"
        " SELECT count(*)::text, (array_agg(w::text))[1:8]::text FROM wrong w");
/* clang-format on */

static void expect_right(struct db_session *s)
{
    const struct db_stmt *const CHECKS[] = {&test_days_wrong, &test_turns_wrong};
    for (size_t i = 0; i < 2; i++) {
        struct db_result *r;
        OK(db_query(s, CHECKS[i], &r));
        if (!str_eq(db_get_str(r, 0, 0), STR("0")))
            fail_msg("%s: %.*s %.*s", CHECKS[i]->name, STR_ARG(db_get_str(r, 0, 0)),
                     STR_ARG(db_get_str(r, 0, 1)));
    }
}

/* ---- random histories --------------------------------------------------------------------- */

#define TASKS 12

static void random_event(struct db_session *s, int64_t task_id, int64_t now)
{
    static const char *const PRIORITIES[] = {"Low", "Medium", "High", "Urgent"};
    static const int64_t REVIEWERS[] = {RITA, ROLF, ROSE};
    struct ticket_state state = state_of(s, task_id);
    bool is_running = task_status_is_running(state.status);
    switch (random_below(10)) {
    case 0:
        if (is_running)
            give_to(s, task_id, REVIEWERS[random_below(3)], now);
        return;
    case 1:
        if (is_running)
            escalate(s, task_id, now);
        return;
    case 2:
        if (is_running)
            set_status(s, task_id,
                       state.status == TASK_STATUS_ON_HOLD ? TASK_STATUS_IN_PROGRESS
                                                           : TASK_STATUS_ON_HOLD,
                       now);
        return;
    case 3:
        if (is_running && random_below(3) == 0)
            set_status(s, task_id, random_below(2) ? TASK_STATUS_CANCELLED : TASK_STATUS_COMPLETED,
                       now);
        return;
    case 4:
        if (!is_running && state.status != TASK_STATUS_CANCELLED && random_below(3) == 0)
            set_status(s, task_id, TASK_STATUS_COMPLETED, now);
        else if (!is_running)
            reopen(s, task_id, now);
        return;
    case 5:
        OK(db_query(s, &test_priority, NULL, DB_INT(task_id),
                    DB_STR(str_from(PRIORITIES[random_below(4)]))));
        follow(s, task_id, CLOCKS_ANY, now);
        return;
    case 6:
        take(s, task_id, now);
        return;
    default:
        act_at(s, task_id, (size_t)random_below(2), now);
    }
}

static void figures_are_what_the_work_says(struct db_session *s)
{
    int64_t tasks[TASKS], now = NOW;
    size_t count = 0;
    bool has_approver = true;
    for (int i = 0; i < 400; i++) {
        now += random_below(5) * HOUR + random_below(1000000);
        if (count < TASKS && random_below(4) == 0)
            tasks[count++] = open_task(s, random_below(2) ? "High" : "Urgent", now);
        else if (count > 0)
            random_event(s, tasks[random_below((int64_t)count)], now);
        if (random_below(20) == 0) { /* what comes to Approval waits, or not */
            has_approver = !has_approver;
            set_person(s, ANNA, "Anna", "tts", has_approver ? "Approver" : "Other", true);
        }
        if (random_below(5) == 0)
            fold(s);
        if (i % 20 == 0)
            expect_right(s);
    }
    expect_right(s);
    while (fold(s))
        ;
    expect_right(s);
}
STORE_TEST(figures_are_what_the_work_says)

/* ---- single rules ------------------------------------------------------------------------- */

static struct statistics figures(struct db_session *s, const char *dimension, const char *key)
{
    struct statistics_question q = {str_from(dimension), STR_NULL, NOW - 40 * DAY, NOW + 300 * DAY};
    struct statistics_answer a;
    q.from -= q.from % DAY;
    q.to -= q.to % DAY;
    OK(statistics_store_read(s, &q, &a));
    for (size_t i = 0; i < a.count; i++)
        if (str_eq(a.rows[i].key, str_from(key)))
            return a.rows[i];
    return (struct statistics){.oldest = INT64_MIN};
}

static int64_t assignee(struct db_session *s, int64_t task_id)
{
    struct task_exits e;
    return view(s, task_id, &e).assignee_id;
}

static const char *id_text(struct db_session *s, int64_t id)
{
    return str_printf(s->arena, "%lld", (long long)id).p;
}

static void a_step_has_the_whole_stay_and_each_person_a_part(struct db_session *s)
{
    int64_t task = open_task(s, "High", NOW);
    int64_t first = assignee(s, task), second = first == RITA ? ROLF : RITA;
    give_to(s, task, second, NOW + HOUR);
    assert_true(act_at(s, task, 0, NOW + 3 * HOUR));
    struct statistics step = figures(s, "step", "Review");
    assert_int_equal(step.n[STATISTIC_STARTED], 1);
    assert_int_equal(step.n[STATISTIC_REASSIGNED], 1);
    assert_int_equal(step.n[STATISTIC_RESOLVED], 1);
    assert_int_equal(step.seconds[STATISTIC_RESOLVED], 3 * 3600);
    assert_int_equal(step.open, 0);
    struct statistics one = figures(s, "person", id_text(s, first));
    assert_int_equal(one.n[STATISTIC_RESOLVED], 0);
    assert_int_equal(one.seconds[STATISTIC_REASSIGNED], 3600);
    struct statistics other = figures(s, "person", id_text(s, second));
    assert_int_equal(other.n[STATISTIC_STARTED], 1);
    assert_int_equal(other.seconds[STATISTIC_RESOLVED], 2 * 3600);
    assert_int_equal(other.met + other.missed, 1);
    struct statistics now = figures(s, "step", "Approval");
    assert_int_equal(now.open, 1);
    assert_true(now.oldest == NOW + 3 * HOUR);
    assert_int_equal(figures(s, "role", "tts:Approver").open, 1);
    assert_int_equal(figures(s, "person", id_text(s, ANNA)).open, 1);
}
STORE_TEST(a_step_has_the_whole_stay_and_each_person_a_part)

static void what_is_opened_again_is_not_finished(struct db_session *s)
{
    int64_t task = open_task(s, "High", NOW);
    assert_true(act_at(s, task, 1, NOW + 30 * HOUR)); /* breached after 24 h */
    struct statistics w = figures(s, "workflow", "");
    assert_int_equal(w.n[STATISTIC_REJECTED], 1);
    assert_int_equal(w.missed, 1);
    assert_int_equal(w.open, 0);
    OK(db_query(s, &test_priority, NULL, DB_INT(task), DB_STR(STR("Low"))));
    reopen(s, task, NOW + 31 * HOUR);
    w = figures(s, "workflow", "");
    assert_int_equal(w.n[STATISTIC_REJECTED], 0);
    assert_int_equal(w.n[STATISTIC_REOPENED], 1);
    assert_int_equal(w.met + w.missed, 0);
    assert_int_equal(w.open, 1);
    assert_int_equal(w.n[STATISTIC_STARTED], 1);
    assert_int_equal(figures(s, "priority", "High").n[STATISTIC_REJECTED], 0);
    set_status(s, task, TASK_STATUS_CANCELLED, NOW + 32 * HOUR);
    w = figures(s, "workflow", "");
    assert_int_equal(w.n[STATISTIC_CANCELLED], 1);
    assert_int_equal(w.missed, 1); /* a breach is never taken back */
    assert_int_equal(statistics_done(&w), 0);
}
STORE_TEST(what_is_opened_again_is_not_finished)

/* ---- folding ------------------------------------------------------------------------------ */

static void folding_changes_no_figure(struct db_session *s)
{
    int64_t task = open_task(s, "High", NOW);
    assert_true(act_at(s, task, 0, NOW + HOUR));
    struct statistics before = figures(s, "step", "Review");
    for (int i = 0; i < 3; i++)
        fold(s);
    struct statistics after = figures(s, "step", "Review");
    assert_int_equal(before.n[STATISTIC_RESOLVED], 1);
    assert_memory_equal(before.n, after.n, sizeof before.n);
    assert_memory_equal(before.done, after.done, sizeof before.done);
    expect_right(s);
}
STORE_TEST(folding_changes_no_figure)

static void statements_fit(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_fit),
        cmocka_unit_test(test_a_step_has_the_whole_stay_and_each_person_a_part),
        cmocka_unit_test(test_what_is_opened_again_is_not_finished),
        cmocka_unit_test(test_folding_changes_no_figure),
        cmocka_unit_test(test_figures_are_what_the_work_says),
    };
    return cmocka_run_group_tests(tests, scene_open, close_frame);
}
