/* Business hours beside an oracle that looks at every minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "domain/calendar.h"
#include "store/zone_store.h"

#define MINUTE (60 * US_PER_S)
#define HOUR (60 * MINUTE)
#define OK(expression) assert_int_equal(expression, ERR_OK)

static int64_t at(const char *text)
{
    int64_t us;
    assert_true(time_parse(str_from(text), &us));
    return us;
}

static const struct zone *zone(const char *name)
{
    const struct zone *z;
    OK(zone_store_find(str_from(name), &z));
    return z;
}

/* ---- random calendars --------------------------------------------------------------------- */

static uint64_t seed;

/* xorshift64*: the same calendars in every run. */
static int below(int n)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (int)((seed * UINT64_C(2685821657736338717)) >> 33) % n;
}

static size_t random_day(struct calendar_slot *out, int weekday)
{
    size_t n = 0;
    int minute = below(4) ? below(600) : 0;
    for (int wanted = below(4); wanted > 0 && minute < DAY_MINUTES; wanted--) {
        int end = minute + 1 + below(500);
        if (end > DAY_MINUTES || !below(8))
            end = DAY_MINUTES;
        out[n++] = (struct calendar_slot){weekday, minute, end};
        minute = end + below(2) * below(120);
    }
    return n;
}

static struct calendar_plan random_plan(struct arena *a, int64_t first_day, int days)
{
    struct calendar_slot *slots = ARENA_ARRAY(a, struct calendar_slot, 64);
    struct calendar_exception *exceptions = ARENA_ARRAY(a, struct calendar_exception, 16);
    struct calendar_plan p = {.slots = slots, .exceptions = exceptions};
    for (int d = 0; d < 7; d++)
        p.slot_count += random_day(slots + p.slot_count, d);
    if (!p.slot_count)
        slots[p.slot_count++] = (struct calendar_slot){below(7), 60, 120};
    for (int i = 0, day = below(4); i < 8 && day < days; i++, day += 1 + below(5)) {
        struct calendar_slot *own = ARENA_ARRAY(a, struct calendar_slot, 8);
        size_t n = below(2) ? random_day(own, 0) : 0;
        exceptions[p.exception_count++] =
            (struct calendar_exception){first_day + day, STR(""), own, n};
    }
    return p;
}

/* ---- the oracle --------------------------------------------------------------------------- */

static bool is_open(const struct calendar_plan *p, const struct zone *z, int64_t t)
{
    int64_t local = t / US_PER_S + zone_at(z, t / US_PER_S).offset_s;
    int64_t day = day_floor_div(local, 86400);
    int minute = (int)((local - day * 86400) / 60);
    const struct calendar_slot *slots = p->slots;
    size_t n = p->slot_count;
    int weekday = day_weekday(day);
    for (size_t i = 0; i < p->exception_count; i++)
        if (p->exceptions[i].day == day) {
            slots = p->exceptions[i].slots;
            n = p->exceptions[i].slot_count;
            weekday = 0;
        }
    for (size_t i = 0; i < n; i++)
        if (slots[i].weekday == weekday && minute >= slots[i].start_min &&
            minute < slots[i].end_min)
            return true;
    return false;
}

/* Three weeks around a moment, minute by minute: open minutes before each. */
#define DAYS 21
static int until[DAYS * DAY_MINUTES + 1];

static void ask_the_oracle(const struct calendar_plan *p, const struct zone *z, int64_t start)
{
    for (int i = 0; i < DAYS * DAY_MINUTES; i++)
        until[i + 1] = until[i] + is_open(p, z, start + i * MINUTE);
}

static int64_t oracle_add(int64_t start, int from, int minutes)
{
    int i = from;
    while (i < DAYS * DAY_MINUTES && until[i] - until[from] < minutes)
        i++;
    return until[i] - until[from] < minutes ? CALENDAR_NEVER : start + i * MINUTE;
}

static void compare(const struct calendar *c, int64_t start)
{
    for (int k = 0; k < 400; k++) {
        int x = below(DAYS * DAY_MINUTES), y = below(DAYS * DAY_MINUTES), add = 1 + below(3000);
        int64_t a = start + x * MINUTE, b = start + y * MINUTE;
        int64_t want = x < y ? until[y] - until[x] : 0;
        assert_int_equal(calendar_between(c, a, b), want * MINUTE);
        int64_t due = oracle_add(start, x, add), got = calendar_add(c, a, add * MINUTE);
        if (due != CALENDAR_NEVER)
            assert_int_equal(got, due);
        /* Odd moments and lengths too: what was added is what lies between. */
        int64_t odd = a + below(60000000), us = 1 + (int64_t)below(2000000) * below(40000);
        assert_int_equal(calendar_between(c, odd, calendar_add(c, odd, us)), us);
        assert_int_equal(calendar_between(c, odd, calendar_add(c, odd, us) - 1), us - 1);
        assert_true(calendar_add(c, odd, us) <= calendar_add(c, odd + 1, us));
        assert_true(calendar_add(c, odd, us) < calendar_add(c, odd, us + 1));
        int64_t middle = odd + below(1000000000);
        assert_int_equal(calendar_between(c, odd, middle) +
                             calendar_between(c, middle, middle + us),
                         calendar_between(c, odd, middle + us));
    }
}

