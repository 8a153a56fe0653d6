#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "store/login.h"
#include "store/session.h"
#include "store/user.h"
#include "store_test.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define NOW (INT64_C(1767225600) * US_PER_S)
#define OK(call) assert_int_equal((call), ERR_OK)
#define SESSION STR("0f8fad5b-d9cb-469f-a165-70867728950e")
#define DAY US_PER_DAY
#define ADDRESS STR("192.0.2.1")

static struct user insert(struct db_session *s)
{
    struct user u = {.email = STR("ann@example.com"),
                     .first_name = STR(""),
                     .last_name = STR(""),
                     .full_name = STR("Ann"),
                     .department = STR(""),
                     .phone = STR(""),
                     .active = true,
                     .created_at = NOW};

    OK(user_store_insert(s, &u));
    OK(credential_store_set(s, u.id, STR("$y$hash"), NOW));
    return u;
}

static struct login_record find(struct db_session *s, struct str email, int64_t since)
{
    struct login_record r;

    OK(login_store_find(s, email, ADDRESS, since, &r));
    return r;
}

static void open_session(struct db_session *s, int64_t user_id)
{
    const struct session_new n = {SESSION, user_id, NOW, NOW + DAY, ADDRESS, STR("curl")};

    OK(login_store_succeeded(s, &n, STR("Ann@example.com")));
}

static void one_read_tells_all_about_a_login(struct db_session *s)
{
    struct user u = insert(s);
    struct login_record r = find(s, STR("ANN@example.com"), NOW - DAY);

    assert_true(r.is_known);
    assert_int_equal(r.user.id, u.id);
    assert_true(str_eq(r.password_hash, STR("$y$hash")));
    assert_int_equal(r.account.failures, 0);
    assert_int_equal(r.address.failures, 0);
    r = find(s, STR("nobody@example.com"), NOW - DAY);
    assert_false(r.is_known);
    assert_null(r.password_hash.p);
}

static void failures_are_counted_for_account_and_address(struct db_session *s)
{
    struct login_record r;

    (void)insert(s);
    OK(login_store_failed(s, STR("Ann@example.com"), ADDRESS, NOW - DAY, NOW));
    OK(login_store_failed(s, STR("nobody@example.com"), ADDRESS, NOW - DAY, NOW + 1));
    r = find(s, STR("ann@example.com"), NOW - DAY);
    assert_int_equal(r.account.failures, 1);
    assert_int_equal(r.account.last_failure, NOW);
    assert_int_equal(r.address.failures, 2);
    assert_int_equal(r.address.last_failure, NOW + 1);
    assert_int_equal(find(s, STR("nobody@example.com"), NOW - DAY).account.failures, 1);
    /* Outside the window they are forgotten, and the next one is the first again. */
    assert_int_equal(find(s, STR("ann@example.com"), NOW + DAY).account.failures, 0);
    OK(login_store_failed(s, STR("ann@example.com"), ADDRESS, NOW + DAY, NOW + 2 * DAY));
    assert_int_equal(find(s, STR("ann@example.com"), NOW + DAY).account.failures, 1);
    OK(login_store_purge(s, NOW + 3 * DAY));
    assert_int_equal(find(s, STR("ann@example.com"), NOW - DAY).account.failures, 0);
}

static void a_login_forgives_the_account_but_not_the_address(struct db_session *s)
{
    struct user u = insert(s);
    struct login_record r;

    OK(login_store_failed(s, STR("ann@example.com"), ADDRESS, NOW - DAY, NOW));
    open_session(s, u.id);
    r = find(s, STR("ann@example.com"), NOW - DAY);
    assert_int_equal(r.account.failures, 0);
    assert_int_equal(r.address.failures, 1);
    assert_int_equal(r.user.last_login_at, NOW);
    assert_int_equal(r.user.version, u.version);
}

static void an_upgrade_replaces_only_the_hash_it_verified(struct db_session *s)
{
    struct user u = insert(s);

    OK(credential_store_upgrade(s, u.id, STR("$2b$other"), STR("$y$new")));
    assert_true(str_eq(find(s, u.email, NOW).password_hash, STR("$y$hash")));
    OK(credential_store_upgrade(s, u.id, STR("$y$hash"), STR("$y$new")));
    assert_true(str_eq(find(s, u.email, NOW).password_hash, STR("$y$new")));
}

