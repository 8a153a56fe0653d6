/* Ages and words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/insight.h"

static void ages_and_words(void **state)
{
    static const struct {
        int64_t seconds;
        int age;
    } AGES[] = {{-5, 0},     {0, 0},      {86399, 0},   {86400, 1},   {3 * 86400 - 1, 1},
                {259200, 2}, {604800, 3}, {2591999, 3}, {2592000, 4}, {INT64_MAX, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof AGES / sizeof *AGES; i++)
        assert_int_equal(insight_age(AGES[i].seconds), AGES[i].age);
    for (int m = 0; m < INSIGHT_METRIC_COUNT; m++)
        assert_int_equal(
            insight_metric_parse(str_from(insight_metric_word((enum insight_metric)m))), m);
    assert_int_equal(insight_metric_parse(STR("backlog")), INSIGHT_METRIC_COUNT);
    assert_int_equal(insight_metric_parse(STR_NULL), INSIGHT_METRIC_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages_and_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
