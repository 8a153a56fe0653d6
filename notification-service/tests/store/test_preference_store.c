/* What people want, quiet hours, templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/preference_store.h"
#include "store/recipient_store.h"
#include "store/template_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)

enum { EMIL = 51 };

static int64_t at(const char *text)
{
    int64_t us;
    assert_true(time_parse(str_from(text), &us));
    return us;
}

static void wishes_are_kept(struct db_session *s)
{
    struct preference p, got;
    OK(preference_store_get(s, EMIL, &p));
    assert_true(p.email_enabled == JSON_TRUE && p.version == 0 && p.updated_at == INT64_MIN);
    OK(preference_store_lock(s, EMIL, &p));
    assert_true(p.version == 0 && p.updated_at == INT64_MIN);
    p.email_enabled = JSON_FALSE;
    p.language = STR("de");
    p.time_zone = STR("Europe/Berlin");
    p.phone = STR("+49151123456");
    p.digest = STR("daily");
    p.digest_at = 450;
    p.quiet_from = 1320;
    p.quiet_to = 0;
    assert_true(matrix_set(&p.matrix, STR("comments.email"), false));
    assert_true(matrix_set(&p.matrix, STR("comments.sms"), true));
    OK(preference_store_put(s, EMIL, &p, 7));
    assert_true(p.version == 1);
    OK(preference_store_get(s, EMIL, &got));
    assert_memory_equal(&got.matrix, &p.matrix, sizeof p.matrix);
    assert_true(got.email_enabled == JSON_FALSE && got.sms_enabled == JSON_TRUE);
    assert_true(str_eq(got.language, p.language) && str_eq(got.time_zone, p.time_zone) &&
                str_eq(got.phone, p.phone) && str_eq(got.digest, p.digest));
    assert_true(got.digest_at == 450 && got.quiet_from == 1320 && got.quiet_to == 0);
    assert_true(got.version == 1 && got.updated_at == 7);
}

static void unsubscribing_takes_mail_off(struct db_session *s)
{
    struct preference p;
    OK(preference_store_unsubscribe(s, EMIL, GROUP_COMMENTS, 7));
    OK(preference_store_get(s, EMIL, &p));
    assert_true(p.email_enabled == JSON_TRUE);
    assert_int_equal(p.matrix.cell[GROUP_COMMENTS][CHANNEL_EMAIL], CELL_OFF);
    OK(preference_store_unsubscribe(s, EMIL, GROUP_COUNT, 8));
    OK(preference_store_get(s, EMIL, &p));
    assert_true(p.email_enabled == JSON_FALSE && p.version == 2);
}

static void zones_are_those_of_the_database(struct db_session *s)
{
    static const struct {
        const char *name;
        bool is_one;
    } NAMES[] = {{"Europe/Berlin", true},   {"UTC", true}, {"Asia/Kolkata", true},
                 {"Europe/Nowhere", false}, {"", false},   {"'; DROP TABLE preference", false}};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        bool is_one;
        OK(preference_store_has_zone(s, str_from(NAMES[i].name), &is_one));
        assert_int_equal(is_one, NAMES[i].is_one);
    }
}

/* ---- quiet hours and daily digests -------------------------------------------------------- */

static struct recipient recipient(struct db_session *s, const char *zone, int64_t from, int64_t to,
                                  const char *now)
{
    struct preference p;
    struct recipient who;
    OK(preference_store_lock(s, EMIL, &p));
    p.time_zone = str_from(zone);
    p.quiet_from = from;
    p.quiet_to = to;
    OK(preference_store_put(s, EMIL, &p, 7));
    OK(recipient_store_lock(s, EMIL, at(now), &who));
    return who;
}