static const struct {
    const char *zone, *start;
} PLACES[] = {
    {"UTC", "2026-01-01T00:00:00Z"},
    {"Europe/Berlin", "2026-03-19T00:00:00Z"},
    {"Europe/Berlin", "2026-10-15T00:00:00Z"},
    {"Europe/Berlin", "2071-03-19T00:00:00Z"},
    {"America/New_York", "2026-02-28T00:00:00Z"},
    {"America/New_York", "2026-10-22T00:00:00Z"},
    {"Australia/Sydney", "2026-03-26T00:00:00Z"},
    {"Australia/Sydney", "2026-09-24T00:00:00Z"},
    {"Australia/Lord_Howe", "2026-03-26T00:00:00Z"},
    {"Australia/Lord_Howe", "2026-09-24T00:00:00Z"},
    {"Asia/Kathmandu", "2026-06-01T00:00:00Z"},
    {"Pacific/Apia", "2011-12-20T00:00:00Z"},      /* December 30 does not exist */
    {"America/Sao_Paulo", "2018-10-25T00:00:00Z"}, /* the clocks change at midnight */
    {"Asia/Kolkata", "2028-02-20T00:00:00Z"},      /* leap day */
    {"Pacific/Kiritimati", "1994-12-22T00:00:00Z"},
};

static void every_minute_agrees_with_the_oracle(void **state)
{
    (void)state;
    seed = 20260112;
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++)
        for (int round = 0; round < 12; round++) {
            struct arena *a = arena_new();
            const struct zone *z = zone(PLACES[i].zone);
            int64_t start = at(PLACES[i].start);
            struct calendar_plan plan = random_plan(a, start / US_PER_DAY, DAYS);
            struct calendar c;
            struct calendar_problem *p = calendar_build(a, z, &plan, start, &c);
            if (p)
                fail_msg("%.*s: %s", STR_ARG(p->field), p->message);
            ask_the_oracle(&plan, z, start);
            compare(&c, start);
            arena_free(a);
        }
}

/* ---- by hand ------------------------------------------------------------------------------ */

static const struct calendar_slot OFFICE[] = {
    {0, 540, 1020}, {1, 540, 1020}, {2, 540, 1020}, {3, 540, 1020}, {4, 540, 1020},
};
static const struct calendar_slot ALWAYS[] = {
    {0, 0, 1440}, {1, 0, 1440}, {2, 0, 1440}, {3, 0, 1440},
    {4, 0, 1440}, {5, 0, 1440}, {6, 0, 1440},
};

static struct calendar build(struct arena *a, const char *name, const struct calendar_plan *plan)
{
    struct calendar c;
    assert_null(calendar_build(a, zone(name), plan, at("2026-01-01T00:00:00Z"), &c));
    return c;
}