static void a_generation_is_good_once(struct db_session *s)
{
    struct user u = insert(s), out;
    int64_t generation, user_id = 0;
    bool flag;

    open_session(s, u.id);
    OK(session_store_rotate(s, SESSION, 1, NOW + 1, NOW + 2 * DAY, &out));
    assert_int_equal(out.id, u.id);
    OK(session_store_is_open(s, SESSION, NOW + DAY, &generation, &flag));
    assert_true(flag);
    assert_int_equal(generation, 2);
    /* A generation that never was is refused, but proves no theft. */
    assert_int_equal(session_store_rotate(s, SESSION, 7, NOW + 2, NOW + DAY, &out),
                     ERR_TOKEN_INVALID);
    OK(session_store_revoke_reused(s, SESSION, 7, NOW + 2, &flag, &user_id));
    assert_false(flag);
    assert_int_equal(session_store_rotate(s, SESSION, 1, NOW + 2, NOW + DAY, &out),
                     ERR_TOKEN_INVALID);
    OK(session_store_revoke_reused(s, SESSION, 1, NOW + 2, &flag, &user_id));
    assert_true(flag);
    assert_int_equal(user_id, u.id);
    /* The thief and the owner are both out. */
    assert_int_equal(session_store_rotate(s, SESSION, 2, NOW + 3, NOW + DAY, &out),
                     ERR_TOKEN_INVALID);
    OK(session_store_is_open(s, SESSION, NOW + 3, &generation, &flag));
    assert_false(flag);
}

static void a_session_ends_by_time_logout_and_deactivation(struct db_session *s)
{
    struct user u = insert(s), out;
    int64_t generation;
    bool open;

    open_session(s, u.id);
    OK(session_store_is_open(s, SESSION, NOW + DAY, &generation, &open));
    assert_false(open);
    assert_int_equal(session_store_rotate(s, SESSION, 1, NOW + DAY, NOW + 2 * DAY, &out),
                     ERR_TOKEN_INVALID);
    u.active = false;
    OK(user_store_save(s, &u, NOW));
    OK(session_store_is_open(s, SESSION, NOW + 1, &generation, &open));
    assert_false(open);
    u.active = true;
    OK(user_store_save(s, &u, NOW));
    OK(session_store_is_open(s, SESSION, NOW + 1, &generation, &open));
    assert_true(open);
    OK(session_store_revoke(s, SESSION, "logout", NOW + 1));
    OK(session_store_is_open(s, SESSION, NOW + 1, &generation, &open));
    assert_false(open);
}

static void all_sessions_of_a_person_end_together(struct db_session *s)
{
    struct user u = insert(s);
    int64_t generation;
    bool open;

    open_session(s, u.id);
    OK(session_store_revoke_user(s, u.id + 1, "deactivated", NOW));
    OK(session_store_is_open(s, SESSION, NOW, &generation, &open));
    assert_true(open);
    OK(session_store_revoke_user(s, u.id, "deactivated", NOW));
    OK(session_store_is_open(s, SESSION, NOW, &generation, &open));
    assert_false(open);
    OK(session_store_purge(s, NOW));
    OK(session_store_purge(s, NOW + 1));
    open_session(s, u.id); /* the id is free again */
}

STORE_TEST(one_read_tells_all_about_a_login)
STORE_TEST(failures_are_counted_for_account_and_address)
STORE_TEST(a_login_forgives_the_account_but_not_the_address)
STORE_TEST(an_upgrade_replaces_only_the_hash_it_verified)
STORE_TEST(a_generation_is_good_once)
STORE_TEST(a_session_ends_by_time_logout_and_deactivation)
STORE_TEST(all_sessions_of_a_person_end_together)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {SERVICE_MIGRATIONS, NULL};

    (void)state;
    return store_test_open("login", MIGRATIONS);
}

static int close_group(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_read_tells_all_about_a_login),
        cmocka_unit_test(test_failures_are_counted_for_account_and_address),
        cmocka_unit_test(test_a_login_forgives_the_account_but_not_the_address),
        cmocka_unit_test(test_an_upgrade_replaces_only_the_hash_it_verified),
        cmocka_unit_test(test_a_generation_is_good_once),
        cmocka_unit_test(test_a_session_ends_by_time_logout_and_deactivation),
        cmocka_unit_test(test_all_sessions_of_a_person_end_together),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
