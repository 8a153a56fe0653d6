/* Clocks on a real database: how they are claimed, computed anew and kept, by one worker or two. */

#include "api/definition.h"
#include "arrive.h"
#include "frame.h"
#include "store/calendar_store.h"
#include "store/policy_store.h"
#include "store/preview_store.h"
#include "store/ticket_store.h"
#include "store/workflow_store.h"
#include "store/zone_store.h"

#define HOUR (3600 * US_PER_S)
static const struct definition_step STEPS[] = {
    {.name = S("Review"),
     .role_system = S("tts"),
     .role_name = S("Reviewer"),
     .weight = 1,
     .is_start = true},
};
static const struct definition_transition TRANSITIONS[] = {
    {.from = S("Review"), .name = S("approve"), .outcome = S("resolved")},
};

static void publish(struct db_session *s)
{
    struct definition d = {
        .name = STR("Support"),
        .match = {.category = STR("IT Support")},
        .steps = STEPS,
        .step_count = 1,
        .transitions = TRANSITIONS,
        .transition_count = 1,
    };
    struct definition_problem *problems;
    OK(definition_publish(s, &d, NOW, &problems));
}

static int64_t start(struct db_session *s, const char *number)
{
    struct ticket t = {
        .number = str_from(number),
        .subject = STR("Printer"),
        .description = STR(""),
        .match = {.department = STR(""),
                  .category = STR("IT Support"),
                  .sub_category = STR(""),
                  .priority = STR("High")},
        .status = STR("Open"),
        .requester_id = 51,
        .requester_name = STR("Emil"),
        .requester_email = STR("emil@example.com"),
        .submitted_at = NOW,
    };
    struct start_plan *plans;
    size_t count;
    struct started_task task;
    struct cause c = cause_at(NOW);
    OK(add_ticket(s, &t, NOW, &plans, &count));
    struct task_start start = {.ticket_id = t.id, .submitted_at = NOW, .now = NOW};
    OK(begin_task(s, &plans[0], &start, &task));
    OK(clocks_begin(s, &(struct clocks_start){&c, task.task_id}, 1));
    return task.task_id;
}

static struct clock_row clock_of(struct db_session *s, int64_t task_id, struct str metric)
{
    struct clock_row *rows;
    size_t n;
    OK(clock_store_of(s, task_id, &rows, &n));
    for (size_t i = n; i > 0; i--)
        if (str_eq(rows[i - 1].metric, metric))
            return rows[i - 1];
    fail_msg("no clock");
    return rows[0];
}

static size_t record_count(struct db_session *s, int64_t task_id, const char *kind)
{
    struct clock_record *records;
    size_t n, found = 0;
    OK(clock_store_records(s, task_id, &records, &n));
    for (size_t i = 0; i < n; i++)
        found += str_eq(records[i].kind, str_from(kind));
    return found;
}

/* ---- timers ------------------------------------------------------------------------------- */

static void clocks_fire_once(struct db_session *s)
{
    static const struct {
        int64_t hour;
        size_t due;
        enum sla_firing what;
    } cases[] = {
        {1, 0, SLA_FIRES_NOTHING}, {7, 2, SLA_FIRES_WARNING},  {7, 0, SLA_FIRES_NOTHING},
        {24, 2, SLA_FIRES_BREACH}, {99, 0, SLA_FIRES_NOTHING},
    };
    publish(s);
    int64_t task_id = start(s, "TX1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct due_clock *due;
        size_t n;
        struct cause c = cause_at(NOW + cases[i].hour * HOUR);
        OK(clock_store_claim(s, c.now, 10, &due, &n));
        assert_int_equal(n, cases[i].due);
        for (size_t k = 0; k < n; k++) {
            enum sla_firing what;
            assert_false(due[k].is_stale);
            OK(clocks_fire(s, &c, &due[k].row, &what));
            assert_int_equal(what, cases[i].what);
        }
    }
    assert_int_equal(record_count(s, task_id, "warn"), 2);
    assert_int_equal(record_count(s, task_id, "breach"), 2);
    int64_t next;
    OK(clock_store_next(s, &next));
    assert_int_equal(next, SLA_NONE);
}

