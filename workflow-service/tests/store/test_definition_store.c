

#include "api/definition.h"
#include "arrive.h"
#include "frame.h"
#include "store/definition_store.h"
#include "store/ticket_store.h"
#include "store/workflow_store.h"

#define REVIEWER 21
#define AUTHOR 42

static const struct definition_step STEPS[] = {
    {.name = S("Look"),
     .role_system = S("tts"),
     .role_name = S("Reviewer"),
     .escalation_system = S("tts"),
     .escalation_role = S("Admin"),
     .weight = 0.1,
     .instruction = S("Look at it."),
     .is_start = true},
    {.name = S("Check"), .role_system = S("tts"), .role_name = S("Reviewer"), .weight = 2},
};
static const struct definition_transition TRANSITIONS[] = {
    {.from = S("Look"), .name = S("pass"), .to = S("Check")},
    {.from = S("Check"), .name = S("back"), .to = S("Look")},
    {.from = S("Look"), .name = S("refuse"), .outcome = S("rejected")},
    {.from = S("Check"), .name = S("accept"), .outcome = S("resolved")},
};

static struct definition definition(const char *name)
{
    return (struct definition){
        .name = str_from(name),
        .description = STR("Says it."),
        .match = {.category = STR("IT Support")},
        .steps = STEPS,
        .step_count = 2,
        .transitions = TRANSITIONS,
        .transition_count = 4,
    };
}

static int64_t add(struct db_session *s, const char *name, struct str *public_id)
{
    struct definition d = definition(name);
    int64_t id;
    OK(definition_add(s, &d, AUTHOR, NOW, &id, public_id));
    return id;
}

static struct workflow_head head_of(struct db_session *s, struct str public_id)
{
    struct workflow_head h;
    struct str draft;
    OK(workflow_store_lock(s, public_id, &h, &draft));
    assert_int_equal(h.has_draft, draft.p != NULL);
    return h;
}

static void publish(struct db_session *s, int64_t id, const char *name)
{
    struct definition d = definition(name);
    OK(definition_store_publish(s, id, &d, AUTHOR, NOW));
}

static size_t plans_for(struct db_session *s, const char *number, struct start_plan **plans,
                        struct ticket *t)
{
    size_t count;
    *t = (struct ticket){
        .number = str_from(number),
        .subject = STR("x"),
        .description = STR("x"),
        .match = {.department = STR(""),
                  .category = STR("it support"),
                  .sub_category = STR(""),
                  .priority = STR("High")},
        .status = STR("Open"),
        .requester_id = INT64_MIN,
        .requester_name = STR(""),
        .requester_email = STR(""),
        .submitted_at = NOW,
    };
    OK(add_ticket(s, t, NOW, plans, &count));
    return count;
}

static int64_t start(struct db_session *s, const char *number)
{
    struct start_plan *plans;
    struct ticket t;
    struct started_task task;
    assert_int_equal(plans_for(s, number, &plans, &t), 1);
    struct task_start begin = {.ticket_id = t.id, .submitted_at = NOW, .now = NOW};
    OK(begin_task(s, &plans[0], &begin, &task));
    return task.task_id;
}

/* ---- versions ----------------------------------------------------------------------------- */

static void a_draft_is_no_version(struct db_session *s)
{
    struct str public_id;
    struct start_plan *plans;
    struct ticket t;
    add(s, "Flow", &public_id);
    struct workflow_head h = head_of(s, public_id);
    assert_true(str_eq(h.state, STR("draft")) && h.has_draft && h.version == INT64_MIN);
    assert_true(str_eq(h.match.category, STR("IT Support")));
    assert_int_equal(plans_for(s, "TX1", &plans, &t), 0);
}

