/* Buckets of durations, and percentiles out of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "histogram.h"

static void buckets_grow_by_the_fourth_root_of_two(void **state)
{
    static const struct {
        int64_t seconds;
        int bucket;
    } CASES[] = {{INT64_MIN, 0}, {-1, 0},         {0, 0},        {1, 0},
                 {2, 4},         {3, 6},          {4, 8},        {16, 16},
                 {1024, 40},     {1023, 39},      {1 << 20, 80}, {(1 << 20) - 1, 79},
                 {1 << 30, 119}, {INT64_MAX, 119}};

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_int_equal(histogram_bucket(CASES[i].seconds), CASES[i].bucket);
}

static void percentiles_are_as_exact_as_a_bucket(void **state)
{
    static const int64_t SCALES[] = {1, 60, 3600, 86400, 1000000};

    (void)state;
    for (size_t k = 0; k < sizeof SCALES / sizeof *SCALES; k++) {
        int64_t buckets[HISTOGRAM_BUCKETS] = {0};

        for (int64_t i = 1; i <= 1000; i++)
            buckets[histogram_bucket(i * SCALES[k])]++;
        for (int q = 5; q <= 95; q += 5) {
            double exact = (double)(q * 10 * SCALES[k]);
            double found = histogram_percentile(buckets, q / 100.0);

            assert_true(found > exact / 1.2 && found < exact * 1.2);
        }
    }
}

static void percentiles_of_little(void **state)
{
    int64_t buckets[HISTOGRAM_BUCKETS] = {0};

    (void)state;
    assert_true(isnan(histogram_percentile(buckets, 0.5)));
    buckets[0] = -1; /* taken back before it was added */
    assert_true(isnan(histogram_percentile(buckets, 0.5)));
    buckets[0] = 1;
    assert_true(histogram_percentile(buckets, 0.5) < 1.2);
    buckets[0] = 0;
    buckets[HISTOGRAM_BUCKETS - 1] = 5;
    assert_true(histogram_percentile(buckets, 0.99) > 8e8);
    assert_true(isnan(histogram_ratio(0, 0)));
    assert_true(histogram_ratio(1, 4) == 0.25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_grow_by_the_fourth_root_of_two),
        cmocka_unit_test(percentiles_are_as_exact_as_a_bucket),
        cmocka_unit_test(percentiles_of_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