static void quiet_hours_are_local(struct db_session *s)
{
    static const struct {
        const char *zone;
        int from, to;
        const char *now, *until;
    } CASES[] = {
        {"UTC", 22 * 60, 7 * 60, "2026-01-12T21:59:59Z", "2026-01-12T21:59:59Z"},
        {"UTC", 22 * 60, 7 * 60, "2026-01-12T22:00:00Z", "2026-01-13T07:00:00Z"},
        {"UTC", 22 * 60, 7 * 60, "2026-01-13T06:59:59Z", "2026-01-13T07:00:00Z"},
        {"UTC", 22 * 60, 7 * 60, "2026-01-13T07:00:00Z", "2026-01-13T07:00:00Z"},
        {"UTC", 12 * 60, 13 * 60, "2026-01-13T12:30:00Z", "2026-01-13T13:00:00Z"},
        {"UTC", 12 * 60, 13 * 60, "2026-01-13T22:30:00Z", "2026-01-13T22:30:00Z"},
        {"UTC", 0, 0, "2026-01-13T00:00:00Z", "2026-01-13T00:00:00Z"},
        {"Asia/Kolkata", 22 * 60, 7 * 60, "2026-01-12T16:30:00Z", "2026-01-13T01:30:00Z"},
        {"America/New_York", 22 * 60, 7 * 60, "2026-01-12T16:30:00Z", "2026-01-12T16:30:00Z"},
        /* the night in which Berlin loses an hour, and the one in which it gets it back */
        {"Europe/Berlin", 22 * 60, 7 * 60, "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"},
        {"Europe/Berlin", 22 * 60, 7 * 60, "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"},
        /* quiet hours that end in the hour that is not there */
        {"Europe/Berlin", 22 * 60, 2 * 60 + 30, "2026-03-28T22:00:00Z", "2026-03-29T01:30:00Z"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct recipient who =
            recipient(s, CASES[i].zone, CASES[i].from, CASES[i].to, CASES[i].now);
        if (who.quiet_until != at(CASES[i].until))
            fail_msg("case %d: %lld instead of %lld", (int)i, (long long)who.quiet_until,
                     (long long)at(CASES[i].until));
    }
}

static void a_daily_digest_comes_at_its_local_time(struct db_session *s)
{
    struct preference p;
    struct recipient who = recipient(s, "Europe/Berlin", 0, 0, "2026-01-12T06:59:00Z");
    assert_int_equal(who.daily_at, INT64_MIN);
    OK(preference_store_lock(s, EMIL, &p));
    p.digest = STR("daily");
    OK(preference_store_put(s, EMIL, &p, 7));
    who = recipient(s, "Europe/Berlin", 0, 0, "2026-01-12T06:59:00Z");
    assert_int_equal(who.daily_at, at("2026-01-12T07:00:00Z")); /* 08:00 there */
    who = recipient(s, "Europe/Berlin", 0, 0, "2026-01-12T07:00:00Z");
    assert_int_equal(who.daily_at, at("2026-01-13T07:00:00Z"));
}

static void who_has_said_nothing_has_the_defaults(struct db_session *s)
{
    struct preference defaults;
    struct recipient who;
    OK(recipient_store_lock(s, EMIL, 7, &who));
    assert_true(str_eq(who.digest, STR("immediate")) && !who.language.p && who.quiet_until == 7);
    OK(preference_store_lock(s, EVERYBODY, &defaults));
    defaults.language = STR("de");
    defaults.digest = STR("hourly");
    assert_true(matrix_set(&defaults.matrix, STR("messages.push"), false));
    assert_true(matrix_set(&defaults.locked, STR("comments.email"), true));
    OK(preference_store_put(s, EVERYBODY, &defaults, 7));
    OK(recipient_store_lock(s, EMIL, 7, &who));
    assert_true(str_eq(who.digest, STR("hourly")) && str_eq(who.language, STR("de")));
    assert_false(matrix_is_on(&who.wishes, GROUP_MESSAGES, CHANNEL_PUSH));
    assert_true(matrix_is_locked(&who.wishes, GROUP_COMMENTS, CHANNEL_EMAIL));
}

/* ---- templates ---------------------------------------------------------------------------- */

static void templates_have_versions_that_never_come_back(struct db_session *s)
{
    struct template t = {.name = STR("welcome"),
                         .language = STR("de"),
                         .subject = STR("s"),
                         .message = STR("m"),
                         .text = STR(""),
                         .html = STR(""),
                         .updated_by = 7};
    struct template got;
    assert_int_equal(template_store_lock(s, t.name, t.language, &got), ERR_NOT_FOUND);
    OK(template_store_put(s, &t, 7));
    int64_t first = t.version;
    assert_true(first > 0);
    t.subject = STR("other");
    OK(template_store_put(s, &t, 8));
    assert_true(t.version > first);
    struct template late = t;
    late.version = first;
    assert_int_equal(template_store_put(s, &late, 9), ERR_SERIALIZATION);
    late.version = 0;
    assert_int_equal(template_store_put(s, &late, 9), ERR_SERIALIZATION);
    OK(template_store_lock(s, t.name, t.language, &got));
    assert_true(str_eq(got.subject, STR("other")) && got.version == t.version);
    OK(template_store_delete(s, t.name, t.language));
    late.version = 0;
    OK(template_store_put(s, &late, 9));
    assert_true(late.version > t.version);
}

static void templates_are_found_by_names_and_languages(struct db_session *s)
{
    static const char *const KEYS[][2] = {{"a", "en"}, {"a", "de"}, {"b", "en"}, {"c", "en"}};
    const struct str names[] = {STR("a"), STR("b")}, languages[] = {STR("en"), STR("fr")};
    const struct template *found;
    size_t n;
    for (int i = 0; i < 4; i++) {
        struct template t = {.name = str_from(KEYS[i][0]),
                             .language = str_from(KEYS[i][1]),
                             .subject = STR("s"),
                             .message = STR("m"),
                             .text = STR(""),
                             .html = STR(""),
                             .updated_by = INT64_MIN};
        OK(template_store_put(s, &t, 7));
    }
    OK(template_store_find(s, names, 2, languages, 2, &found, &n));
    assert_int_equal(n, 2);
    OK(template_store_list(s, &found, &n));
    assert_int_equal(n, 4);
    assert_true(str_eq(found[0].language, STR("de")) && str_eq(found[3].name, STR("c")));
}

STORE_TEST(wishes_are_kept)
STORE_TEST(unsubscribing_takes_mail_off)
STORE_TEST(zones_are_those_of_the_database)
STORE_TEST(quiet_hours_are_local)
STORE_TEST(a_daily_digest_comes_at_its_local_time)
STORE_TEST(who_has_said_nothing_has_the_defaults)
STORE_TEST(templates_have_versions_that_never_come_back)
STORE_TEST(templates_are_found_by_names_and_languages)

static int open_store(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, WRITE_MIGRATIONS,
                                                            SERVICE_MIGRATIONS, NULL};
    (void)state;
    return store_test_open("notification", MIGRATIONS);
}

static int close_store(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wishes_are_kept),
        cmocka_unit_test(test_unsubscribing_takes_mail_off),
        cmocka_unit_test(test_zones_are_those_of_the_database),
        cmocka_unit_test(test_quiet_hours_are_local),
        cmocka_unit_test(test_a_daily_digest_comes_at_its_local_time),
        cmocka_unit_test(test_who_has_said_nothing_has_the_defaults),
        cmocka_unit_test(test_templates_have_versions_that_never_come_back),
        cmocka_unit_test(test_templates_are_found_by_names_and_languages),
    };
    return cmocka_run_group_tests_name("preference store", tests, open_store, close_store);
}
