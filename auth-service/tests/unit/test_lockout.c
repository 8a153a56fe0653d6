#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "domain/lockout.h"

#define NOW (INT64_C(1767225600) * US_PER_S)

static void the_lock_doubles_up_to_its_limit(void **state)
{
    (void)state;
    static const int64_t SECONDS[] = {60, 120, 240, 480, 900, 900};

    for (int i = 0; i < 6; i++)
        assert_int_equal(lockout_duration_s(i), SECONDS[i]);
    assert_int_equal(lockout_duration_s(INT64_MAX), LOCKOUT_MAX_S);
    assert_int_equal(lockout_duration_s(LOCKOUT_STEPS - 1), LOCKOUT_MAX_S);
    assert_true(lockout_duration_s(LOCKOUT_STEPS - 2) < LOCKOUT_MAX_S);
}

static void the_lock_ends_by_itself(void **state)
{
    (void)state;
    const int64_t until = NOW + 60 * US_PER_S;

    assert_int_equal(lockout_remaining_s(until, NOW), 60);
    assert_int_equal(lockout_remaining_s(until, NOW + 1), 60);
    assert_int_equal(lockout_remaining_s(until, until - 1), 1);
    assert_int_equal(lockout_remaining_s(until, until), 0);
    assert_int_equal(lockout_remaining_s(INT64_MIN, NOW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lock_doubles_up_to_its_limit),
        cmocka_unit_test(the_lock_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