static void versions_follow_each_other(struct db_session *s)
{
    struct str public_id;
    int64_t id = add(s, "Flow", &public_id), revision = head_of(s, public_id).revision;
    publish(s, id, "Flow");
    int64_t old_task = start(s, "TX1");
    struct workflow_head first = head_of(s, public_id);
    assert_true(first.version == 1 && !first.has_draft && first.revision > revision);
    publish(s, id, "River");
    struct workflow_head second = head_of(s, public_id), old;
    assert_true(second.version == 2 && str_eq(second.name, STR("River")));
    OK(workflow_store_version(s, id, 1, &old));
    assert_true(old.version_id == first.version_id && str_eq(old.name, STR("Flow")));
    assert_true(str_eq(old.state, STR("retired")) && old.published_by == AUTHOR);
    assert_int_equal(workflow_store_version(s, id, 3, &old), ERR_NOT_FOUND);
    assert_int_equal(workflow_store_version(s, id, INT64_MAX, &old), ERR_NOT_FOUND);

    struct workflow_version *list;
    size_t count;
    int64_t total;
    start(s, "TX2");
    OK(workflow_store_versions(s, id, 10, 0, &list, &count, &total));
    assert_true(count == 2 && total == 2 && list[0].version == 2 && list[1].version == 1);
    assert_true(list[0].running == 1 && list[1].running == 1 && list[0].step_count == 2);
    assert_int_equal(list[0].transition_count, 4);
    OK(workflow_store_versions(s, id, 10, 10, &list, &count, &total));
    assert_true(count == 0 && total == 2);

    struct workflow_progress p;
    OK(workflow_store_progress(s, old_task, REVIEWER, &p));
    assert_true(p.version == 1 && p.version_id == first.version_id && p.is_involved);
    assert_true(p.current_step_id != INT64_MIN && p.done_count == 0 && p.taken_count == 0);
    OK(workflow_store_progress(s, old_task, 999, &p));
    assert_false(p.is_involved);
    assert_int_equal(workflow_store_progress(s, 999999, REVIEWER, &p), ERR_TASK_NOT_FOUND);
}

static void a_body_comes_back_as_it_was_written(struct db_session *s)
{
    struct str public_id;
    publish(s, add(s, "Flow", &public_id), "Flow");
    struct workflow_body b;
    OK(workflow_store_body(s, head_of(s, public_id).version_id, &b));
    assert_true(b.step_count == 2 && b.transition_count == 4);
    assert_int_equal(b.target_count, SLA_DEFAULT_COUNT);
    for (size_t i = 0; i < 2; i++) {
        assert_true(str_eq(b.steps[i].name, STEPS[i].name) && b.steps[i].weight == STEPS[i].weight);
        assert_true(str_eq(b.steps[i].role_name, STEPS[i].role_name));
        assert_true(str_eq(b.steps[i].escalation_role, STEPS[i].escalation_role));
        assert_int_equal(b.steps[i].is_start, STEPS[i].is_start);
    }
    assert_null(b.steps[1].escalation_role.p);
    for (size_t i = 0; i < 4; i++) {
        assert_true(str_eq(b.transitions[i].from, TRANSITIONS[i].from));
        assert_true(str_eq(b.transitions[i].name, TRANSITIONS[i].name));
        assert_true(str_eq(b.transitions[i].to, TRANSITIONS[i].to));
        assert_true(str_eq(b.transitions[i].outcome, TRANSITIONS[i].outcome));
    }
}

static void what_is_retired_takes_no_ticket(struct db_session *s)
{
    struct str public_id;
    struct start_plan *plans;
    struct ticket t;
    int64_t running, id = add(s, "Flow", &public_id);
    publish(s, id, "Flow");
    start(s, "TX1");
    OK(workflow_store_running(s, id, &running));
    assert_int_equal(running, 1);
    OK(definition_store_retire(s, id, NOW));
    assert_true(str_eq(head_of(s, public_id).state, STR("retired")));
    assert_int_equal(plans_for(s, "TX2", &plans, &t), 0);
    OK(workflow_store_running(s, id, &running));
    assert_int_equal(running, 1);
}

DB_READ(test_count_workflows, "", "i", "SELECT count(*) FROM workflow");

static int64_t workflows(struct db_session *s)
{
    struct db_result *r;
    OK(db_query(s, &test_count_workflows, &r));
    return db_get_int(r, 0, 0);
}

static void what_is_deleted_stays_for_its_tasks(struct db_session *s)
{
    struct str public_id, other;
    struct workflow_head h;
    struct str draft;
    struct workflow_progress p;
    int64_t id = add(s, "Flow", &public_id);
    publish(s, id, "Flow");
    int64_t task = start(s, "TX1");
    OK(definition_store_delete(s, id, NOW));
    assert_int_equal(workflow_store_find(s, public_id, &h, &draft), ERR_WORKFLOW_NOT_FOUND);
    OK(workflow_store_progress(s, task, REVIEWER, &p));
    assert_true(str_eq(p.workflow_name, STR("Flow")));
    int64_t draft_only = add(s, "flow", &other);
    assert_int_equal(workflows(s), 2);
    OK(definition_store_delete(s, draft_only, NOW));
    assert_int_equal(workflows(s), 1);
    bool is_used;
    OK(definition_store_name_used(s, STR("FLOW"), &is_used));
    assert_true(is_used);
}

/* ---- names -------------------------------------------------------------------------------- */

