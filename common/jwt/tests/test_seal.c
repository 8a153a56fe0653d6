#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "encode.h"
#include "seal.h"

static const struct str OLD = {"an old secret", 13}, NEW = {"a new secret", 12};

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void what_is_sealed_opens_again(void **state)
{
    (void)state;
    struct seal_keys *k = seal_keys_new(&NEW, 1);
    static const size_t SIZES[] = {0, 1, 15, 16, 17, 5000};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        struct str plain = str_n(arena_calloc(arena, SIZES[i] + 1, 1), SIZES[i]), back;
        struct str sealed = seal(k, arena, STR("totp:7"), plain);
        assert_int_equal(seal_open(k, arena, STR("totp:7"), sealed, &back), ERR_OK);
        assert_true(str_eq(back, plain));
    }
    seal_keys_free(k);
}

static void it_is_never_the_same_twice(void **state)
{
    (void)state;
    struct seal_keys *k = seal_keys_new(&NEW, 1);
    assert_false(
        str_eq(seal(k, arena, STR("c"), STR("secret")), seal(k, arena, STR("c"), STR("secret"))));
    assert_true(str_find(seal(k, arena, STR("c"), STR("secret")), STR("secret")) < 0);
    seal_keys_free(k);
}

static void any_change_keeps_it_shut(void **state)
{
    (void)state;
    struct seal_keys *k = seal_keys_new(&NEW, 1);
    struct str sealed = seal(k, arena, STR("totp:7"), STR("secret")), back;
    char *bytes = str_cstr(arena, sealed);
    assert_int_equal(seal_open(k, arena, STR("totp:8"), sealed, &back), ERR_INVALID_INPUT);
    for (size_t i = 0; i < sealed.len; i++) {
        bytes[i] ^= 1;
        assert_int_equal(seal_open(k, arena, STR("totp:7"), str_n(bytes, sealed.len), &back),
                         ERR_INVALID_INPUT);
        bytes[i] ^= 1;
        assert_int_equal(seal_open(k, arena, STR("totp:7"), str_slice(sealed, 0, i), &back),
                         ERR_INVALID_INPUT);
    }
    assert_int_equal(seal_open(k, arena, STR("totp:7"), str_n(bytes, sealed.len), &back), ERR_OK);
    seal_keys_free(k);
}

static void an_old_secret_still_opens(void **state)
{
    (void)state;
    const struct str both[] = {NEW, OLD};
    struct seal_keys *before = seal_keys_new(&OLD, 1), *during = seal_keys_new(both, 2),
                     *after = seal_keys_new(&NEW, 1);
    struct str old = seal(before, arena, STR("c"), STR("x")),
               fresh = seal(during, arena, STR("c"), STR("y")), back;
    assert_int_equal(seal_open(during, arena, STR("c"), old, &back), ERR_OK);
    assert_true(str_eq(back, STR("x")));
    assert_int_equal(seal_open(after, arena, STR("c"), fresh, &back), ERR_OK);
    assert_int_equal(seal_open(after, arena, STR("c"), old, &back), ERR_INVALID_INPUT);
    assert_int_equal(seal_open(before, arena, STR("c"), fresh, &back), ERR_INVALID_INPUT);
    seal_keys_free(before);
    seal_keys_free(during);
    seal_keys_free(after);
}

static void keys_differ_by_purpose(void **state)
{
    (void)state;
    uint8_t a[SHA256_SIZE], b[SHA256_SIZE], c[SHA256_SIZE];
    seal_derive(NEW, STR("codes"), a);
    seal_derive(NEW, STR("codes"), b);
    seal_derive(NEW, STR("other"), c);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_sealed_opens_again), T(it_is_never_the_same_twice), T(any_change_keeps_it_shut),
        T(an_old_secret_still_opens),  T(keys_differ_by_purpose),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
