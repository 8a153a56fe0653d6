#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "retry.h"

static void waits_double_up_to_an_hour(void **state)
{
    (void)state;
    static const int WAITS_S[] = {5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600};
    for (int64_t attempts = 1; attempts <= 12; attempts++)
        assert_int_equal(retry_at(attempts, 1000, 0), 1000 + WAITS_S[attempts - 1] * US_PER_S);
}

static void jitter_adds_less_than_a_quarter(void **state)
{
    (void)state;
    for (uint64_t random = 0; random < 5000000; random += 99991)
        assert_in_range(retry_at(1, 0, random), 5 * US_PER_S, 5 * US_PER_S * 5 / 4);
    assert_in_range(retry_at(1, 0, UINT64_MAX), 5 * US_PER_S, 5 * US_PER_S * 5 / 4);
}

static void ten_attempts_are_enough(void **state)
{
    (void)state;
    assert_false(retry_is_over(1));
    assert_false(retry_is_over(9));
    assert_true(retry_is_over(10));
    assert_true(retry_is_over(11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_an_hour),
        cmocka_unit_test(jitter_adds_less_than_a_quarter),
        cmocka_unit_test(ten_attempts_are_enough),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
