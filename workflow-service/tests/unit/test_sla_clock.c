/* The life of a clock, with and without business hours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "domain/sla_clock.h"
#include "store/zone_store.h"

#define MINUTE (60 * US_PER_S)
#define HOUR (60 * MINUTE)

static int64_t at(const char *text)
{
    int64_t us;
    assert_true(time_parse(str_from(text), &us));
    return us;
}

static const int64_t EIGHTY[] = {80};
static const int64_t MANY[] = {50, 75, 100};

static struct sla_clock high(const struct calendar *cal, int64_t start)
{
    struct sla_clock c = {
        .target_us = 8 * HOUR, .breach_us = 24 * HOUR, .warn_percents = EIGHTY, .warn_count = 1};
    sla_clock_start(&c, cal, start);
    return c;
}

static struct calendar office(struct arena *a, const char *name)
{
    static const struct calendar_slot SLOTS[] = {
        {0, 540, 1020}, {1, 540, 1020}, {2, 540, 1020}, {3, 540, 1020}, {4, 540, 1020},
    };
    static const struct calendar_plan PLAN = {SLOTS, 5, NULL, 0};
    const struct zone *z;
    struct calendar c;
    assert_int_equal(zone_store_find(str_from(name), &z), ERR_OK);
    assert_null(calendar_build(a, z, &PLAN, at("2026-01-01T00:00:00Z"), &c));
    return c;
}

/* Created 10:30, target 18:30, breach the next day 10:30; at 14:15 there are 4h 15m left. */
static void the_sample_of_the_integration_document_holds(void **state)
{
    (void)state;
    int64_t now = at("2026-01-12T14:15:00Z");
    struct sla_clock c = high(NULL, at("2026-01-12T10:30:00Z"));
    char text[SLA_TEXT_SIZE];
    assert_int_equal(c.due_at, at("2026-01-12T18:30:00Z"));
    assert_int_equal(c.breach_at, at("2026-01-13T10:30:00Z"));
    assert_int_equal(c.warn_at, at("2026-01-12T16:54:00Z"));
    assert_int_equal(c.next_wake, c.warn_at);
    struct str left = sla_time_remaining(c.due_at, now, text);
    assert_true(str_eq(left, STR("4h 15m")));
    assert_false(sla_is_breached(c.breach_at, SLA_NONE, now));
}

static void a_pause_stops_the_time_and_nothing_else(void **state)
{
    (void)state;
    int64_t start = at("2026-01-12T10:00:00Z");
    struct sla_clock c = high(NULL, start), before = c;
    sla_clock_pause(&c, NULL, start);
    sla_clock_resume(&c, NULL, start);
    assert_memory_equal(&c, &before, sizeof c);

    sla_clock_pause(&c, NULL, start + 2 * HOUR);
    assert_int_equal(c.state, SLA_STATE_PAUSED);
    assert_int_equal(c.consumed_us, 2 * HOUR);
    assert_int_equal(c.due_at, SLA_NONE);
    assert_int_equal(c.next_wake, SLA_NONE);
    assert_int_equal(sla_clock_fire(&c, NULL, start + 99 * HOUR), SLA_FIRES_NOTHING);
    before = c;
    sla_clock_pause(&c, NULL, start + 3 * HOUR);
    assert_memory_equal(&c, &before, sizeof c);
    sla_clock_resume(&c, NULL, start + 50 * HOUR);
    assert_int_equal(c.due_at, start + 56 * HOUR);
    assert_int_equal(c.breach_at, start + 72 * HOUR);
    sla_clock_pause(&c, NULL, start + 51 * HOUR);
    assert_int_equal(c.consumed_us, 3 * HOUR);
}

static void business_hours_decide_what_is_consumed(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct calendar cal = office(a, "Europe/Berlin");
    /* Friday 15:00 local: two hours today, six on Monday. */
    struct sla_clock c = high(&cal, at("2026-03-27T14:00:00Z"));
    assert_int_equal(c.due_at, at("2026-03-30T13:00:00Z")); /* summer time since Sunday */
    assert_int_equal(sla_clock_consumed(&c, &cal, at("2026-03-29T12:00:00Z")), 2 * HOUR);
    sla_clock_pause(&c, &cal, at("2026-03-28T12:00:00Z"));
    sla_clock_resume(&c, &cal, at("2026-04-04T12:00:00Z"));
    assert_int_equal(c.due_at, at("2026-04-06T13:00:00Z"));
    /* A ticket of the night begins when the office opens. */
    c = high(&cal, at("2026-03-31T00:10:00Z"));
    assert_int_equal(c.due_at, at("2026-03-31T15:00:00Z"));
    arena_free(a);
}

