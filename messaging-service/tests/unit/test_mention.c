#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/mention.h"

enum { ADA = 1, ADA_KING, ZOE, NAMELESS };

static void whom_a_text_names(void **state)
{
    (void)state;
    static const struct named_person PEOPLE[] = {{ADA, {"Ada", 3}},
                                                 {ADA_KING, {"Ada King", 8}},
                                                 {ZOE, {"Zo\xC3\xAB", 4}},
                                                 {NAMELESS, {"", 0}}};
    static const struct {
        const char *text;
        int64_t expected[3];
    } CASES[] = {
        {"", {0}},
        {"@", {0}},
        {"nobody", {0}},
        {"@Ada", {ADA}},
        {"@ada, look", {ADA}},
        {"@ADA KING!", {ADA_KING}},
        {"@Ada Kingdom", {ADA}},
        {"@Adam", {0}},
        {"mail@Ada", {0}},
        {"(@Ada) and @Ada again, @Zo\xC3\xAB", {ADA, ZOE}},
        {"@@Ada", {ADA}},
        {"@Zo", {0}},
        {"@Ada\xC3\xA9", {0}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct arena *a = arena_new();
        const int64_t *ids;
        size_t n = mentions_find(a, str_from(CASES[i].text), PEOPLE, 4, &ids);
        size_t expected = 0;
        while (CASES[i].expected[expected])
            expected++;
        assert_int_equal(n, expected);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(ids[k], CASES[i].expected[k]);
        arena_free(a);
    }
}

static void mentions_are_limited(void **state)
{
    (void)state;
    static struct named_person people[MENTIONS_MAX + 10];
    struct arena *a = arena_new();
    struct str text = STR("");
    const int64_t *ids;
    for (int i = 0; i < MENTIONS_MAX + 10; i++) {
        people[i] = (struct named_person){i + 1, str_printf(a, "P%03d", i)};
        text = str_printf(a, "%.*s @P%03d", STR_ARG(text), i);
    }
    assert_int_equal(mentions_find(a, text, people, MENTIONS_MAX + 10, &ids), MENTIONS_MAX);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whom_a_text_names),
                                       cmocka_unit_test(mentions_are_limited)};
    return cmocka_run_group_tests_name("mention", tests, NULL, NULL);
}
