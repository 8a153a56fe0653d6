/* Percentiles out of buckets, ages, words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "domain/insight.h"

/* As the database does it. */
static int bucket_of(int64_t seconds)
{
    int b = 0;

    for (double end = 1.189207115002721; (double)seconds >= end && b < INSIGHT_BUCKETS - 1; b++)
        end *= 1.189207115002721;
    return b;
}

static void percentiles_are_as_exact_as_a_bucket(void **state)
{
    static const int64_t SCALES[] = {1, 60, 3600, 86400, 1000000};

    (void)state;
    for (size_t k = 0; k < sizeof SCALES / sizeof *SCALES; k++) {
        int64_t buckets[INSIGHT_BUCKETS] = {0};

        for (int64_t i = 1; i <= 1000; i++)
            buckets[bucket_of(i * SCALES[k])]++;
        for (int q = 5; q <= 95; q += 5) {
            double exact = (double)(q * 10 * SCALES[k]);
            double found = insight_percentile(buckets, q / 100.0);

            assert_true(found > exact / 1.2 && found < exact * 1.2);
        }
    }
}

static void percentiles_of_little(void **state)
{
    int64_t buckets[INSIGHT_BUCKETS] = {0};

    (void)state;
    assert_true(isnan(insight_percentile(buckets, 0.5)));
    buckets[0] = -1; /* taken back before it was added */
    assert_true(isnan(insight_percentile(buckets, 0.5)));
    buckets[0] = 1;
    assert_true(insight_percentile(buckets, 0.5) < 1.2);
    buckets[0] = 0;
    buckets[INSIGHT_BUCKETS - 1] = 5;
    assert_true(insight_percentile(buckets, 0.99) > 8e8);
    assert_true(isnan(insight_ratio(0, 0)));
    assert_true(insight_ratio(1, 4) == 0.25);
}

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
        cmocka_unit_test(percentiles_are_as_exact_as_a_bucket),
        cmocka_unit_test(percentiles_of_little),
        cmocka_unit_test(ages_and_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
