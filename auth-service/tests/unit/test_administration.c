#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/administration.h"

static const struct jwt_role HDTS[] = {{{"hdts", 4}, {"Admin", 5}, 3}};
static const struct jwt_role TTS[] = {{{"tts", 3}, {"Admin", 5}, 6}};
static const struct jwt_role BOTH[] = {{{"hdts", 4}, {"Admin", 5}, 3},
                                       {{"tts", 3}, {"Admin", 5}, 6}};
static const struct jwt_role STAFF[] = {{{"hdts", 4}, {"Ticket Coordinator", 18}, 2}};
static const struct jwt_role ELSEWHERE[] = {{{"crm", 3}, {"Admin", 5}, 100}};

static struct actor holder(const struct jwt_role *roles, size_t n)
{
    return (struct actor){.user_id = 1, .roles = roles, .role_count = n};
}

static void test_systems(void **state)
{
    const struct actor hdts = holder(HDTS, 1), tts = holder(TTS, 1), both = holder(BOTH, 2),
                       staff = holder(STAFF, 1), elsewhere = holder(ELSEWHERE, 1),
                       program = {.service = STR("workflow-service")};
    const struct {
        const struct actor *actor;
        bool hdts, tts, crm;
    } cases[] = {
        {&hdts, true, false, true},        {&tts, false, true, true},
        {&both, true, true, true},         {&staff, false, false, false},
        {&elsewhere, false, false, false}, {&program, false, false, false},
        {NULL, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(may_administer_system(cases[i].actor, STR("hdts")), cases[i].hdts);
        assert_int_equal(may_administer_system(cases[i].actor, STR("TTS")), cases[i].tts);
        assert_int_equal(may_administer_system(cases[i].actor, STR("crm")), cases[i].crm);
    }
}

static void test_people(void **state)
{
    static const struct user_role admin_of_both[] = {{{"hdts", 4}, {"Admin", 5}, 3},
                                                     {{"tts", 3}, {"Admin", 5}, 6}};
    static const struct user_role reviewer[] = {{{"tts", 3}, {"Reviewer", 8}, 4}};
    const struct user boss = {.roles = admin_of_both, .role_count = 2},
                      helper = {.roles = admin_of_both, .role_count = 1},
                      worker = {.roles = reviewer, .role_count = 1}, nobody = {0};
    const struct actor hdts = holder(HDTS, 1), tts = holder(TTS, 1), both = holder(BOTH, 2),
                       staff = holder(STAFF, 1);

    (void)state;
    assert_true(may_administer_person(&both, &boss));
    assert_false(may_administer_person(&hdts, &boss));
    assert_false(may_administer_person(&tts, &helper));
    assert_true(may_administer_person(&hdts, &helper));
    assert_true(may_administer_person(&hdts, &worker));
    assert_true(may_administer_person(&tts, &nobody));
    assert_false(may_administer_person(&staff, &nobody));
    assert_false(may_administer_person(NULL, &nobody));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_systems),
        cmocka_unit_test(test_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
