/* Zones of this system beside what the C library makes of the same files, and broken files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "domain/day.h"
#include "domain/zone.h"
#include "store/zone_store.h"

#define OK(expression) assert_int_equal(expression, ERR_OK)

static int64_t at_s(const char *text)
{
    int64_t us;
    assert_true(time_parse(str_from(text), &us));
    return us / US_PER_S;
}

static const struct zone *zone(const char *name)
{
    const struct zone *z;
    OK(zone_store_find(str_from(name), &z));
    return z;
}

static const char *const ZONES[] = {
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
    "Africa/Casablanca",
    "Asia/Gaza",
    "America/Santiago",
    "Europe/Dublin",
    "America/Nuuk",
    "Pacific/Chatham",
    "Antarctica/Troll",
    "Etc/GMT+12",
    "Asia/Kolkata",
};

static void offsets_are_those_of_the_c_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ZONES / sizeof ZONES[0]; i++) {
        const struct zone *z = zone(ZONES[i]);
        assert_int_equal(setenv("TZ", ZONES[i], 1), 0);
        tzset();
        /* Every 5 h 47 min from 1900 to 2100: each change is seen from both sides. */
        for (int64_t t = at_s("1900-01-01T00:00:00Z"); t < at_s("2100-01-01T00:00:00Z");
             t += 20820) {
            time_t time = (time_t)t;
            struct tm local;
            struct zone_span span = zone_at(z, t);
            assert_non_null(localtime_r(&time, &local));
            if (span.offset_s != local.tm_gmtoff)
                fail_msg("%s at %lld: %d, not %ld", ZONES[i], (long long)t, span.offset_s,
                         local.tm_gmtoff);
            assert_true(span.until_s > t);
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void changes_are_known_to_the_second(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *at;
        int32_t before, after;
    } cases[] = {
        {"Europe/Berlin", "2026-03-29T01:00:00Z", 3600, 7200},
        {"Europe/Berlin", "2026-10-25T01:00:00Z", 7200, 3600},
        {"Europe/Berlin", "2090-03-26T01:00:00Z", 3600, 7200}, /* by the footer's rule */
        {"America/New_York", "2026-11-01T06:00:00Z", -14400, -18000},
        {"Australia/Sydney", "2026-04-04T16:00:00Z", 39600, 36000},
        {"Australia/Sydney", "2060-10-02T16:00:00Z", 36000, 39600},
        {"Australia/Lord_Howe", "2026-04-04T15:00:00Z", 39600, 37800},
        {"Pacific/Apia", "2011-12-30T10:00:00Z", -36000, 50400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct zone *z = zone(cases[i].zone);
        int64_t at = at_s(cases[i].at);
        assert_int_equal(zone_at(z, at - 1).offset_s, cases[i].before);
        assert_int_equal(zone_at(z, at - 1).until_s, at);
        assert_int_equal(zone_at(z, at).offset_s, cases[i].after);
    }
    assert_int_equal(zone_at(zone("UTC"), 0).until_s, INT64_MAX);
    assert_int_equal(zone_at(zone("Europe/Berlin"), INT64_MAX).until_s, INT64_MAX);
    (void)zone_at(zone("Europe/Berlin"), INT64_MIN);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char *const NAMES[] = {
        "",
        "/etc/passwd",
        "../../../etc/passwd",
        "Europe/..",
        "Europe/../UTC",
        "Europe//Berlin",
        "Europe/",
        "Europe",
        "Nowhere/Atlantis",
        "zone.tab",
        "tzdata.zi",
        "right/Europe/Berlin",
        "posix\nUTC",
        "-UTC",
        "europe berlin",
        "\xc3\xa9/UTC",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    const struct zone *z;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (zone_store_find(str_from(NAMES[i]), &z) == ERR_OK)
            fail_msg("%s was found", NAMES[i]);
    assert_int_equal(zone_store_find(str_n("UTC\0x", 5), &z), ERR_NOT_FOUND);
}

/* ---- files -------------------------------------------------------------------------------- */

static struct str built(char *out, int version, const char *changes, size_t change_len, int times,
                        const char *footer)
{
    static const char EMPTY[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" /* reserved */
                                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4";
    static const char TYPES[] = "\0\0\x0e\x10\0\0"
                                "\0\0\x1c\x20\1\0"
                                "CET";
    size_t n = 0;
    memcpy(out, "TZif", 4);
    out[4] = (char)version;
    memcpy(out + 5, EMPTY, 39);
    n = 44;
    memcpy(out + n, TYPES, 6);
    memcpy(out + n + 6, "CET", 4);
    n += 10;
    memcpy(out + n, "TZif", 4);
    out[n + 4] = (char)version;
    memcpy(out + n + 5, EMPTY, 39);
    out[n + 35] = (char)times;
    out[n + 39] = 2;
    n += 44;
    memcpy(out + n, changes, change_len);
    n += change_len;
    memcpy(out + n, TYPES, 16);
    n += 16;
    memcpy(out + n, footer, strlen(footer));
    return str_n(out, n + strlen(footer));
}

#define AT_1970_AND_1971                                                                           \
    "\0\0\0\0\0\0\0\0"                                                                             \
    "\0\0\0\0\x01\xe1\x33\x80"                                                                     \
    "\1\0"

static void every_cut_and_every_flipped_byte_is_survived(void **state)
{
    (void)state;
    char bytes[512], copy[512];
    struct str file = built(bytes, '2', AT_1970_AND_1971, 18, 2, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    struct arena *a = arena_new();
    struct zone z;
    OK(zone_parse(a, file, &z));
    assert_int_equal(z.count, 2);
    assert_int_equal(zone_at(&z, -1).offset_s, 3600);
    assert_int_equal(zone_at(&z, 0).offset_s, 7200);
    assert_int_equal(zone_at(&z, 31536000 + 1).offset_s, 3600);
    assert_true(z.has_rule);
    for (size_t n = 0; n < file.len; n++) {
        char *exact = malloc(n + 1); /* so that a read behind the end is seen */
        memcpy(exact, file.p, n);
        assert_int_equal(zone_parse(a, str_n(exact, n), &z), ERR_VALIDATION_ERROR);
        free(exact);
    }
    for (size_t n = 0; n < file.len; n++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, file.p, file.len);
            copy[n] = (char)(copy[n] ^ (1 << bit));
            if (zone_parse(a, str_n(copy, file.len), &z) == ERR_OK)
                (void)zone_at(&z, 86400LL * 365 * 80);
        }
    arena_free(a);
}

static void footers_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *footer;
        enum err rc;
    } cases[] = {
        {"\n\n", ERR_OK},
        {"\nCET-1\n", ERR_OK},
        {"\n<+1030>-10:30<+11>-11,M10.1.0,M4.1.0\n", ERR_OK},
        {"\nIST-2IDT,M3.4.4/26,M10.5.0\n", ERR_OK},
        {"\nXXX-2<-02>,J60/-1,365/167:59:59\n", ERR_OK},
        {"\nCET\n", ERR_VALIDATION_ERROR},
        {"CET-1\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST,M13.1.0,M4.1.0\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST,M3.6.0,M4.1.0\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST,M3.0.0,M4.1.0\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST,M3.1.7,M4.1.0\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST,J0,J366\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST,M3.5.0\n", ERR_VALIDATION_ERROR},
        {"\nCET-1CEST,M3.5.0,M10.5.0x\n", ERR_VALIDATION_ERROR},
        {"\nCET-168\n", ERR_VALIDATION_ERROR},
        {"\nCET-99999999999\n", ERR_VALIDATION_ERROR},
        {"\n<CET-1\n", ERR_VALIDATION_ERROR},
    };
    char bytes[512];
    struct arena *a = arena_new();
    struct zone z;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str file = built(bytes, '2', AT_1970_AND_1971, 18, 2, cases[i].footer);
        if (zone_parse(a, file, &z) != cases[i].rc)
            fail_msg("%s", cases[i].footer);
    }
    /* Days of the year with and without February 29; the change lies on the evening before. */
    struct str file = built(bytes, '2', AT_1970_AND_1971, 18, 2, "\nXXX0YYY,J60/-1,J300\n");
    OK(zone_parse(a, file, &z));
    assert_int_equal(zone_at(&z, at_s("2028-02-01T00:00:00Z")).until_s,
                     at_s("2028-02-29T23:00:00Z"));
    assert_int_equal(zone_at(&z, at_s("2027-02-01T00:00:00Z")).until_s,
                     at_s("2027-02-28T23:00:00Z"));
    file = built(bytes, '2', AT_1970_AND_1971, 18, 2, "\nXXX0YYY,59,300\n");
    OK(zone_parse(a, file, &z));
    assert_int_equal(zone_at(&z, at_s("2028-02-01T00:00:00Z")).until_s,
                     at_s("2028-02-29T02:00:00Z"));
    arena_free(a);
}

