#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/user.h"

static struct user holder_of(const struct user_role *roles, size_t n)
{
    return (struct user){.email = STR("ann@example.com"), .roles = roles, .role_count = n};
}

static void the_summary_is_the_highest_helpdesk_role(void **state)
{
    (void)state;
    static const struct {
        const char *summary;
        size_t count;
        struct user_role roles[3];
    } cases[] = {
        {"user", 0, {{{NULL, 0}}}},
        {"user", 1, {{{"hdts", 4}, {"Employee", 8}, 1}}},
        {"user", 1, {{{"tts", 3}, {"Reviewer", 8}, 4}}},
        {"user", 1, {{{"tts", 3}, {"Admin", 5}, 6}}},
        {"staff", 1, {{{"hdts", 4}, {"Ticket Coordinator", 18}, 2}}},
        {"staff", 2, {{{"tts", 3}, {"Admin", 5}, 6}, {{"hdts", 4}, {"Ticket Coordinator", 18}, 2}}},
        {"admin", 2, {{{"hdts", 4}, {"Employee", 8}, 1}, {{"hdts", 4}, {"Admin", 5}, 3}}},
        {"user", 1, {{{"shop", 4}, {"Admin", 5}, 100}}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct user u = holder_of(cases[i].roles, cases[i].count);
        assert_true(str_eq(user_role_summary(&u), str_from(cases[i].summary)));
    }
}

static void a_summary_word_stands_for_roles(void **state)
{
    (void)state;
    int64_t ids[USER_SUMMARY_ROLES_MAX];
    size_t n;

    assert_true(user_summary_roles(STR("user"), ids, &n));
    assert_int_equal(n, 1);
    assert_int_equal(ids[0], ROLE_HDTS_EMPLOYEE);
    assert_true(user_summary_roles(STR("ADMIN"), ids, &n));
    assert_int_equal(n, 2);
    assert_int_equal(ids[0], ROLE_HDTS_ADMIN);
    assert_int_equal(ids[1], ROLE_TTS_ADMIN);
    assert_false(user_summary_roles(STR("root"), ids, &n));
    assert_false(user_summary_roles(STR(""), ids, &n));
}

static void a_full_name_is_made_of_what_there_is(void **state)
{
    (void)state;
    static const struct {
        const char *first, *last, *email, *full;
    } cases[] = {
        {"Ann", "Lee", "a@x.org", "Ann Lee"}, {" Ann ", "", "a@x.org", "Ann"},
        {"", "Lee", "a@x.org", "Lee"},        {"", "  ", "ann@x.org", "ann"},
        {"", "", "nobody", "nobody"},
    };
    struct arena *a = arena_new();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(str_eq(user_full_name(a, str_from(cases[i].first), str_from(cases[i].last),
                                          str_from(cases[i].email)),
                           str_from(cases[i].full)));
    arena_free(a);
}

static void a_text_changes_only_when_it_differs(void **state)
{
    (void)state;
    struct str field = STR("Sales");
    bool changed = false;

    user_set_text(&field, STR_NULL, &changed);
    user_set_text(&field, STR("  Sales "), &changed);
    assert_false(changed);
    user_set_text(&field, STR(""), &changed);
    assert_true(changed);
    assert_true(str_eq(field, STR("")));
}

static void the_full_name_follows_its_parts_unless_given(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct user u = {.first_name = STR("Ann"), .last_name = STR("Lee"), .full_name = STR("Dr Lee")};
    bool changed = false;

    user_rename(a, &u, &(struct user_names){STR("Ann"), STR_NULL, STR_NULL}, &changed);
    assert_false(changed);
    assert_true(str_eq(u.full_name, STR("Dr Lee")));
    user_rename(a, &u, &(struct user_names){STR_NULL, STR("Kim"), STR_NULL}, &changed);
    assert_true(changed);
    assert_true(str_eq(u.full_name, STR("Ann Kim")));
    user_rename(a, &u, &(struct user_names){STR_NULL, STR("Moe"), STR("Ann M.")}, &changed);
    assert_true(str_eq(u.last_name, STR("Moe")));
    assert_true(str_eq(u.full_name, STR("Ann M.")));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_summary_is_the_highest_helpdesk_role),
        cmocka_unit_test(a_summary_word_stands_for_roles),
        cmocka_unit_test(a_full_name_is_made_of_what_there_is),
        cmocka_unit_test(a_text_changes_only_when_it_differs),
        cmocka_unit_test(the_full_name_follows_its_parts_unless_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