static size_t claim_and_fire(struct db_session *s, int limit)
{
    struct due_clock *due;
    size_t n;
    enum sla_firing what;
    struct cause c = cause_at(NOW + 30 * HOUR);
    OK(clock_store_claim(s, c.now, limit, &due, &n));
    for (size_t i = 0; i < n; i++) {
        OK(clocks_fire(s, &c, &due[i].row, &what));
        assert_int_equal(what, SLA_FIRES_BREACH);
    }
    return n;
}

/* What is committed stays: the tickets have numbers of their own. */
static void two_workers_share_the_work(struct db_session *s)
{
    struct db_session other;
    int64_t tasks[20];
    OK(db_begin(s));
    publish(s);
    for (int i = 0; i < 20; i++)
        tasks[i] = start(s, str_cstr(s->arena, str_printf(s->arena, "TWO%d", i)));
    OK(db_commit(s));

    db_session_init(&other, s->db, s->arena);
    OK(db_begin(s));
    OK(db_begin(&other));
    size_t mine = claim_and_fire(s, 12), theirs = claim_and_fire(&other, 100);
    assert_int_equal(mine, 12);
    assert_true(theirs > 0 && mine + theirs <= 40);
    db_rollback(&other); /* killed before its commit: some time later its rows are free again */
    OK(db_commit(s));
    size_t rest = 0;
    while (mine + rest < 40) {
        OK(db_begin(&other));
        rest += claim_and_fire(&other, 100);
        OK(db_commit(&other));
    }
    assert_int_equal(mine + rest, 40);
    for (int i = 0; i < 20; i++)
        assert_int_equal(record_count(s, tasks[i], "breach"), 2);
}

/* ---- rules -------------------------------------------------------------------------------- */

static struct calendar_doc add_calendar(struct db_session *s)
{
    static const struct calendar_slot SLOTS[] = {
        {0, 540, 1020}, {1, 540, 720}, {1, 780, 1020}, {2, 540, 1020}, {3, 540, 1020},
    };
    static const struct calendar_slot HALF[] = {{0, 540, 600}, {0, 660, 720}};
    static const struct calendar_exception DAYS[] = {
        {20466, S("Closed"), NULL, 0}, /* 2026-01-13 */
        {20467, S("Half"), HALF, 2},
    };
    struct calendar_doc doc = {
        .name = STR("Office"), .zone = STR("UTC"), .plan = {SLOTS, 5, DAYS, 2}};
    OK(calendar_store_add(s, &doc, NOW));
    return doc;
}

static struct policy_doc add_policy(struct db_session *s, int64_t calendar_id)
{
    static const int64_t WARN[] = {50, 80};
    static const struct str PAUSE[] = {S("on_hold")};
    static const struct sla_target RESPONSES[] = {{S("High"), 60, 60}};
    struct policy_doc p = {
        .name = STR("Gold"),
        .calendar_id = calendar_id,
        .warn_percents = WARN,
        .warn_count = 2,
        .pause_statuses = PAUSE,
        .pause_count = 1,
        .reopen = STR("resume"),
        .is_default = true,
        .responses = RESPONSES,
        .response_count = 1,
    };
    OK(policy_store_put(s, &p, NOW));
    return p;
}

