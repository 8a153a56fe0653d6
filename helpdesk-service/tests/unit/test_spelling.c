/* How far words are from each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/spelling.h"

static void distances(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"abc", "abc", 0},
        {"abc", "abd", 1},
        {"abc", "acb", 1},
        {"abc", "abcd", 1},
        {"abc", "ac", 1},
        {"printer", "pritner", 1},
        {"printer", "prnter", 1},
        {"vpn", "npv", 2},
        {"ca", "abc", 3},
    };
    static const char LONG[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(spelling_distance(str_from(cases[i].a), str_from(cases[i].b)),
                         cases[i].distance);
    assert_int_equal(spelling_distance(str_from(LONG), STR("a")), SPELLING_BYTES_MAX);
    assert_true(spelling_is_near(STR("netwrok"), STR("network")));
    assert_false(spelling_is_near(STR("netwr"), STR("network")));
    assert_true(spelling_is_near(STR("conecton"), STR("connection")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
