#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/match.h"

#define RULE(department_, category_, sub_, priority_)                                              \
    {                                                                                              \
        .department = department_, .category = category_, .sub_category = sub_,                    \
        .priority = priority_                                                                      \
    }
#define ANY STR_NULL
#define IT STR("IT Department")
#define SUPPORT STR("IT Support")
#define NETWORK STR("Network")
#define HIGH STR("High")

static void a_rule_fits_what_it_names(void **state)
{
    (void)state;
    struct match_fields ticket = RULE(IT, SUPPORT, NETWORK, HIGH);
    const struct {
        struct match_fields rule;
        bool fits;
    } cases[] = {
        {RULE(ANY, ANY, ANY, ANY), true},
        {RULE(IT, SUPPORT, ANY, ANY), true},
        {RULE(STR("it DEPARTMENT"), STR("iT sUPPORT"), ANY, STR("high")), true},
        {RULE(STR(" IT Department "), SUPPORT, ANY, ANY), true},
        {RULE(IT, STR("Hardware"), ANY, ANY), false},
        {RULE(STR("Sales"), SUPPORT, ANY, ANY), false},
        {RULE(IT, SUPPORT, STR("Printer"), ANY), false},
        {RULE(IT, SUPPORT, NETWORK, STR("Low")), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(match_score(&cases[i].rule, &ticket) >= 0, cases[i].fits);
}

static void a_ticket_without_a_field_fits_no_value_of_it(void **state)
{
    (void)state;
    struct match_fields ticket = RULE(STR(""), SUPPORT, STR(""), HIGH);
    struct match_fields wants = RULE(IT, ANY, ANY, ANY), accepts = RULE(ANY, SUPPORT, ANY, ANY);
    assert_int_equal(match_score(&wants, &ticket), -1);
    assert_true(match_score(&accepts, &ticket) >= 0);
}

static void the_most_specific_rule_wins(void **state)
{
    (void)state;
    struct match_fields ticket = RULE(IT, SUPPORT, NETWORK, HIGH);
    const struct match_fields ascending[] = {
        RULE(ANY, ANY, ANY, ANY),         RULE(IT, ANY, ANY, ANY),
        RULE(ANY, SUPPORT, ANY, ANY),     RULE(ANY, ANY, ANY, HIGH),
        RULE(ANY, ANY, NETWORK, ANY),     RULE(IT, SUPPORT, ANY, ANY),
        RULE(IT, SUPPORT, ANY, HIGH),     RULE(IT, SUPPORT, NETWORK, ANY),
        RULE(IT, SUPPORT, NETWORK, HIGH),
    };
    size_t n = sizeof ascending / sizeof ascending[0];
    for (size_t i = 1; i < n; i++)
        assert_true(match_score(&ascending[i], &ticket) > match_score(&ascending[i - 1], &ticket));
    assert_int_equal(match_best(ascending, n, &ticket), (ptrdiff_t)n - 1);
}

static void the_first_of_equals_wins_and_none_may_fit(void **state)
{
    (void)state;
    struct match_fields ticket = RULE(IT, SUPPORT, STR(""), HIGH);
    const struct match_fields rules[] = {
        RULE(STR("Sales"), ANY, ANY, ANY),
        RULE(IT, SUPPORT, ANY, ANY),
        RULE(IT, SUPPORT, ANY, ANY),
    };
    assert_int_equal(match_best(rules, 3, &ticket), 1);
    assert_int_equal(match_best(rules, 1, &ticket), -1);
    assert_int_equal(match_best(rules, 0, &ticket), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_fits_what_it_names),
        cmocka_unit_test(a_ticket_without_a_field_fits_no_value_of_it),
        cmocka_unit_test(the_most_specific_rule_wins),
        cmocka_unit_test(the_first_of_equals_wins_and_none_may_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
