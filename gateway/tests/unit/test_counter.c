/* Counters: windows, sharing, and what a flood of keys does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "limits/counter.h"

static struct hash128 key(int i)
{
    char text[32];
    int n = snprintf(text, sizeof text, "key %d", i);
    return counter_key(NULL, str_n(text, (size_t)n));
}

static int setup(void **state)
{
    (void)state;
    counters_init(STR("secret"));
    counter_stats = (struct counter_stats){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    counters_on_queued(NULL, NULL);
    counters_free();
    return 0;
}

/* The test vector of the reference implementation: key 00…0f, message of 0, 1 and 8 bytes 00 01 ….
 */
static void hashes_as_the_reference_does(void **state)
{
    (void)state;
    struct hash128 k = {{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL}};
    static const char message[] = {0, 1, 2, 3, 4, 5, 6, 7};
    struct hash128 none = hash128(k, str_n(message, 0)), one = hash128(k, str_n(message, 1)),
                   eight = hash128(k, str_n(message, 8));
    assert_int_equal(none.h[0], 0xe6a825ba047f81a3ULL);
    assert_int_equal(none.h[1], 0x930255c71472f66dULL);
    assert_int_equal(one.h[0], 0x44af996bd8c187daULL);
    assert_int_equal(one.h[1], 0x45fc229b11597634ULL);
    assert_int_equal(eight.h[0], 0x61f55862baa9623bULL);
    assert_int_equal(eight.h[1], 0xb49714f364e2830fULL);
}

static void a_new_window_begins_at_zero(void **state)
{
    (void)state;
    struct counter *c = counter_get(key(1), 3600, 3600, false, 3700);
    counter_add(c);
    counter_add(c);
    assert_int_equal(counter_value(counter_get(key(1), 3600, 3600, false, 3800)), 2);
    assert_int_equal(counter_value(counter_get(key(1), 3600, 60, false, 3800)), 0);
    assert_int_equal(counter_value(counter_get(key(1), 7200, 3600, false, 7201)), 0);
}

static int queued_calls;
static void note_queued(void *arg)
{
    (void)arg;
    queued_calls++;
}

static void shared_counters_are_queued_once(void **state)
{
    (void)state;
    counters_on_queued(note_queued, NULL);
    for (int i = 0; i < 3; i++)
        counter_add(counter_get(key(1), 0, 60, true, 1));
    counter_add(counter_get(key(2), 0, 60, false, 1));
    counter_add(counter_get(key(3), 0, 60, true, 1));
    assert_int_equal(queued_calls, 1);
    uint32_t first = counter_dequeue(), second = counter_dequeue();
    assert_int_equal(counter_at(first)->unsent, 3);
    assert_int_equal(counter_at(second)->unsent, 1);
    assert_int_equal(counter_dequeue(), COUNTER_NONE);
    counter_add(counter_at(first));
    assert_int_equal(queued_calls, 2);
}

/* Ten times as many keys as there is room for: those that count stay. */
static void a_flood_of_keys_throws_out_the_small(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        for (int k = 0; k < 50; k++)
            counter_add(counter_get(key(i), 0, 3600, true, 1));
    for (int i = 1000; i < 1000 + 10 * 131072; i++)
        counter_add(counter_get(key(i), 0, 3600, true, 1));
    for (int i = 0; i < 100; i++)
        assert_int_equal(counter_value(counter_get(key(i), 0, 3600, true, 1)), 50);
    assert_true(counter_stats.evicted > 1000000);
    assert_int_equal(counter_stats.lost, counter_stats.evicted);
    int queued = 0;
    while (counter_dequeue() != COUNTER_NONE)
        queued++;
    assert_true(queued <= 131072);
}

static void what_is_over_goes_first(void **state)
{
    (void)state;
    for (int i = 0; i < 131072; i++)
        counter_add(counter_get(key(i), 0, 60, false, 1));
    counter_stats.evicted = 0;
    for (int i = 500000; i < 500000 + 1000; i++)
        counter_add(counter_get(key(i), 60, 60, false, 61));
    assert_int_equal(counter_stats.evicted, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(hashes_as_the_reference_does),    TEST(a_new_window_begins_at_zero),
        TEST(shared_counters_are_queued_once), TEST(a_flood_of_keys_throws_out_the_small),
        TEST(what_is_over_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