static void days_of_23_and_25_hours_have_them(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct calendar_plan plan = {ALWAYS, 7, NULL, 0};
    struct calendar c = build(a, "Europe/Berlin", &plan);
    assert_int_equal(calendar_between(&c, at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")),
                     23 * HOUR);
    assert_int_equal(calendar_between(&c, at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")),
                     25 * HOUR);
    static const struct calendar_slot NIGHT[] = {{6, 120, 180}};
    struct calendar_plan night = {NIGHT, 1, NULL, 0};
    c = build(a, "Europe/Berlin", &night);
    assert_int_equal(calendar_between(&c, at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")),
                     0);
    assert_int_equal(calendar_between(&c, at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")),
                     2 * HOUR);
    arena_free(a);
}

static void deadlines_skip_nights_weekends_and_holidays(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    static const struct calendar_slot HALF[] = {{0, 540, 720}};
    struct calendar_exception days[] = {
        {day_from_date(2026, 1, 14), {"Half", 4}, HALF, 1},
        {day_from_date(2026, 1, 15), {"Closed", 6}, NULL, 0},
    };
    struct calendar_plan plan = {OFFICE, 5, days, 2};
    struct calendar c = build(a, "UTC", &plan);
    assert_int_equal(calendar_add(&c, at("2026-01-12T10:30:00Z"), 8 * HOUR),
                     at("2026-01-13T10:30:00Z"));
    /* Tuesday 16:00: one hour, three on the half day, none on Thursday, two on Friday. */
    assert_int_equal(calendar_add(&c, at("2026-01-13T16:00:00Z"), 6 * HOUR),
                     at("2026-01-16T11:00:00Z"));
    /* Outside of hours it begins at the next opening; what ends with the day ends at its close. */
    assert_int_equal(calendar_add(&c, at("2026-01-17T03:00:00Z"), 8 * HOUR),
                     at("2026-01-19T17:00:00Z"));
    assert_int_equal(calendar_add(&c, at("2026-01-17T03:00:00Z"), 1),
                     at("2026-01-19T09:00:00Z") + 1);
    assert_int_equal(calendar_add(&c, at("2026-01-17T03:00:00Z"), 0), at("2026-01-17T03:00:00Z"));
    assert_int_equal(calendar_between(&c, at("2026-01-16T12:00:00Z"), at("2026-01-12T12:00:00Z")),
                     0);
    arena_free(a);
}

static void without_a_calendar_every_moment_counts(void **state)
{
    (void)state;
    int64_t created = at("2026-01-12T10:30:00Z");
    assert_int_equal(calendar_add(NULL, created, 8 * HOUR), at("2026-01-12T18:30:00Z"));
    assert_int_equal(calendar_add(NULL, created, 24 * HOUR), at("2026-01-13T10:30:00Z"));
    assert_int_equal(calendar_between(NULL, created, at("2026-01-12T14:15:00Z")), 225 * MINUTE);
    assert_int_equal(calendar_add(NULL, created, INT64_MAX), CALENDAR_NEVER);
}

static void far_deadlines_cost_no_more(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct calendar_plan plan = {OFFICE, 5, NULL, 0};
    struct calendar c = build(a, "America/New_York", &plan);
    int64_t t = at("2026-01-12T15:00:00Z"), us = INT64_C(50) * 2000 * HOUR;
    int64_t began = clock_mono_us();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(calendar_between(&c, t, calendar_add(&c, t, us)), us);
    assert_true(clock_mono_us() - began < 10 * US_PER_S);
    assert_int_equal(calendar_add(&c, t, INT64_C(30000) * 8 * HOUR), CALENDAR_NEVER);
    arena_free(a);
}

static void plans_that_cannot_be_kept_are_refused(void **state)
{
    (void)state;
    static const struct calendar_slot OVERLAP[] = {{0, 60, 120}, {0, 119, 180}};
    static const struct calendar_slot BACKWARDS[] = {{0, 120, 60}};
    static const struct calendar_slot LATE[] = {{0, 0, 1441}};
    static const struct calendar_slot NO_DAY[] = {{7, 0, 60}};
    static const struct calendar_slot TOUCHING[] = {{0, 60, 120}, {0, 120, 180}};
    static const struct calendar_exception TWICE[] = {{20500, {"", 0}, NULL, 0},
                                                      {20500, {"", 0}, NULL, 0}};
    static const struct calendar_exception BAD[] = {{20500, {"", 0}, BACKWARDS, 1}};
    static const struct {
        struct calendar_plan plan;
        const char *field;
    } cases[] = {
        {{NULL, 0, NULL, 0}, "slots"},
        {{OVERLAP, 2, NULL, 0}, "slots"},
        {{BACKWARDS, 1, NULL, 0}, "slots[0]"},
        {{LATE, 1, NULL, 0}, "slots[0]"},
        {{NO_DAY, 1, NULL, 0}, "slots[0]"},
        {{OFFICE, 5, TWICE, 2}, "exceptions"},
        {{OFFICE, 5, BAD, 1}, "exceptions[0].slots[0]"},
        {{OFFICE, CALENDAR_MAX_SLOTS + 1, NULL, 0}, "slots"},
        {{OFFICE, 5, TWICE, CALENDAR_MAX_EXCEPTIONS + 1}, "exceptions"},
    };
    struct arena *a = arena_new();
    struct calendar c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct calendar_problem *p = calendar_build(a, zone("UTC"), &cases[i].plan, 0, &c);
        assert_non_null(p);
        if (!str_eq(p->field, str_from(cases[i].field)))
            fail_msg("case %zu: %.*s", i, STR_ARG(p->field));
        assert_null(p->next);
    }
    struct calendar_plan touching = {TOUCHING, 2, NULL, 0};
    assert_null(calendar_build(a, zone("UTC"), &touching, 0, &c));
    arena_free(a);
}

static void a_year_without_an_open_minute_is_refused(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct calendar_exception *closed = ARENA_ARRAY(a, struct calendar_exception, 54);
    int64_t monday = day_from_date(2026, 1, 5);
    for (int i = 0; i < 54; i++)
        closed[i].day = monday + 7 * i;
    struct calendar_plan plan = {OFFICE, 1, closed, 54};
    struct calendar c;
    struct calendar_problem *p =
        calendar_build(a, zone("UTC"), &plan, at("2026-01-03T00:00:00Z"), &c);
    assert_non_null(p);
    assert_true(str_eq(p->field, STR("exceptions")));
    plan.exception_count = 50;
    assert_null(calendar_build(a, zone("UTC"), &plan, at("2026-01-03T00:00:00Z"), &c));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_minute_agrees_with_the_oracle),
        cmocka_unit_test(days_of_23_and_25_hours_have_them),
        cmocka_unit_test(deadlines_skip_nights_weekends_and_holidays),
        cmocka_unit_test(without_a_calendar_every_moment_counts),
        cmocka_unit_test(far_deadlines_cost_no_more),
        cmocka_unit_test(plans_that_cannot_be_kept_are_refused),
        cmocka_unit_test(a_year_without_an_open_minute_is_refused),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_store_release();
    return failed;
}
