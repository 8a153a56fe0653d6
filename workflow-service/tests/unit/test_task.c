#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/task.h"

static void words_go_both_ways(void **state)
{
    (void)state;
    for (int i = 0; i < TASK_STATUS_COUNT; i++)
        assert_int_equal(task_status_parse(task_status_word((enum task_status)i)), i);
    for (int i = 0; i < ITEM_STATUS_COUNT; i++)
        assert_int_equal(item_status_parse(item_status_word((enum item_status)i)), i);
    assert_int_equal(task_status_parse(STR("In_Progress")), TASK_STATUS_IN_PROGRESS);
    assert_int_equal(task_status_parse(STR("asleep")), TASK_STATUS_COUNT);
    assert_int_equal(item_status_parse(STR_NULL), ITEM_STATUS_COUNT);
}

static struct transition_facts good(void)
{
    return (struct transition_facts){
        .actor_id = 7,
        .assignee_id = 7,
        .item = ITEM_STATUS_NEW,
        .task = TASK_STATUS_ACTIVE,
        .step_id = 3,
        .is_known = true,
        .from_step_id = 3,
        .has_next = true,
    };
}

static void only_the_assignee_acts(void **state)
{
    (void)state;
    struct transition_facts f = good();
    assert_int_equal(transition_check(&f), ERR_OK);
    f.actor_id = 8;
    assert_int_equal(transition_check(&f), ERR_FORBIDDEN);
    f.item = ITEM_STATUS_RESOLVED;
    assert_int_equal(transition_check(&f), ERR_FORBIDDEN);
    f = good();
    f.assignee_id = NO_PERSON;
    f.item = ITEM_STATUS_POOL;
    assert_int_equal(transition_check(&f), ERR_FORBIDDEN);
}

static void what_is_done_stays_done(void **state)
{
    (void)state;
    for (int item = 0; item < ITEM_STATUS_COUNT; item++)
        for (int task = 0; task < TASK_STATUS_COUNT; task++) {
            struct transition_facts f = good();
            f.item = (enum item_status)item;
            f.task = (enum task_status)task;
            bool is_open = item <= ITEM_STATUS_IN_PROGRESS && task <= TASK_STATUS_ON_HOLD;
            enum err want = !is_open                      ? ERR_ALREADY_COMPLETED
                            : task == TASK_STATUS_ON_HOLD ? ERR_CONFLICT
                                                          : ERR_OK;
            assert_int_equal(transition_check(&f), want);
        }
}

static void a_transition_leaves_its_own_step(void **state)
{
    (void)state;
    struct transition_facts f = good();
    f.from_step_id = 4;
    assert_int_equal(transition_check(&f), ERR_INVALID_TRANSITION);
    f = good();
    f.is_known = false;
    assert_int_equal(transition_check(&f), ERR_INVALID_TRANSITION);
}

static void a_named_assignee_holds_the_role(void **state)
{
    (void)state;
    struct transition_facts f = good();
    f.has_wish = true;
    assert_int_equal(transition_check(&f), ERR_VALIDATION_ERROR);
    f.wish_holds_role = true;
    assert_int_equal(transition_check(&f), ERR_OK);
    f.wish_holds_role = false;
    f.has_next = false;
    assert_int_equal(transition_check(&f), ERR_OK);
}

static void the_owner_escalates_once(void **state)
{
    (void)state;
    struct owner_facts f = {.actor_id = 7, .owner_id = 7, .escalated_by = NO_PERSON};
    assert_int_equal(owner_check_escalation(&f), ERR_OK);
    f.owner_id = 1;
    assert_int_equal(owner_check_escalation(&f), ERR_FORBIDDEN);
    f.is_escalated = true;
    f.escalated_by = 7;
    assert_int_equal(owner_check_escalation(&f), ERR_ALREADY_ESCALATED);
    f.actor_id = 1;
    assert_int_equal(owner_check_escalation(&f), ERR_ALREADY_ESCALATED);
    f.actor_id = 9;
    assert_int_equal(owner_check_escalation(&f), ERR_FORBIDDEN);
    f = (struct owner_facts){.actor_id = 7, .owner_id = NO_PERSON, .escalated_by = NO_PERSON};
    assert_int_equal(owner_check_escalation(&f), ERR_FORBIDDEN);
    f = (struct owner_facts){.actor_id = 7, .owner_id = 7, .task = TASK_STATUS_COMPLETED};
    assert_int_equal(owner_check_escalation(&f), ERR_ALREADY_COMPLETED);
}

static void a_transfer_needs_somebody_else_who_may_own(void **state)
{
    (void)state;
    struct owner_facts f = {.actor_id = 1, .owner_id = 7};
    struct owner_candidate to = {8, true, true};
    assert_int_equal(owner_check_transfer(&f, &to), ERR_OK);
    to.may_own = false;
    assert_int_equal(owner_check_transfer(&f, &to), ERR_INVALID_TRANSFER);
    to = (struct owner_candidate){7, true, true};
    assert_int_equal(owner_check_transfer(&f, &to), ERR_INVALID_TRANSFER);
    to = (struct owner_candidate){8, false, true};
    assert_int_equal(owner_check_transfer(&f, &to), ERR_USER_NOT_FOUND);
    to.is_active = true;
    f.task = TASK_STATUS_CANCELLED;
    assert_int_equal(owner_check_transfer(&f, &to), ERR_ALREADY_COMPLETED);
}

static void the_helpdesks_word_moves_the_task(void **state)
{
    (void)state;
    enum { A, P, H, S, R, C, X }; /* the task's states, in their order */
    static const struct {
        enum ticket_signal signal;
        bool has_started;
        int after[TASK_STATUS_COUNT];
    } cases[] = {
        {SIGNAL_NONE, true, {A, P, H, S, R, C, X}},
        {SIGNAL_CLOSED, true, {C, C, C, C, C, C, X}},
        {SIGNAL_WITHDRAWN, true, {X, X, X, S, R, C, X}},
        {SIGNAL_HELD, true, {H, H, H, S, R, C, X}},
        {SIGNAL_RUNNING, true, {A, P, P, S, R, C, X}},
        {SIGNAL_RUNNING, false, {A, P, A, S, R, C, X}},
        {SIGNAL_OPEN, true, {A, P, P, A, A, A, X}},
        {SIGNAL_OPEN, false, {A, P, A, A, A, A, X}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int s = 0; s < TASK_STATUS_COUNT; s++)
            assert_int_equal(
                task_status_after((enum task_status)s, cases[i].signal, cases[i].has_started),
                cases[i].after[s]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(only_the_assignee_acts),
        cmocka_unit_test(what_is_done_stays_done),
        cmocka_unit_test(a_transition_leaves_its_own_step),
        cmocka_unit_test(a_named_assignee_holds_the_role),
        cmocka_unit_test(the_owner_escalates_once),
        cmocka_unit_test(a_transfer_needs_somebody_else_who_may_own),
        cmocka_unit_test(the_helpdesks_word_moves_the_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
