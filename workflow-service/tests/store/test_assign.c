/* Who gets work, on a real database: by each policy, by hand, and out of the pool. */
#include "scene.h"

/* ---- policies ----------------------------------------------------------------------------- */

static void without_anything_said_turns_decide(struct db_session *s)
{
    int64_t turns[3] = {0};
    for (int i = 0; i < 9; i++)
        turns[start(s).assignee_id - RITA]++;
    for (int i = 0; i < 3; i++)
        assert_int_equal(turns[i], 3);
    struct started_task task = start(s);
    struct decision_doc d = decision(s, task.task_id, 1);
    assert_true(str_eq(d.policy, STR("round_robin")) && str_eq(d.reason, STR("round robin")));
    assert_int_equal(d.chosen_id, task.assignee_id);
    assert_true(str_find(d.candidates, STR("\"score\": null")) >= 0);
}

static void whoever_has_least_is_chosen(struct db_session *s)
{
    for (int i = 0; i < 5; i++)
        start(s);
    set_policy(s, "Reviewer", "least_loaded", NULL);
    for (int i = 0; i < 4; i++)
        start(s);
    for (int64_t id = RITA; id <= ROSE; id++)
        assert_int_equal(open_of(s, id), 3);
    set_capacity(s, RITA, 100);
    for (int i = 0; i < 6; i++)
        assert_int_equal(start(s).assignee_id, RITA);
    struct started_task task = start(s);
    struct decision_doc d = decision(s, task.task_id, 1);
    assert_true(str_eq(d.policy, STR("least_loaded")) && str_eq(d.reason, STR("least loaded")));
    assert_true(str_find(d.candidates, STR("\"score\": 0.045")) >= 0);
    expect_sound(s);
}

static void owners_go_by_the_policy_of_their_role(struct db_session *s)
{
    set_policy(s, "Ticket Coordinator", "weighted", NULL);
    struct agent_doc d = agent(s, CORA);
    d.weight = 3;
    put(s, &d);
    int64_t got[2] = {0};
    for (int i = 0; i < 8; i++)
        got[start(s).owner_id - CORA]++;
    assert_int_equal(got[0], 6);
    assert_int_equal(got[1], 2);
    set_policy(s, "Ticket Coordinator", "manual", NULL);
    struct started_task task = start(s);
    assert_int_equal(task.owner_id, NO_PERSON);
    assert_int_equal(drain(s), 0);
    set_policy(s, "Ticket Coordinator", "least_loaded", NULL);
    assert_int_equal(drain(s), 1);
    assert_int_equal(view(s, task.task_id, &(struct task_exits){0}).owner_id, COLE);
    expect_sound(s);
}

static void who_knows_the_requester_goes_on(struct db_session *s)
{
    set_policy(s, "Reviewer", "sticky", "round_robin");
    set_policy(s, "Ticket Coordinator", "sticky", "least_loaded");
    struct ticket_words w = {"Low", "", 1001};
    struct started_task first = start_as(s, &w);
    for (int i = 0; i < 4; i++) {
        struct started_task task = start_as(s, &w);
        assert_int_equal(task.assignee_id, first.assignee_id);
        assert_int_equal(task.owner_id, first.owner_id);
    }
    assert_true(str_eq(decision(s, start_as(s, &w).task_id, 1).reason,
                       STR("dealt with the requester last")));
    set_presence(s, first.assignee_id, "away");
    assert_int_not_equal(start_as(s, &w).assignee_id, first.assignee_id);
    expect_sound(s);
}

static void skills_are_asked_for_by_ticket(struct db_session *s)
{
    static const struct str VPN[] = {S("vpn")};
    static const struct str SUB[] = {S("{sub_category}")};
    struct assign_rule rule = {.system = STR("tts"),
                               .role = STR("Reviewer"),
                               .kind = STR("skills"),
                               .must = SUB,
                               .must_count = 1};
    OK(rule_store_put(s, &rule, NOW));
    OK(assign_store_track(s));
    struct agent_doc d = agent(s, ROLF);
    d.skills = VPN;
    d.skill_count = 1;
    put(s, &d);
    assert_int_equal(start_as(s, &(struct ticket_words){"Low", "VPN", EMIL}).assignee_id, ROLF);
    struct started_task other = start_as(s, &(struct ticket_words){"Urgent", "Mail", EMIL});
    assert_int_equal(other.assignee_id, NO_PERSON);
    struct decision_doc why = decision(s, other.task_id, 1);
    assert_true(str_eq(why.reason, STR("nobody has the skills")));
    assert_true(str_find(why.candidates, STR("lacks_skills")) >= 0);
    /* One that nobody can take does not stand in the way of others. */
    set_presence(s, ROLF, "offline");
    struct started_task waits = start_as(s, &(struct ticket_words){"Low", "VPN", EMIL});
    assert_int_equal(waits.assignee_id, NO_PERSON);
    set_presence(s, ROLF, "available");
    assert_int_equal(drain(s), 1);
    assert_int_equal(view(s, waits.task_id, &(struct task_exits){0}).assignee_id, ROLF);
    expect_sound(s);
}

static void a_step_has_its_own_policy(struct db_session *s)
{
    struct assign_rule rule = {.step = STR("Review"), .kind = STR("manual")};
    struct started_task before = start(s);
    rule.workflow_id = view(s, before.task_id, &(struct task_exits){0}).workflow_id;
    OK(rule_store_step(s, rule.workflow_id, &rule.step));
    OK(rule_store_put(s, &rule, NOW));
    set_policy(s, "Reviewer", "least_loaded", NULL);
    struct started_task task = start(s);
    assert_int_equal(task.assignee_id, NO_PERSON);
    assert_int_equal(drain(s), 0);
    OK(rule_store_delete(s, rule.id));
    assert_int_equal(drain(s), 1);
    expect_sound(s);
}

