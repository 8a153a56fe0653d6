/* Cursors: round trips, forgeries, another list's, key rotation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cursor.h"

#define LIST STR("/people?sort=name")

static struct jwt_keys *keys_of(struct str first, struct str second)
{
    const struct str secrets[] = {first, second};

    return jwt_keys_new(secrets, second.p ? 2 : 1);
}

static void test_a_cursor_is_read_back(void **state)
{
    static const struct cursor cases[] = {
        {STR(""), 1}, {STR("Ann  Lee"), INT64_MAX}, {STR("\xc3\xa9 \n|"), -5}, {STR("7 8"), 0}};
    struct jwt_keys *k = keys_of(STR("a"), STR_NULL);
    struct arena *a = arena_new();
    struct cursor out;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str text = cursor_encode(k, a, LIST, &cases[i]);
        assert_int_equal(cursor_decode(k, a, LIST, text, &out), ERR_OK);
        assert_int_equal(out.id, cases[i].id);
        assert_true(str_eq(out.key, cases[i].key));
    }
    arena_free(a);
    jwt_keys_free(k);
}

static void test_nothing_else_is_taken(void **state)
{
    struct jwt_keys *k = keys_of(STR("a"), STR_NULL), *other = keys_of(STR("b"), STR_NULL);
    struct arena *a = arena_new();
    struct str text = cursor_encode(k, a, LIST, &(struct cursor){STR("Ann"), 7});
    char *forged = str_cstr(a, text);
    char huge[5000];
    struct cursor out;

    (void)state;
    for (size_t i = 0; i < text.len; i++) {
        forged[i] ^= 1;
        assert_int_equal(cursor_decode(k, a, LIST, str_n(forged, text.len), &out),
                         ERR_INVALID_INPUT);
        forged[i] ^= 1;
        assert_int_equal(cursor_decode(k, a, LIST, str_slice(text, 0, i), &out), ERR_INVALID_INPUT);
    }
    memset(huge, 'A', sizeof huge);
    assert_int_equal(cursor_decode(k, a, LIST, str_n(huge, sizeof huge), &out), ERR_INVALID_INPUT);
    assert_int_equal(cursor_decode(k, a, STR("/people?sort=-name"), text, &out), ERR_INVALID_INPUT);
    assert_int_equal(cursor_decode(other, a, LIST, text, &out), ERR_INVALID_INPUT);
    assert_int_equal(cursor_decode(k, a, LIST, STR_NULL, &out), ERR_INVALID_INPUT);
    arena_free(a);
    jwt_keys_free(k);
    jwt_keys_free(other);
}

static void test_a_cursor_survives_the_rotation_of_keys(void **state)
{
    struct jwt_keys *before = keys_of(STR("old"), STR_NULL);
    struct jwt_keys *after = keys_of(STR("new"), STR("old"));
    struct arena *a = arena_new();
    struct str text = cursor_encode(before, a, LIST, &(struct cursor){STR("Ann"), 7});
    struct cursor out;

    (void)state;
    assert_int_equal(cursor_decode(after, a, LIST, text, &out), ERR_OK);
    text = cursor_encode(after, a, LIST, &out);
    assert_int_equal(cursor_decode(before, a, LIST, text, &out), ERR_INVALID_INPUT);
    arena_free(a);
    jwt_keys_free(before);
    jwt_keys_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cursor_is_read_back),
        cmocka_unit_test(test_nothing_else_is_taken),
        cmocka_unit_test(test_a_cursor_survives_the_rotation_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