static void names_are_taken_by_workflows_and_drafts(struct db_session *s)
{
    struct str one, two, found;
    int64_t first = add(s, "One", &one), second = add(s, "Two", &two), id;
    struct definition d = definition("ONE");
    struct draft_write w = {&d, STR("{}"), AUTHOR, NOW};
    assert_int_equal(definition_add(s, &d, AUTHOR, NOW, &id, &found), ERR_DUPLICATE_RESOURCE);
    assert_int_equal(definition_store_draft(s, second, &w), ERR_DUPLICATE_RESOURCE);
    publish(s, first, "One");
    d.name = STR("Uno");
    OK(definition_store_draft(s, first, &w));
    assert_true(str_eq(head_of(s, one).name, STR("One")));
    assert_int_equal(definition_store_draft(s, second, &w), ERR_DUPLICATE_RESOURCE);
    OK(workflow_store_by_name(s, STR("one"), &found));
    assert_true(str_eq(found, one));
    OK(workflow_store_by_name(s, STR("uno"), &found));
    assert_null(found.p);
    OK(definition_store_drop_draft(s, first, NOW));
    OK(definition_store_draft(s, second, &w));
    assert_true(str_eq(head_of(s, two).name, STR("Uno")));
}

static void roles_are_looked_up(struct db_session *s)
{
    struct definition d = definition("Flow");
    struct definition_role *roles;
    struct definition_problem *problems;
    size_t count;
    OK(definition_store_roles(s, &d, &roles, &count));
    assert_int_equal(count, 1);
    assert_true(str_eq(roles[0].name, STR("Reviewer")) && roles[0].has_members);
    OK(definition_problems(s, &d, 0, &problems));
    assert_non_null(problems);
    assert_true(str_eq(problems->where, STR("steps[0].escalation_role")));
    assert_null(problems->next);
    d.step_count = 0;
    OK(definition_store_roles(s, &d, &roles, &count));
    assert_int_equal(count, 0);
}

static void lists_filter(struct db_session *s)
{
    struct str id;
    struct workflow_head *heads;
    size_t count;
    int64_t total;
    publish(s, add(s, "b 100%", &id), "b 100%");
    add(s, "A", &id);
    struct workflow_filter f = {.limit = 10};
    OK(workflow_store_list(s, &f, &heads, &count, &total));
    assert_true(count == 2 && total == 2 && str_eq(heads[0].name, STR("A")));
    f.search = STR("100%");
    OK(workflow_store_list(s, &f, &heads, &count, &total));
    assert_int_equal(total, 1);
    f.search = STR("1_0%");
    OK(workflow_store_list(s, &f, &heads, &count, &total));
    assert_int_equal(total, 0);
    f = (struct workflow_filter){.limit = 10, .state = STR("DRAFT"), .category = STR("it SUPPORT")};
    OK(workflow_store_list(s, &f, &heads, &count, &total));
    assert_true(total == 1 && str_eq(heads[0].state, STR("draft")));
    f.department = STR("x");
    OK(workflow_store_list(s, &f, &heads, &count, &total));
    assert_true(total == 0 && count == 0);
    f = (struct workflow_filter){.limit = 10, .offset = 10};
    OK(workflow_store_list(s, &f, &heads, &count, &total));
    assert_true(total == 2 && count == 0);
}

/* ---- plans -------------------------------------------------------------------------------- */

/* 2,000 workflows of ten versions, on which tasks have run and run. */
DB_WRITE(
    test_fill, "", "",
    "WITH w AS (INSERT INTO workflow (name, created_at, updated_at)"
    "  SELECT 'W' || n, now(), now() FROM generate_series(1, 2000) n RETURNING id),"
    " v AS (INSERT INTO workflow_version (workflow_id, version, state, name, description,"
    "   category, created_at) SELECT id, n, CASE n WHEN 10 THEN 'published' ELSE 'retired' END,"
    "   'W', '', 'C' || id, now() FROM w, generate_series(1, 10) n RETURNING id) "
    "INSERT INTO step (version_id, position, name, role_system, role_name, weight, is_start) "
    "SELECT id, n, 'S' || n, 'tts', 'Reviewer', 1, n = 1 FROM v, generate_series(1, 2) n");
DB_WRITE(test_fill_tasks, "", "",
         "WITH k AS (INSERT INTO ticket (number, subject, description, category, sub_category,"
         "   department, priority, status, requester_name, requester_email, submitted_at,"
         "   created_at, updated_at) SELECT 'T' || n, '', '', '', '', '', '', '', '', '', now(),"
         "   now(), now() FROM generate_series(1, 20000) n RETURNING id) "
         "INSERT INTO task (ticket_id, version_id, current_step_id, status, submitted_at,"
         " created_at, updated_at) SELECT k.id, k.id % 20000, CASE WHEN k.id % 10 = 0 THEN 1 END,"
         " CASE WHEN k.id % 10 = 0 THEN 'active' ELSE 'resolved' END, now(), now(), now() FROM k");
