#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/target.h"

static size_t busy(const struct targets *t, struct str *first)
{
    struct arena *a = arena_new();
    const struct str *names;
    size_t n = targets_busy(t, a, &names);
    if (n)
        *first = names[0];
    arena_free(a);
    return n;
}

static void a_target_is_busy_with_as_many_as_it_may_have(void **state)
{
    (void)state;
    struct targets t = {0};
    struct str first = STR_NULL;
    for (int i = 0; i < TARGET_ACTIVE_MAX; i++) {
        assert_int_equal(busy(&t, &first), 0);
        targets_begin(&t, STR("slow.example.org"));
    }
    targets_begin(&t, STR("other.example.org"));
    assert_int_equal(busy(&t, &first), 1);
    assert_true(str_eq(first, STR("slow.example.org")));
    targets_end(&t, STR("slow.example.org"));
    assert_int_equal(busy(&t, &first), 0);
}

static void entries_are_used_again(void **state)
{
    (void)state;
    struct targets t = {0};
    struct str first;
    char name[] = "a.example.org";
    for (int round = 0; round < 3 * TARGETS_MAX; round++) {
        name[0] = (char)('a' + round % 26);
        targets_begin(&t, str_from(name));
        targets_end(&t, str_from(name));
    }
    for (int i = 0; i < TARGETS_MAX; i++) {
        name[0] = (char)('a' + i);
        targets_begin(&t, str_from(name));
    }
    targets_begin(&t, STR("no room for this one"));
    targets_end(&t, STR("no room for this one"));
    assert_int_equal(busy(&t, &first), 0);
}

static void nothing_in_particular_has_no_bound(void **state)
{
    (void)state;
    struct targets t = {0};
    struct str first;
    char longest[400];
    for (int i = 0; i < 2 * TARGET_ACTIVE_MAX; i++)
        targets_begin(&t, STR(""));
    assert_int_equal(busy(&t, &first), 0);
    memset(longest, 'x', sizeof longest);
    for (int i = 0; i < TARGET_ACTIVE_MAX; i++)
        targets_begin(&t, str_n(longest, sizeof longest));
    assert_int_equal(busy(&t, &first), 1);
    assert_int_equal(first.len, TARGET_NAME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_busy_with_as_many_as_it_may_have),
        cmocka_unit_test(entries_are_used_again),
        cmocka_unit_test(nothing_in_particular_has_no_bound),
    };
    return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
