/* What counts, what is in time, and which step comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "domain/statistics.h"

static void words_are_counted_where_they_belong(void **state)
{
    struct statistics s = {0};
    (void)state;
    for (int i = 0; i < STATISTIC_COUNT; i++)
        assert_int_equal(statistic_parse(str_from(statistic_word((enum statistic)i))), i);
    assert_int_equal(statistic_parse(STR("sla_met")), STATISTIC_COUNT);
    assert_int_equal(statistic_parse_clock(STR("met")), SLA_STATE_COUNT);
    statistics_add(&s, STR("resolved"), 4, 2, 5);
    statistics_add(&s, STR("rejected"), 8, 1, 4);
    statistics_add(&s, STR("resolved"), HISTOGRAM_BUCKETS, 1, 1);
    statistics_add(&s, STR("pool"), -1, 1, 0);
    statistics_add(&s, STR("sla_met"), 0, 3, 0);
    statistics_add(&s, STR("sla_breached"), 0, 2, 0);
    statistics_add(&s, STR("sla_cancelled"), 0, 7, 0);
    statistics_add(&s, STR("nothing"), 0, 7, 7);
    assert_int_equal(statistics_done(&s), 4);
    assert_int_equal(statistics_done_seconds(&s), 10);
    assert_int_equal(s.done[4], 2);
    assert_int_equal(s.done[8], 1);
    assert_int_equal(s.met, 3);
    assert_int_equal(s.missed, 2);
}

static void only_ended_clocks_are_met_or_missed(void **state)
{
    (void)state;
    for (int i = 0; i <= SLA_STATE_COUNT; i++) {
        assert_int_equal(sla_state_is_met((enum sla_state)i), i == SLA_STATE_MET);
        assert_int_equal(sla_state_is_missed((enum sla_state)i), i == SLA_STATE_BREACHED);
    }
}

static void the_most_waiting_work_comes_first(void **state)
{
    struct statistics steps[] = {
        {.workflow_id = STR("a"), .key = STR("idle"), .oldest = INT64_MIN},
        {.workflow_id = STR("a"), .key = STR("young"), .open = 2, .oldest = 9},
        {.workflow_id = STR("a"), .key = STR("old"), .open = 2, .oldest = 3, .met = 1, .missed = 3},
        {.workflow_id = STR("b"), .key = STR("full"), .open = 5, .oldest = 8},
    };
    struct bottleneck out[4];
    (void)state;
    statistics_add(&steps[1], STR("resolved"), 0, 1, 30);
    statistics_add(&steps[2], STR("cancelled"), 0, 1, 10);
    bottlenecks_rank(steps, 4, out);
    assert_ptr_equal(out[0].step, &steps[3]);
    assert_ptr_equal(out[1].step, &steps[2]);
    assert_ptr_equal(out[2].step, &steps[1]);
    assert_ptr_equal(out[3].step, &steps[0]);
    assert_true(out[1].share == 0.25 && out[2].share == 0.75 && isnan(out[0].share));
    assert_true(out[1].breach_rate == 0.75 && isnan(out[0].breach_rate));
    bottlenecks_rank(steps, 0, out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_counted_where_they_belong),
        cmocka_unit_test(only_ended_clocks_are_met_or_missed),
        cmocka_unit_test(the_most_waiting_work_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