DB_WRITE(test_analyze, "", "", "ANALYZE workflow, workflow_version, step, task, transition");
DB_WRITE(test_plan_running, "", "t",
         "EXPLAIN SELECT count(*) FROM workflow_version v JOIN task t ON t.version_id = v.id"
         " AND t.current_step_id IS NOT NULL WHERE v.workflow_id = 7");
DB_WRITE(test_plan_versions, "", "t",
         "EXPLAIN SELECT v.version, (SELECT count(*) FROM task t WHERE t.version_id = v.id"
         " AND t.current_step_id IS NOT NULL) FROM workflow_version v WHERE v.workflow_id = 7"
         " ORDER BY version DESC LIMIT 10");
DB_WRITE(test_plan_match, "", "t",
         "EXPLAIN SELECT v.id FROM workflow_version v JOIN workflow w ON w.id = v.workflow_id"
         " JOIN step s ON s.version_id = v.id AND s.is_start WHERE v.state = 'published'"
         " AND lower(v.category) = lower('C7')");
DB_WRITE(test_plan_find, "", "t",
         "EXPLAIN SELECT w.id, v.id FROM workflow w LEFT JOIN LATERAL (SELECT * FROM"
         " workflow_version x WHERE x.id = coalesce((SELECT y.id FROM workflow_version y"
         "  WHERE y.workflow_id = w.id AND y.state = 'published'), (SELECT y.id"
         "  FROM workflow_version y WHERE y.workflow_id = w.id ORDER BY y.version DESC LIMIT 1))"
         " LIMIT 1) v ON true WHERE w.id = 7");

static void expect_no_scan(struct db_session *s, const struct db_stmt *stmt)
{
    struct db_result *r;
    OK(db_query(s, stmt, &r));
    for (size_t i = 0; i < db_rows(r); i++)
        if (str_find(db_get_str(r, i, 0), STR("Seq Scan")) >= 0)
            fail_msg("%.*s", STR_ARG(db_get_str(r, i, 0)));
}

static void nothing_scans_versions_or_tasks(struct db_session *s)
{
    OK(db_query(s, &test_fill, NULL));
    OK(db_query(s, &test_fill_tasks, NULL));
    OK(db_query(s, &test_analyze, NULL));
    expect_no_scan(s, &test_plan_running);
    expect_no_scan(s, &test_plan_versions);
    expect_no_scan(s, &test_plan_match);
    expect_no_scan(s, &test_plan_find);
}

/* ---- the group ---------------------------------------------------------------------------- */

static void add_reviewer(struct db_session *s)
{
    struct event_user_role held = {STR("tts"), STR("Reviewer"), 1};
    struct event_user u = {
        .id = REVIEWER,
        .email = STR("rita@example.com"),
        .name = STR("Rita"),
        .active = JSON_TRUE,
        .version = 1,
        .roles = {&held, 1},
    };
    OK(people_apply(s, &u));
}

STORE_TEST(a_draft_is_no_version)
STORE_TEST(versions_follow_each_other)
STORE_TEST(a_body_comes_back_as_it_was_written)
STORE_TEST(what_is_retired_takes_no_ticket)
STORE_TEST(what_is_deleted_stays_for_its_tasks)
STORE_TEST(names_are_taken_by_workflows_and_drafts)
STORE_TEST(roles_are_looked_up)
STORE_TEST(lists_filter)
STORE_TEST(nothing_scans_versions_or_tasks)

static int open_group(void **state)
{
    (void)state;
    return open_frame("workflow_definition", add_reviewer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_draft_is_no_version),
        cmocka_unit_test(test_versions_follow_each_other),
        cmocka_unit_test(test_a_body_comes_back_as_it_was_written),
        cmocka_unit_test(test_what_is_retired_takes_no_ticket),
        cmocka_unit_test(test_what_is_deleted_stays_for_its_tasks),
        cmocka_unit_test(test_names_are_taken_by_workflows_and_drafts),
        cmocka_unit_test(test_roles_are_looked_up),
        cmocka_unit_test(test_lists_filter),
        cmocka_unit_test(test_nothing_scans_versions_or_tasks),
    };
    return cmocka_run_group_tests(tests, open_group, close_frame);
}