static void calendars_are_read_as_they_were_written(struct db_session *s)
{
    struct calendar_doc made = add_calendar(s), got;
    const struct calendar *ready;
    OK(calendar_store_find(s, made.id, &got));
    assert_int_equal(got.plan.slot_count, 5);
    assert_int_equal(got.plan.slots[2].start_min, 780);
    assert_int_equal(got.plan.exception_count, 2);
    assert_int_equal(got.plan.exceptions[0].slot_count, 0);
    assert_int_equal(got.plan.exceptions[1].slot_count, 2);
    assert_int_equal(got.plan.exceptions[1].slots[1].start_min, 660);
    OK(calendar_store_load(s, made.id, got.zone, &ready));
    /* 6.5 h on Monday, none on Tuesday, one of the two on Wednesday. */
    assert_int_equal(calendar_add(ready, NOW, 7 * HOUR + HOUR / 2), NOW + 47 * HOUR + HOUR / 2);
    got.plan.exception_count = 1;
    OK(calendar_store_update(s, &got, NOW));
    assert_int_equal(got.version, 2);
    OK(calendar_store_find(s, made.id, &got));
    assert_int_equal(got.plan.exception_count, 1);
    assert_int_equal(calendar_store_find(s, made.id + 1, &got), ERR_NOT_FOUND);
}

static void changed_rules_reach_running_clocks(struct db_session *s)
{
    publish(s);
    int64_t task_id = start(s, "TX1");
    const int64_t *stale;
    size_t n;
    assert_int_equal(clock_of(s, task_id, METRIC_RESOLUTION).clock.due_at, NOW + 8 * HOUR);
    OK(clock_store_claim_stale(s, 10, &stale, &n));
    assert_int_equal(n, 0);

    struct calendar_doc calendar = add_calendar(s);
    add_policy(s, calendar.id);
    OK(clock_store_claim_stale(s, 10, &stale, &n));
    assert_true(n >= 1);
    struct cause c = cause_at(NOW + HOUR);
    OK(clocks_follow(s, &c, task_id, CLOCKS_ANY));
    OK(clock_store_claim_stale(s, 10, &stale, &n));
    assert_int_equal(n, 0);
    struct clock_row row = clock_of(s, task_id, METRIC_RESOLUTION);
    assert_int_equal(row.clock.warn_count, 2);
    assert_int_equal(row.clock.due_at, NOW + 49 * HOUR); /* the half day's second slot */
    assert_int_equal(record_count(s, task_id, "recompute"), 2);

    /* A stale clock does not fire by the deadline it had. */
    struct due_clock *due;
    calendar.plan.exception_count = 0;
    OK(calendar_store_update(s, &calendar, NOW));
    OK(clock_store_claim(s, NOW + 1000 * HOUR, 10, &due, &n));
    assert_true(n > 0 && due[0].is_stale);
}

static void a_preview_walks_over_every_clock(struct db_session *s)
{
    publish(s);
    struct calendar_doc calendar = add_calendar(s);
    add_policy(s, calendar.id);
    for (int i = 0; i < 7; i++)
        start(s, str_cstr(s->arena, str_printf(s->arena, "TX%d", i)));
    const int64_t *workflows;
    size_t n, seen = 0;
    OK(preview_store_workflows(s, calendar.id, &workflows, &n));
    assert_int_equal(n, 1);
    struct preview_place place = {workflows[0], 0, 0};
    while (place.workflow_id != INT64_MIN) {
        struct preview_clock *clocks;
        OK(preview_store_clocks(s, &place, 4, &clocks, &n));
        seen += n;
    }
    assert_int_equal(seen, 21); /* the ticket, its step, the first response */
}

static void a_lost_race_gives_one_clock(struct db_session *s)
{
    publish(s);
    int64_t task_id = start(s, "TX1");
    struct cause c = cause_at(NOW + HOUR);
    for (int i = 0; i < 3; i++)
        OK(clocks_follow(s, &c, task_id, CLOCKS_NEXT_STEP));
    struct clock_row *rows;
    size_t n;
    OK(clock_store_of(s, task_id, &rows, &n));
    assert_int_equal(n, 2);
}

/* ---- plans -------------------------------------------------------------------------------- */

/* Many clocks, as the planner would meet them. */
DB_WRITE(
    test_fill, "", "",
    "INSERT INTO sla_clock (task_id, metric, cycle, state, started_at, workflow_id, sla_version,"
    " target_us, breach_us, consumed_us, anchor_at, warn_percents, warned_percent, next_wake) "
    "SELECT -n, 'resolution', 1, 'running', now(), n % 10, 7, 1, 2, 0, now(), '{80}', 0,"
    " now() + n * interval '1 minute' FROM generate_series(1, 20000) n");
