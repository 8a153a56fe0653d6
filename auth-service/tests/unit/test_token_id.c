#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/token_id.h"

#define SESSION "0f8fad5b-d9cb-469f-a165-70867728950e"

static void what_is_formatted_can_be_read(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct token_id in = {STR(SESSION), 42, 'r'}, out;
    struct str text = token_id_format(a, &in);

    assert_true(str_eq(text, STR(SESSION ".42r")));
    assert_true(token_id_parse(text, &out));
    assert_true(str_eq(out.session, in.session));
    assert_int_equal(out.generation, 42);
    assert_int_equal(out.kind, 'r');
    arena_free(a);
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a",
        SESSION,
        SESSION ".",
        SESSION ".1",
        SESSION ".r",
        SESSION ".0r",
        SESSION ".-1r",
        SESSION ".1x",
        SESSION ".99999999999999999999r",
        SESSION "-1r",
        "0F8FAD5B-D9CB-469F-A165-70867728950E.1r",
        "0f8fad5bxd9cb-469f-a165-70867728950e.1r",
        "0f8fad5b-d9cb-469f-a165-70867728950'.1r",
    };
    struct token_id out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(token_id_parse(str_from(bad[i]), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_formatted_can_be_read),
        cmocka_unit_test(everything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
