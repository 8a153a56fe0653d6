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
#include "write_run.h"

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

static struct login_record find(struct db_session *s, struct str email)
{
    struct login_record r;

    OK(login_store_find(s, email, &r));
    return r;
}

static void open_session(struct db_session *s, int64_t user_id)
{
    struct session_new n = {SESSION, user_id, 0, NOW, NOW + DAY, ADDRESS, STR("curl")};
    struct user u;

    OK(user_store_by_id(s, user_id, &u));
    n.proof_version = u.proof_version;
    OK(login_store_succeeded(s, &n));
}

static void one_read_tells_all_about_a_login(struct db_session *s)
{
    struct user u = insert(s);
    struct login_record r = find(s, STR("ANN@example.com"));

    assert_true(r.is_known);
    assert_int_equal(r.user.id, u.id);
    assert_true(str_eq(r.password_hash, STR("$y$hash")));
    r = find(s, STR("nobody@example.com"));
    assert_false(r.is_known);
    assert_null(r.password_hash.p);
}

static void a_login_is_noted_and_opens_a_session(struct db_session *s)
{
    struct user u = insert(s), after;
    struct session_row *rows;
    size_t n;

    open_session(s, u.id);
    after = find(s, u.email).user;
    assert_int_equal(after.last_login_at, NOW);
    assert_int_equal(after.version, u.version);
    OK(session_store_list(s, u.id, NOW, &rows, &n));
    assert_int_equal(n, 1);
    assert_true(str_eq(rows[0].id, SESSION));
    assert_true(str_eq(rows[0].user_agent, STR("curl")));
    OK(session_store_list(s, u.id, NOW + DAY, &rows, &n));
    assert_int_equal(n, 0);
}

static void a_login_that_was_overtaken_is_void(struct db_session *s)
{
    struct user u = insert(s), before = find(s, u.email).user;
    struct session_new n = {SESSION, u.id, before.proof_version, NOW, NOW + DAY, ADDRESS, STR("")};

    OK(credential_store_set(s, u.id, STR("$y$other"), NOW));
    assert_int_equal(login_store_succeeded(s, &n), ERR_INVALID_CREDENTIALS);
    n.proof_version = find(s, u.email).user.proof_version;
    u.active = false;
    OK(user_store_save(s, &u, NOW));
    assert_int_equal(login_store_succeeded(s, &n), ERR_INVALID_CREDENTIALS);
    u.active = true;
    OK(user_store_save(s, &u, NOW));
    OK(login_store_succeeded(s, &n));
}

static void others_end_and_the_kept_one_stays(struct db_session *s)
{
    struct user u = insert(s), now = find(s, u.email).user;
    struct session_new n = {STR("0f8fad5b-d9cb-469f-a165-708677289501"),
                            u.id,
                            now.proof_version,
                            NOW,
                            NOW + DAY,
                            ADDRESS,
                            STR("")};
    int64_t count;
    bool revoked;

    open_session(s, u.id);
    OK(login_store_succeeded(s, &n));
    OK(session_store_revoke_one(s, n.id, u.id + 1, "revoked", NOW, &revoked));
    assert_false(revoked);
    OK(session_store_revoke_others(s, u.id, SESSION, "revoked", NOW, &count));
    assert_int_equal(count, 1);
    OK(session_store_revoke_one(s, n.id, u.id, "revoked", NOW, &revoked));
    assert_false(revoked);
    OK(session_store_revoke_one(s, SESSION, u.id, "revoked", NOW, &revoked));
    assert_true(revoked);
    OK(session_store_revoke_others(s, u.id, STR_NULL, "revoked", NOW, &count));
    assert_int_equal(count, 0);
}

static void an_upgrade_replaces_only_the_hash_it_verified(struct db_session *s)
{
    struct user u = insert(s);

    OK(credential_store_upgrade(s, u.id, STR("$2b$other"), STR("$y$new")));
    assert_true(str_eq(find(s, u.email).password_hash, STR("$y$hash")));
    OK(credential_store_upgrade(s, u.id, STR("$y$hash"), STR("$y$new")));
    assert_true(str_eq(find(s, u.email).password_hash, STR("$y$new")));
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
    int64_t generation, user_id = 0;
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
    OK(session_store_revoke(s, SESSION, "logout", NOW + 1, &open, &user_id));
    assert_true(open);
    assert_int_equal(user_id, u.id);
    OK(session_store_revoke(s, SESSION, "logout", NOW + 2, &open, &user_id));
    assert_false(open);
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
STORE_TEST(a_login_is_noted_and_opens_a_session)
STORE_TEST(a_login_that_was_overtaken_is_void)
STORE_TEST(others_end_and_the_kept_one_stays)
STORE_TEST(an_upgrade_replaces_only_the_hash_it_verified)
STORE_TEST(a_generation_is_good_once)
STORE_TEST(a_session_ends_by_time_logout_and_deactivation)
STORE_TEST(all_sessions_of_a_person_end_together)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {WRITE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};

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
        cmocka_unit_test(test_a_login_is_noted_and_opens_a_session),
        cmocka_unit_test(test_a_login_that_was_overtaken_is_void),
        cmocka_unit_test(test_others_end_and_the_kept_one_stays),
        cmocka_unit_test(test_an_upgrade_replaces_only_the_hash_it_verified),
        cmocka_unit_test(test_a_generation_is_good_once),
        cmocka_unit_test(test_a_session_ends_by_time_logout_and_deactivation),
        cmocka_unit_test(test_all_sessions_of_a_person_end_together),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
