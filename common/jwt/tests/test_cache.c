/* What is remembered of a token is what reading it again would give, and no more than that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jwt.h"

#define NOW 1700000000

static struct jwt_keys *keys;

static int set_up(void **state)
{
    static const struct str secrets[] = {STR("a secret of the tests")};
    (void)state;
    keys = jwt_keys_new(secrets, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    jwt_keys_free(keys);
    return 0;
}

static const struct jwt_role ROLES[] = {
    {{"hdts", 4}, {"Ticket Coordinator", 18}, 2},
    {{"tts", 3}, {"Admin", 5}, 6},
};

static struct str token_of(struct arena *a, int64_t user_id)
{
    struct jwt_claims c = {
        .sub = str_printf(a, "%lld", (long long)user_id),
        .user_id = user_id,
        .email = str_printf(a, "user%lld@example.com", (long long)user_id),
        .name = STR(""),
        .roles = ROLES,
        .role_count = (size_t)(user_id % 3),
        .iat = NOW,
        .exp = NOW + 60,
        .scope = user_id % 2 ? STR("ticket.read") : STR_NULL,
    };
    return jwt_sign(keys, a, &c);
}

static void check(struct arena *a, struct str token, int64_t user_id)
{
    struct jwt_claims c;
    const char *why;
    assert_int_equal(jwt_verify(keys, a, token, NOW, &c, &why), ERR_OK);
    assert_int_equal(c.user_id, user_id);
    assert_true(str_eq(c.sub, str_printf(a, "%lld", (long long)user_id)));
    assert_true(str_eq(c.email, str_printf(a, "user%lld@example.com", (long long)user_id)));
    assert_true(c.name.p && !c.name.len);
    assert_null(c.role.p);
    assert_true(str_eq(c.iss, STR(JWT_ISSUER)));
    assert_true(str_eq(c.scope, user_id % 2 ? STR("ticket.read") : STR_NULL));
    assert_int_equal(c.role_count, user_id % 3);
    for (size_t i = 0; i < c.role_count; i++) {
        assert_true(str_eq(c.roles[i].system, ROLES[i].system));
        assert_true(str_eq(c.roles[i].role, ROLES[i].role));
        assert_int_equal(c.roles[i].system_role_id, ROLES[i].system_role_id);
    }
}

/* More tokens than there is room for, each several times; nothing points into what has gone. */
static void remembers_each_token_as_it_is(void **state)
{
    (void)state;
    struct arena *tokens = arena_new();
    struct str list[1000];
    for (int i = 0; i < 1000; i++)
        list[i] = token_of(tokens, i + 1);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 1000; i++) {
            struct arena *a = arena_new();
            check(a, list[i], i + 1);
            check(a, list[i], i + 1);
            arena_free(a);
        }
    arena_free(tokens);
}

static void still_looks_at_time_issuer_and_signature(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct str token = token_of(a, 7);
    struct jwt_claims c;
    const char *why;
    check(a, token, 7);
    assert_int_equal(jwt_verify(keys, a, token, NOW + 60, &c, &why), ERR_TOKEN_EXPIRED);
    assert_int_equal(jwt_verify_issuer(keys, a, token, NOW, STR("other"), &c, &why),
                     ERR_UNAUTHENTICATED);
    /* Another payload under the signature that is remembered. */
    struct str other = token_of(a, 8);
    ptrdiff_t dot = -1, next = -1;
    while ((next = str_index(token, '.', (size_t)(dot + 1))) >= 0)
        dot = next;
    ptrdiff_t other_dot = -1;
    while ((next = str_index(other, '.', (size_t)(other_dot + 1))) >= 0)
        other_dot = next;
    struct str mixed = str_printf(a, "%.*s%.*s", STR_ARG(str_slice(other, 0, (size_t)other_dot)),
                                  STR_ARG(str_slice(token, (size_t)dot, token.len)));
    assert_int_equal(jwt_verify(keys, a, mixed, NOW, &c, &why), ERR_UNAUTHENTICATED);
    assert_string_equal(why, "the token's signature is wrong");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(remembers_each_token_as_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(still_looks_at_time_issuer_and_signature, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