DB_WRITE(test_analyze, "", "", "ANALYZE sla_clock");
DB_WRITE(test_plan_claim, "", "t",
         "EXPLAIN SELECT c.id FROM sla_clock c JOIN task t ON t.id = c.task_id"
         " JOIN workflow w ON w.id = c.workflow_id WHERE c.next_wake <= now()"
         " ORDER BY c.next_wake LIMIT 100 FOR UPDATE OF c, t SKIP LOCKED");
DB_WRITE(test_plan_next, "", "t",
         "EXPLAIN SELECT min(next_wake) FROM sla_clock WHERE next_wake IS NOT NULL");
DB_WRITE(test_plan_stale, "", "t",
         "EXPLAIN SELECT t.id FROM workflow w CROSS JOIN LATERAL (SELECT c.task_id FROM sla_clock c"
         "  WHERE c.workflow_id = w.id AND c.sla_version < w.sla_version AND c.stopped_at IS NULL"
         "  ORDER BY c.sla_version, c.id LIMIT 100) c JOIN task t ON t.id = c.task_id LIMIT 100"
         " FOR UPDATE OF t SKIP LOCKED");
DB_WRITE(test_plan_preview, "", "t",
         "EXPLAIN SELECT * FROM sla_clock x WHERE x.workflow_id = 1 AND x.stopped_at IS NULL"
         " AND (x.sla_version, x.id) > (1, 1) ORDER BY x.sla_version, x.id LIMIT 10");

static void expect_plan(struct db_session *s, const struct db_stmt *stmt, const char *index)
{
    struct db_result *r;
    bool uses_index = false;
    OK(db_query(s, stmt, &r));
    for (size_t i = 0; i < db_rows(r); i++) {
        struct str line = db_get_str(r, i, 0);
        uses_index = uses_index || str_find(line, str_from(index)) >= 0;
        if (str_find(line, STR("Sort")) >= 0 || str_find(line, STR("Seq Scan on sla_clock")) >= 0)
            fail_msg("%.*s", STR_ARG(line));
    }
    for (size_t i = 0; !uses_index && i < db_rows(r); i++)
        print_error("%.*s\n", STR_ARG(db_get_str(r, i, 0)));
    assert_true(uses_index);
}

static void nothing_scans_the_clocks(struct db_session *s)
{
    OK(db_query(s, &test_fill, NULL));
    OK(db_query(s, &test_analyze, NULL));
    expect_plan(s, &test_plan_claim, "sla_clock_by_wake");
    expect_plan(s, &test_plan_next, "sla_clock_by_wake");
    expect_plan(s, &test_plan_stale, "sla_clock_by_version");
    expect_plan(s, &test_plan_preview, "sla_clock_by_version");
}

/* ---- the group ---------------------------------------------------------------------------- */

static void test_two_workers_share_the_work(void **state)
{
    (void)state;
    store_test_run_bare(two_workers_share_the_work);
}

STORE_TEST(clocks_fire_once)
STORE_TEST(calendars_are_read_as_they_were_written)
STORE_TEST(changed_rules_reach_running_clocks)
STORE_TEST(a_preview_walks_over_every_clock)
STORE_TEST(a_lost_race_gives_one_clock)
STORE_TEST(nothing_scans_the_clocks)

static int open_group(void **state)
{
    (void)state;
    return open_frame("workflow_clock", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_fire_once),
        cmocka_unit_test(test_calendars_are_read_as_they_were_written),
        cmocka_unit_test(test_changed_rules_reach_running_clocks),
        cmocka_unit_test(test_a_preview_walks_over_every_clock),
        cmocka_unit_test(test_a_lost_race_gives_one_clock),
        cmocka_unit_test(test_nothing_scans_the_clocks),
        cmocka_unit_test(test_two_workers_share_the_work),
    };
    int failed = cmocka_run_group_tests(tests, open_group, close_frame);
    zone_store_release();
    return failed;
}
