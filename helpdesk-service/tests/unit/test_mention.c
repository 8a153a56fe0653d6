#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/mention.h"

static void people_are_found_in_texts(void **state)
{
    static const struct {
        const char *text;
        int ids, emails;
        const char *first_email;
        int64_t first_id;
    } CASES[] = {
        {"", 0, 0, NULL, 0},
        {"@", 0, 0, NULL, 0},
        {"@[", 0, 0, NULL, 0},
        {"@[17] look", 1, 0, NULL, 17},
        {"@[17]@[18]", 2, 0, NULL, 17},
        {"@[0] @[-1] @[x] @[ 1] @[99999999999999999999]", 0, 0, NULL, 0},
        {"@Jane.Smith@Company.com.", 0, 1, "jane.smith@company.com", 0},
        {"(@a@b), @c@d?", 0, 2, "a@b", 0},
        {"a@b.c is an address, not a mention", 0, 0, NULL, 0},
        {"@a@ @a @@a @a@.", 0, 0, NULL, 0},
        {"x@[5]", 0, 0, NULL, 0},
    };
    struct arena *a = arena_new();
    struct mentions m;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mentions_find(a, str_from(CASES[i].text), &m);
        assert_int_equal(m.id_count, CASES[i].ids);
        assert_int_equal(m.email_count, CASES[i].emails);
        if (CASES[i].first_email)
            assert_true(str_eq(m.emails[0], str_from(CASES[i].first_email)));
        if (CASES[i].first_id)
            assert_int_equal(m.ids[0], CASES[i].first_id);
    }
    arena_free(a);
}

static void no_more_than_fit(void **state)
{
    struct arena *a = arena_new();
    struct str text = STR("");
    struct mentions m;

    (void)state;
    for (int i = 1; i <= MENTION_MAX + 5; i++)
        text = str_printf(a, "%.*s@[%d] @a%d@b ", STR_ARG(text), i, i);
    mentions_find(a, text, &m);
    assert_int_equal(m.id_count, MENTION_MAX);
    assert_int_equal(m.email_count, MENTION_MAX);
    assert_int_equal(m.ids[MENTION_MAX - 1], MENTION_MAX);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_found_in_texts),
        cmocka_unit_test(no_more_than_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
