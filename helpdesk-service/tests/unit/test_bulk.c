/* Bulk operations and jobs: which words there are, what belongs together, how a job ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/bulk.h"
#include "domain/job.h"

static void every_operation_has_its_word(void **state)
{
    struct str rest = STR(BULK_OP_WORDS), word;
    int op = 0;

    (void)state;
    for (; str_next(&rest, '|', &word); op++)
        assert_int_equal(bulk_op_parse(word), op);
    assert_int_equal(op, BULK_OP_COUNT);
    assert_int_equal(bulk_op_parse(STR("fly")), BULK_OP_COUNT);
    assert_int_equal(bulk_op_parse(STR_NULL), BULK_OP_COUNT);
}

static void members_belong_to_operations(void **state)
{
    static const struct {
        enum bulk_op op;
        enum bulk_member member;
        bool is_given, is_null, is_fine;
    } cases[] = {
        {BULK_SET_STATUS, BULK_STATUS, true, false, true},
        {BULK_SET_STATUS, BULK_STATUS, false, false, false},
        {BULK_SET_STATUS, BULK_STATUS, true, true, false},
        {BULK_SET_STATUS, BULK_PRIORITY, true, false, false},
        {BULK_SET_STATUS, BULK_PRIORITY, false, false, true},
        {BULK_ASSIGN, BULK_USER_ID, true, true, true},
        {BULK_ASSIGN, BULK_USER_ID, false, false, false},
        {BULK_SET_DEPARTMENT, BULK_DEPARTMENT, true, true, true},
        {BULK_SET_CATEGORY, BULK_SUB_CATEGORY, false, false, true},
        {BULK_SET_CATEGORY, BULK_SUB_CATEGORY, true, false, true},
        {BULK_COMMENT, BULK_VISIBILITY, false, false, true},
        {BULK_ADD_WATCHER, BULK_USER_ID, false, false, true},
        {BULK_ADD_WATCHER, BULK_USER_ID, true, true, false},
        {BULK_CLOSE, BULK_TEXT, true, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem =
            bulk_member_problem(cases[i].op, cases[i].member, cases[i].is_given, cases[i].is_null);

        assert_int_equal(problem == NULL, cases[i].is_fine);
    }
}

static void actions_are_those_of_one_ticket(void **state)
{
    (void)state;
    assert_int_equal(bulk_op_action(BULK_CLOSE), TICKET_CLOSE);
    assert_int_equal(bulk_op_action(BULK_REJECT), TICKET_REJECT);
    assert_int_equal(bulk_op_action(BULK_SET_STATUS), TICKET_ACTION_COUNT);
    assert_int_equal(bulk_op_action(BULK_COMMENT), TICKET_ACTION_COUNT);
    assert_true(bulk_op_needs_reason(BULK_REJECT));
    assert_false(bulk_op_needs_reason(BULK_APPROVE));
}

static void states_have_words(void **state)
{
    (void)state;
    for (int s = 0; s < JOB_STATE_COUNT; s++)
        assert_int_equal(job_state_parse(job_state_word((enum job_state)s)), s);
    for (int s = 0; s < JOB_ITEM_STATE_COUNT; s++)
        assert_int_equal(job_item_state_parse(job_item_state_word((enum job_item_state)s)), s);
    assert_int_equal(job_state_parse(STR("nothing")), JOB_STATE_COUNT);
    assert_int_equal(job_item_state_parse(STR_NULL), JOB_ITEM_STATE_COUNT);
}

static void a_job_ends_as_its_items(void **state)
{
    static const struct {
        struct job_counts counts;
        enum job_state outcome;
    } cases[] = {
        {{0, 0, 0, 0}, JOB_SUCCEEDED}, {{3, 3, 0, 0}, JOB_SUCCEEDED}, {{3, 2, 1, 0}, JOB_PARTIAL},
        {{3, 1, 0, 2}, JOB_PARTIAL},   {{3, 0, 3, 0}, JOB_FAILED},    {{3, 0, 1, 2}, JOB_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(job_pending(&cases[i].counts), 0);
        assert_int_equal(job_outcome(&cases[i].counts), cases[i].outcome);
        assert_true(job_is_finished(cases[i].outcome));
    }
    assert_int_equal(job_pending(&(struct job_counts){10, 3, 2, 1}), 4);
    assert_false(job_is_finished(JOB_QUEUED));
    assert_false(job_is_finished(JOB_RUNNING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_has_its_word),
        cmocka_unit_test(members_belong_to_operations),
        cmocka_unit_test(actions_are_those_of_one_ticket),
        cmocka_unit_test(states_have_words),
        cmocka_unit_test(a_job_ends_as_its_items),
    };

    return cmocka_run_group_tests_name("bulk", tests, NULL, NULL);
}
