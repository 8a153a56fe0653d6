#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/limit.h"
#include "store_test.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define START INT64_C(1767225600)
#define MINUTE 60
#define OK(call) assert_int_equal((call), ERR_OK)

static struct limit_counter counter(const char *key, int64_t start, int64_t add)
{
    return (struct limit_counter){
        .key = str_from(key), .window_s = MINUTE, .window_start = start, .add = add};
}

static int64_t add_one(struct db_session *s, const char *key, int64_t start, int64_t add)
{
    struct limit_counter one = counter(key, start, add);

    OK(limit_store_add(s, &one, 1));
    return one.total;
}

static void totals_come_in_the_order_of_the_request(struct db_session *s)
{
    struct limit_counter asked[] = {counter("z", START, 3), counter("a", START, 5),
                                    counter("z", START + MINUTE, 7), counter("A", START, 2)};

    for (int64_t round = 1; round <= 3; round++) {
        OK(limit_store_add(s, asked, 4));
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(asked[i].total, round * asked[i].add);
    }
    OK(limit_store_add(s, asked, 0));
}

static void a_window_of_another_length_is_another_counter(struct db_session *s)
{
    struct limit_counter hour = counter("k", START, 4);

    hour.window_s = 60 * MINUTE;
    assert_int_equal(add_one(s, "k", START, 1), 1);
    OK(limit_store_add(s, &hour, 1));
    assert_int_equal(hour.total, 4);
    assert_int_equal(add_one(s, "k", START, 1), 2);
}

static void a_counter_that_repeats_is_summed_once(struct db_session *s)
{
    struct limit_counter asked[] = {counter("k", START, 3), counter("k", START, 0),
                                    counter("k", START, 4)};

    OK(limit_store_add(s, asked, 3));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(asked[i].total, 7);
}

static void reading_leaves_no_row(struct db_session *s)
{
    int64_t n;

    assert_int_equal(add_one(s, "k", START, 0), 0);
    OK(limit_store_purge(s, INT64_MAX, 10, &n));
    assert_int_equal(n, 0);
    assert_int_equal(add_one(s, "k", START, 2), 2);
    assert_int_equal(add_one(s, "k", START, 0), 2);
}

static void a_total_stays_a_number_that_json_can_hold(struct db_session *s)
{
    const int64_t most = INT64_C(9007199254740991);

    assert_int_equal(add_one(s, "k", START, most), most);
    assert_int_equal(add_one(s, "k", START, 1), most);
}

static void windows_that_are_over_are_purged_in_batches(struct db_session *s)
{
    int64_t n;

    (void)add_one(s, "a", START - 2 * MINUTE, 1);
    (void)add_one(s, "b", START - 2 * MINUTE, 1);
    (void)add_one(s, "c", START - MINUTE, 1);
    OK(limit_store_purge(s, START, 1, &n));
    assert_int_equal(n, 1);
    OK(limit_store_purge(s, START, 10, &n));
    assert_int_equal(n, 1);
    assert_int_equal(add_one(s, "a", START - 2 * MINUTE, 0), 0);
    assert_int_equal(add_one(s, "c", START - MINUTE, 0), 1);
}

static void of_too_many_the_smallest_go(struct db_session *s)
{
    int64_t n;

    (void)add_one(s, "big", START, 9);
    (void)add_one(s, "small", START, 1);
    (void)add_one(s, "middle", START, 5);
    OK(limit_store_trim(s, 3, 10, &n));
    assert_int_equal(n, 0);
    OK(limit_store_trim(s, 2, 10, &n));
    assert_int_equal(n, 1);
    assert_int_equal(add_one(s, "small", START, 0), 0);
    assert_int_equal(add_one(s, "big", START, 0), 9);
    assert_int_equal(add_one(s, "middle", START, 0), 5);
}

STORE_TEST(totals_come_in_the_order_of_the_request)
STORE_TEST(a_window_of_another_length_is_another_counter)
STORE_TEST(a_counter_that_repeats_is_summed_once)
STORE_TEST(reading_leaves_no_row)
STORE_TEST(a_total_stays_a_number_that_json_can_hold)
STORE_TEST(windows_that_are_over_are_purged_in_batches)
STORE_TEST(of_too_many_the_smallest_go)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {SERVICE_MIGRATIONS, NULL};

    (void)state;
    return store_test_open("limit", MIGRATIONS);
}

static int close_group(void **state)
{
    (void)state;
    return store_test_close();
}

static void every_statement_is_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_totals_come_in_the_order_of_the_request),
        cmocka_unit_test(test_a_window_of_another_length_is_another_counter),
        cmocka_unit_test(test_a_counter_that_repeats_is_summed_once),
        cmocka_unit_test(test_reading_leaves_no_row),
        cmocka_unit_test(test_a_total_stays_a_number_that_json_can_hold),
        cmocka_unit_test(test_windows_that_are_over_are_purged_in_batches),
        cmocka_unit_test(test_of_too_many_the_smallest_go),
        cmocka_unit_test(every_statement_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
