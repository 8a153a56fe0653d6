/* Holidays out of calendar files: recurrence, and bytes that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/day.h"
#include "domain/ical.h"

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
#define TAIL "END:VCALENDAR\r\n"
#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"

static struct arena *memory;

static size_t read_days(const char *text, struct ical_day **days)
{
    struct ical_problem p = {0};
    size_t n = 0;
    if (ical_read(memory, str_from(text), day_from_date(2026, 1, 1), days, &n, &p))
        fail_msg("line %zu: %s", p.line, p.message);
    return n;
}

static void expect_days(const struct ical_day *days, size_t n, const char *const *want)
{
    char text[DAY_TEXT_SIZE];
    for (size_t i = 0; i < n; i++) {
        assert_non_null(want[i]);
        day_format(days[i].day, text);
        assert_string_equal(text, want[i]);
    }
    assert_null(want[n]);
}

static void years_come_round(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *days[16];
    } cases[] = {
        {HEAD EVENT("DTSTART;VALUE=DATE:20260501\r\n") TAIL, {"2026-05-01"}},
        {HEAD EVENT("DTSTART:20260501\n") TAIL, {"2026-05-01"}},
        {HEAD EVENT("DTSTART;VALUE=DATE:20251231\r\nDTEND;VALUE=DATE:20260102\r\n") TAIL,
         {"2026-01-01"}},
        {HEAD EVENT("DTSTART;VALUE=DATE:20200229\r\nRRULE:FREQ=YEARLY\r\n") TAIL,
         {"2028-02-29", "2032-02-29", "2036-02-29"}},
        {HEAD EVENT("DTSTART;VALUE=DATE:20250601\r\nRRULE:FREQ=YEARLY;COUNT=3\r\n") TAIL,
         {"2026-06-01", "2027-06-01"}},
        {HEAD EVENT("DTSTART;VALUE=DATE:20250601\r\nRRULE:FREQ=YEARLY;UNTIL=20270601\r\n") TAIL,
         {"2026-06-01", "2027-06-01"}},
        {HEAD EVENT("DTSTART;VALUE=DATE:20250601\r\n"
                    "RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=6;BYMONTHDAY=1;WKST=MO\r\n") TAIL,
         {"2029-06-01", "2033-06-01"}},
        {HEAD EVENT("DTSTART;VALUE=DATE:20260202\r\n") EVENT("DTSTART;VALUE=DATE:20260101\r\n")
             EVENT("DTSTART;VALUE=DATE:20260202\r\n") TAIL,
         {"2026-01-01", "2026-02-02"}},
        {HEAD "BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
              "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" EVENT(
                  "DTSTART;TZID=\"a:b\";VALUE=DATE:20260303\r\n"
                  "BEGIN:VALARM\r\nDTSTART:x\r\nEND:VALARM\r\n") TAIL,
         {"2026-03-03"}},
        {HEAD TAIL, {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ical_day *days;
        size_t n = read_days(cases[i].text, &days);
        expect_days(days, n, cases[i].days);
    }
}

static void names_are_unfolded_and_unescaped(void **state)
{
    (void)state;
    struct ical_day *days;
    char text[1200];
    assert_int_equal(
        read_days(HEAD EVENT("DTSTART:20260501\r\nSUMMARY;LANGUAGE=de:Tag\\; der\r\n  Arb\r\n"
                             "\teit\\n\\\\ \xc3\xbc\r\n") TAIL,
                  &days),
        1);
    assert_true(str_eq(days[0].name, STR("Tag; der Arbeit \\ \xc3\xbc")));
    int n = snprintf(text, sizeof text, HEAD "BEGIN:VEVENT\r\nDTSTART:20260501\r\nSUMMARY:");
    for (int i = 0; i < 150; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "\xe2\x82\xac");
    (void)snprintf(text + n, sizeof text - (size_t)n, "\r\nEND:VEVENT\r\n" TAIL);
    assert_int_equal(read_days(text, &days), 1);
    assert_true(days[0].name.len <= 200 && str_is_utf8(days[0].name));
}

/* Every cut and every changed byte of a file: an answer, never a crash. */
static void broken_files_are_survived(void **state)
{
    (void)state;
    static const char FILE_TEXT[] =
        HEAD EVENT("DTSTART;VALUE=DATE:20260501\r\nDTEND;VALUE=DATE:20260503\r\n"
                   "RRULE:FREQ=YEARLY;COUNT=4\r\nSUMMARY:One\\, two\r\n three\r\n") TAIL;
    static const char OTHERS[] = "\n\r:;=\\ \0Z9\xff";
    size_t len = sizeof FILE_TEXT - 1, n;
    struct ical_day *days;
    struct ical_problem p;
    for (size_t cut = 0; cut <= len; cut++) {
        char *exact = malloc(cut + 1);
        memcpy(exact, FILE_TEXT, cut);
        enum err rc = ical_read(memory, str_n(exact, cut), 0, &days, &n, &p);
        assert_int_equal(rc, cut < len - 2 ? ERR_VALIDATION_ERROR : ERR_OK);
        free(exact);
    }
    for (size_t at = 0; at < len; at++) {
        char copy[sizeof FILE_TEXT];
        for (size_t k = 0; k < sizeof OTHERS - 1; k++) {
            memcpy(copy, FILE_TEXT, sizeof copy);
            copy[at] = OTHERS[k];
            if (ical_read(memory, str_n(copy, len), 0, &days, &n, &p) != ERR_OK)
                assert_true(p.line >= 1 && p.line <= 12);
        }
        arena_reset(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(years_come_round),
        cmocka_unit_test(names_are_unfolded_and_unescaped),
        cmocka_unit_test(broken_files_are_survived),
    };
    memory = arena_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(memory);
    return failed;
}
