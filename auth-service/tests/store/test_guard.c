#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "store/guard.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define NOW (INT64_C(1767225600) * US_PER_S)
#define OK(call) assert_int_equal((call), ERR_OK)
#define S US_PER_S

static const struct lockout_policy THREE = {3, 1800}, FIVE = {5, 1800}, NEVER = {0, 1800};
static const struct guard BOTH[] = {{"account", {"ann@example.com", 15}, &THREE},
                                    {"address", {"192.0.2.1", 9}, &FIVE}};

static enum guard_verdict reserve(struct db_session *s, const struct guard *g, size_t n,
                                  int64_t now, int64_t *until)
{
    enum guard_verdict verdict;
    int64_t ignored;

    OK(guard_reserve(s, g, n, now, &verdict, until ? until : &ignored));
    return verdict;
}

static void guess(struct db_session *s, int64_t now)
{
    assert_int_equal(reserve(s, BOTH, 2, now, NULL), GUARD_GRANTED);
    OK(guard_settle(s, BOTH, 2, GUARD_FAILED, now));
}

static void attempts_in_flight_never_exceed_what_is_left(struct db_session *s)
{
    int64_t until;

    for (int i = 0; i < 3; i++)
        assert_int_equal(reserve(s, BOTH, 2, NOW, NULL), GUARD_GRANTED);
    assert_int_equal(reserve(s, BOTH, 2, NOW, NULL), GUARD_BUSY);
    OK(guard_settle(s, BOTH, 2, GUARD_RELEASED, NOW));
    assert_int_equal(reserve(s, BOTH, 2, NOW, NULL), GUARD_GRANTED);
    for (int i = 0; i < 3; i++)
        OK(guard_settle(s, BOTH, 2, GUARD_FAILED, NOW));
    assert_int_equal(reserve(s, BOTH, 2, NOW + 1, &until), GUARD_LOCKED);
    assert_int_equal(until, NOW + 60 * S);
}

static void the_lock_doubles_and_allows_one_attempt_between(struct db_session *s)
{
    int64_t until, now = NOW;

    for (int i = 0; i < 3; i++)
        guess(s, now);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(reserve(s, BOTH, 1, now, &until), GUARD_LOCKED);
        assert_int_equal(until, now + (60 << i) * S);
        now = until;
        assert_int_equal(reserve(s, BOTH, 1, now, NULL), GUARD_GRANTED);
        assert_int_equal(reserve(s, BOTH, 1, now, NULL), GUARD_BUSY);
        OK(guard_settle(s, BOTH, 1, GUARD_FAILED, now));
    }
}

static void a_success_forgives_the_account_but_not_the_address(struct db_session *s)
{
    struct guard address = BOTH[1];
    int64_t until;

    guess(s, NOW);
    guess(s, NOW);
    assert_int_equal(reserve(s, BOTH, 2, NOW, NULL), GUARD_GRANTED);
    OK(guard_settle(s, BOTH, 2, GUARD_PASSED, NOW));
    guess(s, NOW);
    guess(s, NOW);
    assert_int_equal(reserve(s, &address, 1, NOW, NULL), GUARD_GRANTED);
    OK(guard_settle(s, &address, 1, GUARD_FAILED, NOW));
    assert_int_equal(reserve(s, &address, 1, NOW, &until), GUARD_LOCKED);
    /* A refusal of one leaves nothing reserved of the other. */
    for (int i = 0; i < 5; i++)
        assert_int_equal(reserve(s, BOTH, 2, NOW, NULL), GUARD_LOCKED);
    assert_int_equal(reserve(s, BOTH, 1, NOW, NULL), GUARD_GRANTED);
}

static void old_failures_and_lost_reservations_are_forgotten(struct db_session *s)
{
    for (int i = 0; i < 2; i++)
        guess(s, NOW);
    assert_int_equal(reserve(s, BOTH, 1, NOW + 1, NULL), GUARD_GRANTED);
    assert_int_equal(reserve(s, BOTH, 1, NOW + 2, NULL), GUARD_BUSY);
    assert_int_equal(reserve(s, BOTH, 1, NOW + 62 * S, NULL), GUARD_GRANTED);
    OK(guard_settle(s, BOTH, 1, GUARD_RELEASED, NOW + 62 * S));
    for (int i = 0; i < 3; i++)
        assert_int_equal(reserve(s, BOTH, 1, NOW + 1801 * S, NULL), GUARD_GRANTED);
    OK(guard_store_purge(s, NOW + 4000 * S));
    for (int i = 0; i < 3; i++)
        assert_int_equal(reserve(s, BOTH, 1, NOW, NULL), GUARD_GRANTED);
}

static void keys_have_no_case_and_no_threshold_guards_nothing(struct db_session *s)
{
    const struct guard upper = {"account", {"ANN@EXAMPLE.COM", 15}, &THREE};
    const struct guard open = {"account", {"ann@example.com", 15}, &NEVER};

    for (int i = 0; i < 3; i++)
        guess(s, NOW);
    assert_int_equal(reserve(s, &upper, 1, NOW, NULL), GUARD_LOCKED);
    for (int i = 0; i < 20; i++)
        assert_int_equal(reserve(s, &open, 1, NOW, NULL), GUARD_GRANTED);
    OK(guard_settle(s, &open, 1, GUARD_FAILED, NOW));
    OK(guard_forgive(s, "account", upper.key));
    assert_int_equal(reserve(s, &upper, 1, NOW, NULL), GUARD_GRANTED);
}

STORE_TEST(attempts_in_flight_never_exceed_what_is_left)
STORE_TEST(the_lock_doubles_and_allows_one_attempt_between)
STORE_TEST(a_success_forgives_the_account_but_not_the_address)
STORE_TEST(old_failures_and_lost_reservations_are_forgotten)
STORE_TEST(keys_have_no_case_and_no_threshold_guards_nothing)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {WRITE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};

    (void)state;
    return store_test_open("guard", MIGRATIONS);
}

static int close_group(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts_in_flight_never_exceed_what_is_left),
        cmocka_unit_test(test_the_lock_doubles_and_allows_one_attempt_between),
        cmocka_unit_test(test_a_success_forgives_the_account_but_not_the_address),
        cmocka_unit_test(test_old_failures_and_lost_reservations_are_forgotten),
        cmocka_unit_test(test_keys_have_no_case_and_no_threshold_guards_nothing),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