static void another_priority_keeps_what_is_consumed(void **state)
{
    (void)state;
    int64_t start = at("2026-01-12T10:00:00Z");
    struct sla_clock c = high(NULL, start);
    sla_clock_pause(&c, NULL, start + 2 * HOUR);
    sla_clock_resume(&c, NULL, start + 10 * HOUR);
    sla_clock_retarget(&c, NULL, start + 11 * HOUR, 4 * HOUR, 12 * HOUR);
    assert_int_equal(c.due_at, start + 12 * HOUR);
    assert_int_equal(c.breach_at, start + 20 * HOUR);
    /* What is used up already was due at the last anchor, not before. */
    sla_clock_retarget(&c, NULL, start + 11 * HOUR, 1 * HOUR, 12 * HOUR);
    assert_int_equal(c.due_at, start + 10 * HOUR);
    sla_clock_pause(&c, NULL, start + 12 * HOUR);
    assert_int_equal(c.due_at, start + 10 * HOUR);
    assert_int_equal(c.breach_at, SLA_NONE);
    sla_clock_resume(&c, NULL, start + 20 * HOUR);
    assert_int_equal(c.due_at, start + 10 * HOUR);
    assert_int_equal(c.breach_at, start + 28 * HOUR);
    /* A paused one takes its new target along. */
    sla_clock_pause(&c, NULL, start + 20 * HOUR);
    sla_clock_retarget(&c, NULL, start + 30 * HOUR, 100 * HOUR, 200 * HOUR);
    sla_clock_resume(&c, NULL, start + 40 * HOUR);
    assert_int_equal(c.due_at, start + 136 * HOUR);
}

static void a_longer_target_warns_again(void **state)
{
    (void)state;
    int64_t start = at("2026-01-12T10:00:00Z");
    struct sla_clock c = high(NULL, start);
    assert_int_equal(sla_clock_fire(&c, NULL, start + 7 * HOUR), SLA_FIRES_WARNING);
    assert_int_equal(c.next_wake, c.breach_at);
    sla_clock_retarget(&c, NULL, start + 7 * HOUR, 24 * HOUR, 72 * HOUR);
    assert_int_equal(c.next_wake, start + 24 * HOUR / 100 * 80);
    sla_clock_retarget(&c, NULL, start + 7 * HOUR, 2 * HOUR, 72 * HOUR);
    assert_int_equal(sla_clock_fire(&c, NULL, start + 7 * HOUR), SLA_FIRES_WARNING);
    assert_int_equal(sla_clock_fire(&c, NULL, start + 7 * HOUR), SLA_FIRES_NOTHING);
}

static void everything_fires_once(void **state)
{
    (void)state;
    int64_t start = at("2026-01-12T10:00:00Z");
    struct sla_clock c = {
        .target_us = 10 * HOUR, .breach_us = 20 * HOUR, .warn_percents = MANY, .warn_count = 3};
    static const struct {
        int64_t hour;
        enum sla_firing what;
    } cases[] = {
        {4, SLA_FIRES_NOTHING},  {5, SLA_FIRES_WARNING},  {5, SLA_FIRES_NOTHING},
        {11, SLA_FIRES_WARNING}, {12, SLA_FIRES_NOTHING}, {20, SLA_FIRES_BREACH},
        {20, SLA_FIRES_NOTHING}, {99, SLA_FIRES_NOTHING},
    };
    sla_clock_start(&c, NULL, start);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sla_clock_fire(&c, NULL, start + cases[i].hour * HOUR), cases[i].what);
    assert_int_equal(c.warned_percent, 100);
    sla_clock_start(&c, NULL, start);
    assert_int_equal(sla_clock_fire(&c, NULL, start + 21 * HOUR), SLA_FIRES_BREACH);
    assert_int_equal(c.warned_percent, 0);
}

static void a_breach_is_never_taken_back(void **state)
{
    (void)state;
    int64_t start = at("2026-01-12T10:00:00Z");
    struct sla_clock c = high(NULL, start);
    assert_int_equal(sla_clock_fire(&c, NULL, start + 25 * HOUR), SLA_FIRES_BREACH);
    sla_clock_pause(&c, NULL, start + 26 * HOUR);
    assert_int_equal(c.breach_at, start + 24 * HOUR);
    sla_clock_resume(&c, NULL, start + 30 * HOUR);
    sla_clock_retarget(&c, NULL, start + 30 * HOUR, 100 * HOUR, 200 * HOUR);
    assert_int_equal(c.next_wake, SLA_NONE);
    sla_clock_stop(&c, NULL, start + 31 * HOUR, false);
    assert_int_equal(c.state, SLA_STATE_BREACHED);
    assert_int_equal(c.breached_at, start + 25 * HOUR);

    /* One that the timer had not noticed yet counts from its own moment. */
    c = high(NULL, start);
    sla_clock_stop(&c, NULL, start + 24 * HOUR, false);
    assert_int_equal(c.state, SLA_STATE_MET);
    c = high(NULL, start);
    sla_clock_stop(&c, NULL, start + 24 * HOUR + 1, true);
    assert_int_equal(c.state, SLA_STATE_BREACHED);
    assert_int_equal(c.breached_at, start + 24 * HOUR);
    c = high(NULL, start);
    sla_clock_stop(&c, NULL, start + HOUR, true);
    assert_int_equal(c.state, SLA_STATE_CANCELLED);
}

