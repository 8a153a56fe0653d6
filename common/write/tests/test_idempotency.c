#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "idempotency_store.h"
#include "store_test.h"
#include "write_run.h"

#define NOW (INT64_C(1767225600) * US_PER_S)
#define OK(expression) assert_int_equal(expression, ERR_OK)
#define EQ(text, expected) assert_true(str_eq(text, STR(expected)))

static const struct idempotency_key KEY = {STR("user:1"), STR("POST /x"), STR("key"), STR("hash")};
static const struct stored_answer ANSWER = {.status = 201, .etag = STR("\"1\""), .body = STR("{}")};

static bool is_kept(struct db_session *s, const struct idempotency_key *k)
{
    struct stored_answer back;
    bool found;

    OK(idempotency_store_find(s, k, &found, &back));
    return found;
}

static void an_answer_comes_back_as_it_was(struct db_session *s)
{
    struct stored_answer back;
    bool found;

    assert_false(is_kept(s, &KEY));
    OK(idempotency_store_put(s, &KEY, &ANSWER, NOW));
    OK(idempotency_store_find(s, &KEY, &found, &back));
    assert_true(found);
    assert_int_equal(back.status, 201);
    assert_null(back.location.p);
    EQ(back.etag, "\"1\"");
    EQ(back.body, "{}");
}

static void a_key_belongs_to_one_request(struct db_session *s)
{
    struct idempotency_key k = KEY;
    struct stored_answer back;
    bool found;

    OK(idempotency_store_put(s, &k, &ANSWER, NOW));
    k.request_hash = STR("other");
    assert_int_equal(idempotency_store_find(s, &k, &found, &back), ERR_VALIDATION_ERROR);
}

static void the_second_of_two_is_refused(struct db_session *s)
{
    OK(idempotency_store_put(s, &KEY, &ANSWER, NOW));
    assert_int_equal(idempotency_store_put(s, &KEY, &ANSWER, NOW), ERR_CONFLICT);
    EQ(s->error_constraint, "idempotency_pkey");
}

static void a_key_is_of_one_principal_and_route(struct db_session *s)
{
    struct idempotency_key other_principal = KEY, other_route = KEY;

    other_principal.principal = STR("user:2");
    other_route.route = STR("POST /y");
    OK(idempotency_store_put(s, &KEY, &ANSWER, NOW));
    assert_false(is_kept(s, &other_principal));
    assert_false(is_kept(s, &other_route));
}

static void an_answer_is_kept_for_a_day(struct db_session *s)
{
    OK(idempotency_store_put(s, &KEY, &ANSWER, NOW));
    OK(write_purge(s, NOW + US_PER_DAY));
    assert_true(is_kept(s, &KEY));
    OK(write_purge(s, NOW + US_PER_DAY + 1));
    assert_false(is_kept(s, &KEY));
}

STORE_TEST(an_answer_comes_back_as_it_was)
STORE_TEST(a_key_belongs_to_one_request)
STORE_TEST(the_second_of_two_is_refused)
STORE_TEST(a_key_is_of_one_principal_and_route)
STORE_TEST(an_answer_is_kept_for_a_day)

static void statements_fit_the_schema(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

static int open_store(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {WRITE_MIGRATIONS, NULL};
    (void)state;
    return store_test_open("write", MIGRATIONS);
}

static int close_store(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_comes_back_as_it_was),
        cmocka_unit_test(test_a_key_belongs_to_one_request),
        cmocka_unit_test(test_the_second_of_two_is_refused),
        cmocka_unit_test(test_a_key_is_of_one_principal_and_route),
        cmocka_unit_test(test_an_answer_is_kept_for_a_day),
        cmocka_unit_test(statements_fit_the_schema),
    };
    return cmocka_run_group_tests_name("write", tests, open_store, close_store);
}
