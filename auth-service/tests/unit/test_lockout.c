#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "domain/lockout.h"

#define NOW (INT64_C(1767225600) * US_PER_S)

static const struct lockout_policy POLICY = {.threshold = 3, .window_s = 1800};

static void the_lock_doubles_up_to_its_limit(void **state)
{
    (void)state;
    static const struct {
        int64_t failures, seconds;
    } cases[] = {
        {0, 0}, {2, 0}, {3, 60}, {4, 120}, {5, 240}, {6, 480}, {7, 900}, {8, 900}, {1000000, 900},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lockout_state s = {cases[i].failures, NOW};
        assert_int_equal(lockout_remaining_s(&POLICY, &s, NOW), cases[i].seconds);
    }
}

static void the_lock_ends_by_itself(void **state)
{
    (void)state;
    struct lockout_state s = {3, NOW};

    assert_int_equal(lockout_remaining_s(&POLICY, &s, NOW + 1), 60);
    assert_int_equal(lockout_remaining_s(&POLICY, &s, NOW + 59 * US_PER_S), 1);
    assert_int_equal(lockout_remaining_s(&POLICY, &s, NOW + 60 * US_PER_S - 1), 1);
    assert_int_equal(lockout_remaining_s(&POLICY, &s, NOW + 60 * US_PER_S), 0);
}

static void no_failure_and_no_threshold_never_lock(void **state)
{
    (void)state;
    struct lockout_state none = {0, INT64_MIN}, many = {1000, NOW};

    assert_int_equal(lockout_remaining_s(&POLICY, &none, NOW), 0);
    assert_int_equal(lockout_remaining_s(&(struct lockout_policy){0, 60}, &many, NOW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lock_doubles_up_to_its_limit),
        cmocka_unit_test(the_lock_ends_by_itself),
        cmocka_unit_test(no_failure_and_no_threshold_never_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
