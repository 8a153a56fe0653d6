#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recent.h"

static void an_id_is_new_once(void **state)
{
    (void)state;
    struct recent r = {.floor = 40};
    assert_true(recent_add(&r, 41));
    assert_true(recent_add(&r, 43));
    assert_true(recent_add(&r, 42));
    assert_false(recent_add(&r, 41));
    assert_false(recent_add(&r, 43));
    assert_int_equal(r.floor, 40);
}

static void the_floor_follows_what_is_forgotten(void **state)
{
    (void)state;
    struct recent r = {.floor = 0};
    for (int64_t id = 1; id <= RECENT_SIZE; id++)
        assert_true(recent_add(&r, id));
    assert_int_equal(r.floor, 0);
    assert_true(recent_add(&r, RECENT_SIZE + 1));
    assert_int_equal(r.floor, 1);
    for (int64_t id = 2; id <= RECENT_SIZE + 1; id++)
        assert_false(recent_add(&r, id));
}

/* Ids of different conversations need not be committed in order. */
static void a_straggler_below_the_floor_is_still_new(void **state)
{
    (void)state;
    struct recent r = {.floor = 100};
    assert_true(recent_add(&r, 99));
    assert_int_equal(r.floor, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_new_once),
        cmocka_unit_test(the_floor_follows_what_is_forgotten),
        cmocka_unit_test(a_straggler_below_the_floor_is_still_new),
    };
    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
