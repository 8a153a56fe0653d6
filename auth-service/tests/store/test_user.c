#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "store/role.h"
#include "store/user.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define NOW (INT64_C(1767225600) * US_PER_S)
#define OK(call) assert_int_equal((call), ERR_OK)

static struct user insert(struct db_session *s, const char *email, const char *name)
{
    struct user u = {.email = str_from(email),
                     .first_name = STR(""),
                     .last_name = STR(""),
                     .full_name = str_from(name),
                     .department = STR("Sales"),
                     .phone = STR(""),
                     .active = true,
                     .created_at = NOW};

    OK(user_store_insert(s, &u));
    return u;
}

static void grant(struct db_session *s, int64_t user_id, int64_t role_id, bool expected)
{
    bool changed;

    OK(user_role_store_grant(s, user_id, role_id, INT64_MIN, NOW, &changed));
    assert_int_equal(changed, expected);
}

static void a_person_is_read_back_with_their_roles(struct db_session *s)
{
    struct user in = insert(s, "Ann@Example.com", "Ann Lee"), out;

    grant(s, in.id, ROLE_TTS_REVIEWER, true);
    grant(s, in.id, ROLE_HDTS_EMPLOYEE, true);
    grant(s, in.id, ROLE_HDTS_EMPLOYEE, false);
    OK(user_store_by_email(s, STR("ann@example.COM"), &out));
    assert_int_equal(out.id, in.id);
    assert_true(str_eq(out.email, STR("Ann@Example.com")));
    assert_true(str_eq(out.full_name, STR("Ann Lee")));
    assert_true(out.active);
    assert_int_equal(out.version, 1);
    assert_int_equal(out.created_at, NOW);
    assert_int_equal(out.last_login_at, INT64_MIN);
    assert_int_equal(out.role_count, 2);
    assert_true(str_eq(out.roles[0].system, STR("hdts")));
    assert_true(str_eq(out.roles[0].role, STR("Employee")));
    assert_int_equal(out.roles[1].system_role_id, ROLE_TTS_REVIEWER);
    assert_int_equal(user_store_by_id(s, in.id + 1000, &out), ERR_USER_NOT_FOUND);
    assert_int_equal(user_store_by_email(s, STR("nobody"), &out), ERR_USER_NOT_FOUND);
}

static void an_address_is_taken_whatever_its_case(struct db_session *s)
{
    struct user second = insert(s, "ann@example.com", "Ann");

    second.email = STR("ANN@example.com");
    assert_int_equal(user_store_insert(s, &second), ERR_CONFLICT);
}

static void saving_moves_the_version(struct db_session *s)
{
    struct user u, again;
    int64_t id = insert(s, "ann@example.com", "Ann").id;

    OK(user_store_lock(s, id, &u));
    u.department = STR("Finance");
    u.active = false;
    OK(user_store_save(s, &u, NOW + 1));
    assert_int_equal(u.version, 2);
    OK(user_store_by_id(s, id, &again));
    assert_true(str_eq(again.department, STR("Finance")));
    assert_false(again.active);
    assert_int_equal(again.updated_at, NOW + 1);
    u.id += 1000;
    assert_int_equal(user_store_save(s, &u, NOW), ERR_USER_NOT_FOUND);
}

static void roles_are_taken_away_once(struct db_session *s)
{
    int64_t id = insert(s, "ann@example.com", "Ann").id;
    bool changed;

    grant(s, id, ROLE_HDTS_EMPLOYEE, true);
    OK(user_role_store_revoke(s, id, ROLE_HDTS_EMPLOYEE, &changed));
    assert_true(changed);
    OK(user_role_store_revoke(s, id, ROLE_HDTS_EMPLOYEE, &changed));
    assert_false(changed);
    assert_int_equal(user_role_store_grant(s, id, 4711, INT64_MIN, NOW, &changed), ERR_NOT_FOUND);
}

static void only_active_people_count_as_other_holders(struct db_session *s)
{
    struct user one = insert(s, "one@example.com", "One"),
                two = insert(s, "two@example.com", "Two");
    int64_t before, n;

    OK(user_role_store_others(s, ROLE_HDTS_ADMIN, one.id, &before));
    grant(s, one.id, ROLE_HDTS_ADMIN, true);
    grant(s, two.id, ROLE_HDTS_ADMIN, true);
    OK(user_role_store_others(s, ROLE_HDTS_ADMIN, one.id, &n));
    assert_int_equal(n, before + 1);
    two.active = false;
    OK(user_store_save(s, &two, NOW));
    OK(user_role_store_others(s, ROLE_HDTS_ADMIN, one.id, &n));
    assert_int_equal(n, before);
}

