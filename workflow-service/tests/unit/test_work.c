#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/work.h"

enum { OWNER = 1, ASSIGNEE, STRANGER, FORMER };

static struct work_facts facts(int64_t actor, enum task_status task)
{
    return (struct work_facts){
        .actor_id = actor,
        .owner_id = OWNER,
        .assignee_id = task_status_is_running(task) ? ASSIGNEE : NO_PERSON,
        .has_worked = actor == ASSIGNEE || actor == FORMER,
        .task = task,
        .has_item = task_status_is_running(task),
        .has_escalation_role = true,
    };
}

/* What each actor gets for holding, resuming and escalating a task of each status. */
static void who_may_what_when(void **state)
{
    static const struct {
        int64_t actor;
        bool is_admin;
        enum task_status task;
        enum err hold, resume, escalate;
    } CASES[] = {
        {OWNER, false, TASK_STATUS_ACTIVE, ERR_OK, ERR_CONFLICT, ERR_OK},
        {ASSIGNEE, false, TASK_STATUS_IN_PROGRESS, ERR_OK, ERR_CONFLICT, ERR_OK},
        {STRANGER, true, TASK_STATUS_ACTIVE, ERR_OK, ERR_CONFLICT, ERR_OK},
        {STRANGER, false, TASK_STATUS_ACTIVE, ERR_FORBIDDEN, ERR_FORBIDDEN, ERR_FORBIDDEN},
        {FORMER, false, TASK_STATUS_ACTIVE, ERR_FORBIDDEN, ERR_FORBIDDEN, ERR_FORBIDDEN},
        {NO_PERSON, false, TASK_STATUS_ACTIVE, ERR_FORBIDDEN, ERR_FORBIDDEN, ERR_FORBIDDEN},
        {OWNER, false, TASK_STATUS_ON_HOLD, ERR_CONFLICT, ERR_OK, ERR_CONFLICT},
        {STRANGER, false, TASK_STATUS_ON_HOLD, ERR_FORBIDDEN, ERR_FORBIDDEN, ERR_FORBIDDEN},
        {FORMER, false, TASK_STATUS_RESOLVED, ERR_ALREADY_COMPLETED, ERR_ALREADY_COMPLETED,
         ERR_ALREADY_COMPLETED},
        {STRANGER, true, TASK_STATUS_CANCELLED, ERR_ALREADY_COMPLETED, ERR_ALREADY_COMPLETED,
         ERR_ALREADY_COMPLETED},
        {STRANGER, false, TASK_STATUS_RESOLVED, ERR_FORBIDDEN, ERR_FORBIDDEN, ERR_FORBIDDEN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct work_facts f = facts(CASES[i].actor, CASES[i].task);
        f.is_admin = CASES[i].is_admin;
        assert_int_equal(work_check_hold(&f), CASES[i].hold);
        assert_int_equal(work_check_resume(&f), CASES[i].resume);
        assert_int_equal(work_check_escalation(&f), CASES[i].escalate);
    }
}

static void an_escalation_happens_once_and_needs_a_role(void **state)
{
    (void)state;
    struct work_facts f = facts(ASSIGNEE, TASK_STATUS_ACTIVE);
    f.is_escalated = true;
    assert_int_equal(work_check_escalation(&f), ERR_ALREADY_ESCALATED);
    f.task = TASK_STATUS_ON_HOLD;
    assert_int_equal(work_check_escalation(&f), ERR_ALREADY_ESCALATED);
    f = facts(ASSIGNEE, TASK_STATUS_ACTIVE);
    f.has_escalation_role = false;
    assert_int_equal(work_check_escalation(&f), ERR_CONFLICT);
}

static void a_turn_goes_to_somebody_with_the_role(void **state)
{
    (void)state;
    struct work_facts f = facts(STRANGER, TASK_STATUS_IN_PROGRESS);
    struct work_candidate to = {FORMER, true, true};
    assert_int_equal(work_check_reassignment(&f, &to), ERR_OK);
    to.holds_role = false;
    assert_int_equal(work_check_reassignment(&f, &to), ERR_VALIDATION_ERROR);
    to.is_active = false;
    assert_int_equal(work_check_reassignment(&f, &to), ERR_USER_NOT_FOUND);
    to = (struct work_candidate){ASSIGNEE, true, true};
    assert_int_equal(work_check_reassignment(&f, &to), ERR_INVALID_TRANSFER);
    f = facts(STRANGER, TASK_STATUS_RESOLVED);
    assert_int_equal(work_check_reassignment(&f, &to), ERR_ALREADY_COMPLETED);
    f = facts(STRANGER, TASK_STATUS_ON_HOLD);
    f.assignee_id = NO_PERSON;
    assert_int_equal(work_check_reassignment(&f, &to), ERR_OK);
}

static void only_what_has_ended_here_is_opened_again(void **state)
{
    (void)state;
    for (int s = 0; s < TASK_STATUS_COUNT; s++) {
        struct work_facts f = facts(STRANGER, (enum task_status)s);
        bool may = s == TASK_STATUS_RESOLVED || s == TASK_STATUS_REJECTED;
        assert_int_equal(work_check_reopening(&f), may ? ERR_OK : ERR_CONFLICT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_what_when),
        cmocka_unit_test(an_escalation_happens_once_and_needs_a_role),
        cmocka_unit_test(a_turn_goes_to_somebody_with_the_role),
        cmocka_unit_test(only_what_has_ended_here_is_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
