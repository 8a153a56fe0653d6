#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "people.h"
#include "store_test.h"

#define OK(expression) assert_int_equal(expression, ERR_OK)

static const struct event_user_role ROLES[] = {
    {STR("hdts"), STR("Ticket Coordinator"), 2},
    {STR("tts"), STR("Reviewer"), 4},
};

/* Ann, a coordinator who reviews as well, as of version 5. */
static struct event_user ann(void)
{
    return (struct event_user){
        .id = 7,
        .email = STR("ann@example.com"),
        .name = STR("Ann"),
        .department = STR("Sales"),
        .active = JSON_TRUE,
        .version = 5,
        .roles = {(void *)(uintptr_t)ROLES, 2},
    };
}

static bool has_role(struct db_session *s, int64_t id, const char *system, const char *role)
{
    bool has;
    OK(person_has_role(s, id, system, role, &has));
    return has;
}

static void nobody_is_known_at_first(struct db_session *s)
{
    struct person p;
    assert_int_equal(person_by_id(s, 7, &p), ERR_USER_NOT_FOUND);
    assert_false(has_role(s, 7, "tts", "Reviewer"));
}

static void a_person_is_taken_over(struct db_session *s)
{
    struct event_user u = ann();
    struct person p;
    OK(people_apply(s, &u));
    OK(person_by_id(s, 7, &p));
    assert_int_equal(p.id, 7);
    assert_true(str_eq(p.email, STR("ann@example.com")));
    assert_true(str_eq(p.name, STR("Ann")));
    assert_true(str_eq(p.department, STR("Sales")));
    assert_true(p.active);
    assert_true(has_role(s, 7, "hdts", "Ticket Coordinator"));
    assert_true(has_role(s, 7, "tts", "Reviewer"));
    assert_false(has_role(s, 7, "tts", "Admin"));
    assert_false(has_role(s, 8, "tts", "Reviewer"));
}

static void a_department_may_be_missing(struct db_session *s)
{
    struct event_user u = ann();
    struct person p;
    u.department = STR_NULL;
    OK(people_apply(s, &u));
    OK(person_by_id(s, 7, &p));
    assert_int_equal(p.department.len, 0);
}

static void a_newer_state_replaces_person_and_roles(struct db_session *s)
{
    struct event_user u = ann();
    struct person p;
    OK(people_apply(s, &u));
    u.version = 6;
    u.name = STR("Ann B.");
    u.roles.count = 1;
    OK(people_apply(s, &u));
    OK(person_by_id(s, 7, &p));
    assert_true(str_eq(p.name, STR("Ann B.")));
    assert_true(has_role(s, 7, "hdts", "Ticket Coordinator"));
    assert_false(has_role(s, 7, "tts", "Reviewer"));
    u.version = 7;
    u.roles.count = 0;
    OK(people_apply(s, &u));
    assert_false(has_role(s, 7, "hdts", "Ticket Coordinator"));
}

static void an_older_or_repeated_state_changes_nothing(struct db_session *s)
{
    struct event_user u = ann();
    struct person p;
    OK(people_apply(s, &u));
    for (u.version = 5; u.version >= 4; u.version--) {
        u.name = STR("Somebody else");
        u.roles.count = 0;
        OK(people_apply(s, &u));
        OK(person_by_id(s, 7, &p));
        assert_true(str_eq(p.name, STR("Ann")));
        assert_true(has_role(s, 7, "tts", "Reviewer"));
    }
}

static void a_deactivated_person_holds_no_role(struct db_session *s)
{
    struct event_user u = ann();
    struct person p;
    u.active = JSON_FALSE;
    OK(people_apply(s, &u));
    OK(person_by_id(s, 7, &p));
    assert_false(p.active);
    assert_false(has_role(s, 7, "tts", "Reviewer"));
    u.active = JSON_TRUE;
    u.version++;
    OK(people_apply(s, &u));
    assert_true(has_role(s, 7, "tts", "Reviewer"));
}

STORE_TEST(nobody_is_known_at_first)
STORE_TEST(a_person_is_taken_over)
STORE_TEST(a_department_may_be_missing)
STORE_TEST(a_newer_state_replaces_person_and_roles)
STORE_TEST(an_older_or_repeated_state_changes_nothing)
STORE_TEST(a_deactivated_person_holds_no_role)

static void statements_fit_the_schema(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

static int open_store(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, NULL};
    (void)state;
    return store_test_open("people", MIGRATIONS);
}

static int close_store(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_is_known_at_first),
        cmocka_unit_test(test_a_person_is_taken_over),
        cmocka_unit_test(test_a_department_may_be_missing),
        cmocka_unit_test(test_a_newer_state_replaces_person_and_roles),
        cmocka_unit_test(test_an_older_or_repeated_state_changes_nothing),
        cmocka_unit_test(test_a_deactivated_person_holds_no_role),
        cmocka_unit_test(statements_fit_the_schema),
    };
    return cmocka_run_group_tests_name("people", tests, open_store, close_store);
}