static void built_in_roles_have_their_fixed_ids(struct db_session *s)
{
    static const struct {
        int64_t id;
        const char *system, *name;
    } expected[] = {
        {ROLE_HDTS_EMPLOYEE, "hdts", "employee"},
        {ROLE_HDTS_COORDINATOR, "HDTS", "Ticket Coordinator"},
        {ROLE_HDTS_ADMIN, "hdts", "Admin"},
        {ROLE_TTS_REVIEWER, "tts", "Reviewer"},
        {ROLE_TTS_APPROVER, "tts", "Approver"},
        {ROLE_TTS_ADMIN, "tts", "Admin"},
    };
    struct role_row role, *all;
    struct system_row *systems;
    size_t n;

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        OK(role_store_by_name(s, str_from(expected[i].system), str_from(expected[i].name), &role));
        assert_int_equal(role.id, expected[i].id);
        OK(role_store_by_id(s, role.id, &role));
        assert_int_equal(role.id, expected[i].id);
    }
    assert_int_equal(role_store_by_id(s, 4711, &role), ERR_NOT_FOUND);
    OK(role_store_list(s, STR_NULL, &all, &n));
    assert_int_equal(n, 6);
    OK(role_store_list(s, STR("tts"), &all, &n));
    assert_int_equal(n, 3);
    OK(system_store_list(s, &systems, &n));
    assert_int_equal(n, 2);
    assert_true(str_eq(systems[0].slug, STR("hdts")));
}

static struct user_list list(struct db_session *s, struct user_filter f)
{
    struct user_list out;

    f.limit = f.limit ? f.limit : 100;
    f.sort = f.sort.p ? f.sort : STR("id");
    OK(user_store_list(s, &f, &out));
    return out;
}

static void lists_are_filtered_sorted_and_cut(struct db_session *s)
{
    struct user b = insert(s, "b@one.org", "Bob 100%"), a = insert(s, "a@one.org", "Zoe");
    struct user c = insert(s, "c@two.org", "Cyd");
    struct user_list l;

    grant(s, b.id, ROLE_TTS_REVIEWER, true);
    c.active = false;
    c.department = STR("Finance");
    OK(user_store_save(s, &c, NOW));

    l = list(s, (struct user_filter){.search = STR("ONE.org"), .active = -1});
    assert_int_equal(l.total, 2);
    assert_int_equal(l.users[0].id, b.id);
    l = list(s, (struct user_filter){.search = STR("100%"), .active = -1});
    assert_int_equal(l.total, 1);
    l = list(s, (struct user_filter){.search = STR("1%0"), .active = -1});
    assert_int_equal(l.total, 0);
    l = list(s, (struct user_filter){.active = 0});
    assert_int_equal(l.total, 1);
    assert_int_equal(l.users[0].id, c.id);
    l = list(s, (struct user_filter){.system = STR("tts"), .role = STR("Reviewer"), .active = 1});
    assert_int_equal(l.total, 1);
    assert_int_equal(l.users[0].id, b.id);
    l = list(s, (struct user_filter){.system = STR("hdts"), .role = STR("Reviewer"), .active = 1});
    assert_int_equal(l.total, 0);
    l = list(s, (struct user_filter){.department = STR("Finance"), .active = -1});
    assert_int_equal(l.total, 1);
    l = list(s, (struct user_filter){.active = -1, .sort = STR("email")});
    assert_int_equal(l.users[0].id, a.id);
    l = list(s, (struct user_filter){.active = -1, .sort = STR("-name")});
    assert_int_equal(l.users[0].id, a.id);
    l = list(s, (struct user_filter){.active = -1, .sort = STR("-id"), .limit = 1, .offset = 1});
    assert_int_equal(l.total, 3);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.users[0].id, a.id);
    OK(user_store_after(s, b.id, 1, &l));
    assert_int_equal(l.count, 1);
    assert_int_equal(l.users[0].id, a.id);
}

STORE_TEST(a_person_is_read_back_with_their_roles)
STORE_TEST(an_address_is_taken_whatever_its_case)
STORE_TEST(saving_moves_the_version)
STORE_TEST(roles_are_taken_away_once)
STORE_TEST(only_active_people_count_as_other_holders)
STORE_TEST(built_in_roles_have_their_fixed_ids)
STORE_TEST(lists_are_filtered_sorted_and_cut)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {WRITE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};

    (void)state;
    return store_test_open("user", MIGRATIONS);
}

static int close_group(void **state)
{
    (void)state;
    return store_test_close();
}

static void every_statement_is_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_person_is_read_back_with_their_roles),
        cmocka_unit_test(test_an_address_is_taken_whatever_its_case),
        cmocka_unit_test(test_saving_moves_the_version),
        cmocka_unit_test(test_roles_are_taken_away_once),
        cmocka_unit_test(test_only_active_people_count_as_other_holders),
        cmocka_unit_test(test_built_in_roles_have_their_fixed_ids),
        cmocka_unit_test(test_lists_are_filtered_sorted_and_cut),
        cmocka_unit_test(every_statement_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
