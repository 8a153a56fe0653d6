#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "domain/sla.h"

static int64_t at(const char *text)
{
    int64_t us;
    assert_true(time_parse(str_from(text), &us));
    return us;
}

static void assert_text(struct str got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.p, want, got.len);
}

static void more_urgent_means_sooner(void **state)
{
    (void)state;
    for (size_t i = 1; i < SLA_DEFAULT_COUNT; i++) {
        assert_true(SLA_DEFAULTS[i].target_minutes < SLA_DEFAULTS[i - 1].target_minutes);
        assert_true(SLA_DEFAULTS[i].breach_minutes < SLA_DEFAULTS[i - 1].breach_minutes);
        assert_true(SLA_DEFAULTS[i].breach_minutes >= SLA_DEFAULTS[i].target_minutes);
    }
    assert_ptr_equal(sla_default(STR("high")), sla_default(STR("High")));
    assert_ptr_equal(sla_default(STR("whatever")), sla_default(STR("Medium")));
}

static void remaining_time_is_told_in_whole_minutes(void **state)
{
    (void)state;
    static const struct {
        int64_t left_us;
        const char *text;
    } cases[] = {
        {0, "0h 0m"},
        {-US_PER_S, "0h 0m"},
        {59 * US_PER_S, "0h 0m"},
        {60 * US_PER_S, "0h 1m"},
        {3600 * US_PER_S - 1, "0h 59m"},
        {3600 * US_PER_S, "1h 0m"},
        {(24 * 60 + 5) * 60 * US_PER_S, "24h 5m"},
        {5 * US_PER_DAY, "120h 0m"},
    };
    int64_t now = at("2026-01-12T10:00:00Z");
    char text[SLA_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_text(sla_time_remaining(now + cases[i].left_us, now, text), cases[i].text);
    assert_null(sla_time_remaining(SLA_NONE, now, text).p);
}

static void a_breach_is_judged_by_the_end_of_the_work(void **state)
{
    (void)state;
    int64_t breach = at("2026-01-12T10:00:00Z");
    assert_false(sla_is_breached(breach, SLA_NONE, breach));
    assert_true(sla_is_breached(breach, SLA_NONE, breach + 1));
    assert_false(sla_is_breached(breach, breach - 1, breach + US_PER_DAY));
    assert_true(sla_is_breached(breach, breach + 1, breach + US_PER_DAY));
    assert_false(sla_is_breached(SLA_NONE, SLA_NONE, breach));
}

static void steps_share_the_time_by_weight(void **state)
{
    (void)state;
    assert_int_equal(sla_share_us(480, 2, 4), 240 * 60 * US_PER_S);
    assert_int_equal(sla_share_us(480, 1, 4), 120 * 60 * US_PER_S);
    assert_int_equal(sla_share_us(480, 0.5, 0.5), 480 * 60 * US_PER_S);
    assert_int_equal(sla_share_us(480, 1, 0), 480 * 60 * US_PER_S);
    assert_int_equal(sla_span_us(INT64_MAX), sla_span_us(10 * 366 * 24 * 60));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_urgent_means_sooner),
        cmocka_unit_test(remaining_time_is_told_in_whole_minutes),
        cmocka_unit_test(a_breach_is_judged_by_the_end_of_the_work),
        cmocka_unit_test(steps_share_the_time_by_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