/* ---- taking by hand ----------------------------------------------------------------------- */

static void waiting_work_is_taken_by_hand(struct db_session *s)
{
    set_policy(s, "Reviewer", "manual", NULL);
    set_capacity(s, RITA, 1);
    struct started_task one = start(s), two = start(s);
    assert_int_equal(claim(s, one.task_id, ANNA), ERR_FORBIDDEN);
    OK(claim(s, one.task_id, RITA));
    assert_int_equal(claim(s, one.task_id, ROLF), ERR_CONFLICT);
    assert_int_equal(claim(s, two.task_id, RITA), ERR_CONFLICT);
    OK(claim(s, two.task_id, ROLF));
    assert_int_equal(claim(s, 999999, ROLF), ERR_TASK_NOT_FOUND);
    struct decision_doc d = decision(s, two.task_id, 2);
    assert_true(str_eq(d.reason, STR("taken by hand")));
    assert_int_equal(d.actor_id, ROLF);
    expect_sound(s);
}

/* ---- the pool ----------------------------------------------------------------------------- */

static void the_most_urgent_comes_first(struct db_session *s)
{
    static const char *const PRIORITIES[] = {"Low", "High", "Urgent", "Medium", "Urgent"};
    int64_t tasks[5];
    for (int64_t id = RITA; id <= ROSE; id++)
        set_capacity(s, id, 0);
    for (int i = 0; i < 5; i++)
        tasks[i] = start_as(s, &(struct ticket_words){PRIORITIES[i], "", EMIL}).task_id;
    assert_int_equal(drain(s), 0);
    static const int ORDER[] = {2, 4, 1, 3, 0};
    for (int i = 0; i < 5; i++) {
        set_capacity(s, ROSE, i + 1);
        assert_int_equal(drain(s), 1);
        assert_int_equal(view(s, tasks[ORDER[i]], &(struct task_exits){0}).assignee_id, ROSE);
    }
    expect_sound(s);
}

static void admins_are_told_once(struct db_session *s)
{
    struct waiting_item w;
    for (int64_t id = RITA; id <= ROSE; id++)
        set_presence(s, id, "offline");
    struct started_task task = start(s);
    assert_int_equal(task.assignee_id, NO_PERSON);
    OK(drain_store_tell(s, &w));
    assert_int_equal(w.item.item_id, task.item_id);
    assert_true(str_eq(w.reason, STR("nobody is available")));
    assert_int_equal(w.admin_count, 1);
    assert_int_equal(w.admin_ids[0], TINA);
    assert_int_equal(drain_store_tell(s, &w), ERR_TASK_NOT_FOUND);
    set_policy(s, "Reviewer", "manual", NULL);
    start(s);
    OK(drain_store_tell(s, &w));
    assert_true(str_eq(w.reason, STR("to be taken by hand")));
    assert_int_equal(w.admin_count, 0);
}

static void substitutes_get_what_would_be_theirs(struct db_session *s)
{
    struct agent_doc d = agent(s, RITA);
    d.out_from = NOW - 1;
    d.out_until = NOW + 1;
    d.substitute_id = ROSE;
    put(s, &d);
    int64_t got[3] = {0};
    for (int i = 0; i < 6; i++)
        got[start(s).assignee_id - RITA]++;
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], 2);
    assert_int_equal(got[2], 4);
    assert_int_equal(number(s, &test_miscounted), 0);
}

static void what_is_not_compared_is_not_counted(struct db_session *s)
{
    set_policy(s, "Reviewer", "least_loaded", NULL);
    assert_true(agent(s, RITA).open_items == 0);
    assert_true(agent(s, ANNA).open_items == INT64_MIN);
    /* Whoever comes to the role later is counted from the first choice on. */
    set_person(s, 29, "Rune", "tts", "Reviewer", true);
    start(s);
    assert_true(agent(s, 29).open_items >= 0);
    expect_sound(s);
    set_policy(s, "Reviewer", "round_robin", NULL);
    assert_true(agent(s, RITA).open_items == INT64_MIN);
    set_person(s, 29, "Rune", "tts", "Nobody", true);
}

/* ---- the group ---------------------------------------------------------------------------- */

STORE_TEST(without_anything_said_turns_decide)
STORE_TEST(whoever_has_least_is_chosen)
STORE_TEST(owners_go_by_the_policy_of_their_role)
STORE_TEST(who_knows_the_requester_goes_on)
STORE_TEST(skills_are_asked_for_by_ticket)
STORE_TEST(a_step_has_its_own_policy)
STORE_TEST(waiting_work_is_taken_by_hand)
STORE_TEST(the_most_urgent_comes_first)
STORE_TEST(admins_are_told_once)
STORE_TEST(substitutes_get_what_would_be_theirs)
STORE_TEST(what_is_not_compared_is_not_counted)

static void every_statement_is_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_anything_said_turns_decide),
        cmocka_unit_test(test_whoever_has_least_is_chosen),
        cmocka_unit_test(test_owners_go_by_the_policy_of_their_role),
        cmocka_unit_test(test_who_knows_the_requester_goes_on),
        cmocka_unit_test(test_skills_are_asked_for_by_ticket),
        cmocka_unit_test(test_a_step_has_its_own_policy),
        cmocka_unit_test(test_waiting_work_is_taken_by_hand),
        cmocka_unit_test(test_the_most_urgent_comes_first),
        cmocka_unit_test(test_admins_are_told_once),
        cmocka_unit_test(test_substitutes_get_what_would_be_theirs),
        cmocka_unit_test(test_what_is_not_compared_is_not_counted),
        cmocka_unit_test(every_statement_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, scene_open, close_frame);
}