static void days_go_there_and_back(void **state)
{
    (void)state;
    char text[DAY_TEXT_SIZE];
    for (int64_t day = day_from_date(1899, 12, 31); day < day_from_date(2401, 1, 1); day++) {
        struct date d = day_to_date(day);
        int64_t parsed;
        assert_int_equal(day_from_date(d.year, d.month, d.day), day);
        day_format(day, text);
        assert_int_equal(day_parse(str_from(text), &parsed), d.year >= 1900);
        if (d.year >= 1900)
            assert_int_equal(parsed, day);
    }
    assert_int_equal(day_weekday(day_from_date(2026, 1, 12)), 0);
    assert_int_equal(day_weekday(day_from_date(1969, 12, 28)), 6);
    static const char *const BAD[] = {"2027-02-29", "2026-13-01", "2026-00-01", "2026-1-01",
                                      "2026-01-32", "2026/01/01", "",           "2026-01-0x"};
    int64_t day;
    int minute;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_false(day_parse(str_from(BAD[i]), &day));
    assert_true(day_parse_minute(STR("24:00"), &minute));
    assert_int_equal(minute, 1440);
    assert_false(day_parse_minute(STR("24:01"), &minute));
    assert_false(day_parse_minute(STR("09:60"), &minute));
    assert_false(day_parse_minute(STR("9:00"), &minute));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_the_c_library),
        cmocka_unit_test(changes_are_known_to_the_second),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(every_cut_and_every_flipped_byte_is_survived),
        cmocka_unit_test(footers_are_read_strictly),
        cmocka_unit_test(days_go_there_and_back),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_store_release();
    return failed;
}