static void opened_again_it_goes_on_with_what_was_used(void **state)
{
    (void)state;
    int64_t start = at("2026-01-12T10:00:00Z");
    struct sla_clock c = high(NULL, start);
    sla_clock_stop(&c, NULL, start + 3 * HOUR, false);
    assert_int_equal(c.consumed_us, 3 * HOUR);
    sla_clock_stop(&c, NULL, start + 9 * HOUR, false);
    assert_int_equal(c.stopped_at, start + 3 * HOUR);
    sla_clock_reopen(&c, NULL, start + 100 * HOUR);
    assert_int_equal(c.state, SLA_STATE_RUNNING);
    assert_int_equal(c.stopped_at, SLA_NONE);
    assert_int_equal(c.due_at, start + 105 * HOUR);
    assert_int_equal(c.breach_at, start + 121 * HOUR);
}

static void other_hours_move_the_deadline_from_the_anchor_on(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct calendar cal = office(a, "UTC");
    int64_t start = at("2026-01-12T10:00:00Z");
    struct sla_clock c = high(NULL, start);
    sla_clock_schedule(&c, &cal);
    assert_int_equal(c.due_at, at("2026-01-13T10:00:00Z"));
    assert_int_equal(c.breach_at, at("2026-01-15T10:00:00Z"));
    sla_clock_schedule(&c, NULL);
    assert_int_equal(c.due_at, start + 8 * HOUR);
    arena_free(a);
}

static void spans_beyond_a_century_have_no_deadline(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct calendar cal = office(a, "UTC");
    struct sla_clock c = {.target_us = 90 * 365 * US_PER_DAY,
                          .breach_us = 95 * 365 * US_PER_DAY,
                          .warn_percents = EIGHTY,
                          .warn_count = 1};
    sla_clock_start(&c, &cal, at("2026-01-12T10:00:00Z"));
    assert_int_equal(c.due_at, SLA_NONE);
    assert_int_equal(c.next_wake, SLA_NONE);
    assert_int_equal(sla_clock_fire(&c, &cal, at("2090-01-12T10:00:00Z")), SLA_FIRES_NOTHING);
    arena_free(a);
}

static void the_parts_sum_up_to_the_whole(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct calendar cal = office(a, "America/New_York");
    int64_t t = at("2026-10-26T13:07:00Z"), ran = 0, from = t;
    struct sla_clock c = high(&cal, t);
    for (int i = 1; i < 200; i++) {
        t += i * 37 * MINUTE;
        if (c.state == SLA_STATE_RUNNING) {
            ran += calendar_between(&cal, from, t);
            sla_clock_pause(&c, &cal, t);
        } else {
            from = t;
            sla_clock_resume(&c, &cal, t);
        }
        if (c.state == SLA_STATE_PAUSED)
            assert_int_equal(c.consumed_us, ran);
        if (c.state == SLA_STATE_RUNNING && c.consumed_us < c.breach_us)
            assert_int_equal(sla_clock_consumed(&c, &cal, c.breach_at), c.breach_us);
    }
    arena_free(a);
}

static void words_go_there_and_back(void **state)
{
    (void)state;
    for (int s = 0; s < SLA_STATE_COUNT; s++)
        assert_int_equal(sla_state_parse(sla_state_word((enum sla_state)s)), s);
    assert_int_equal(sla_state_parse(STR("walking")), SLA_STATE_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_of_the_integration_document_holds),
        cmocka_unit_test(a_pause_stops_the_time_and_nothing_else),
        cmocka_unit_test(business_hours_decide_what_is_consumed),
        cmocka_unit_test(another_priority_keeps_what_is_consumed),
        cmocka_unit_test(a_longer_target_warns_again),
        cmocka_unit_test(everything_fires_once),
        cmocka_unit_test(a_breach_is_never_taken_back),
        cmocka_unit_test(opened_again_it_goes_on_with_what_was_used),
        cmocka_unit_test(other_hours_move_the_deadline_from_the_anchor_on),
        cmocka_unit_test(spans_beyond_a_century_have_no_deadline),
        cmocka_unit_test(the_parts_sum_up_to_the_whole),
        cmocka_unit_test(words_go_there_and_back),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_store_release();
    return failed;
}
