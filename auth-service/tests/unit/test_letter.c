#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "mail/letter.h"

static struct letter sample(void)
{
    return (struct letter){
        .name = STR("Ann <script>"),
        .link = STR("https://x.example/?token=a&b=\"c\""),
        .life_s = 3600,
        .address = STR("192.0.2.1"),
        .user_agent = STR("curl/7"),
        .at = INT64_C(1767225600) * US_PER_S,
    };
}

static bool has(struct str s, const char *part)
{
    return str_find(s, str_from(part)) >= 0;
}

static void a_link_is_in_both_forms_and_escaped(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct letter l = sample();
    struct letter_text t;

    assert_true(letter_write(a, STR(LETTER_RESET_PASSWORD), &l, &t));
    assert_true(has(t.text, "    https://x.example/?token=a&b=\"c\"\n"));
    assert_true(has(t.text, "within 1 hour."));
    assert_true(has(t.html, "href=\"https://x.example/?token=a&amp;b=&quot;c&quot;\""));
    assert_true(has(t.html, "Ann &lt;script&gt;"));
    assert_false(has(t.html, "<script>"));
    arena_free(a);
}

static void a_notice_says_when_and_from_where(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct letter l = sample();
    struct letter_text t;

    l.link = STR_NULL;
    assert_true(letter_write(a, STR(LETTER_PASSWORD_CHANGED), &l, &t));
    assert_true(has(t.text, "on 2026-01-01 at 00:00 UTC from 192.0.2.1 (curl/7)."));
    l.user_agent = STR_NULL;
    assert_true(letter_write(a, STR(LETTER_FACTOR_DISABLED), &l, &t));
    assert_true(has(t.html, "from 192.0.2.1.</p>"));
    arena_free(a);
}

static void a_code_stands_alone_on_its_line(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct letter l = sample();
    struct letter_text t;

    l.link = STR_NULL;
    l.code = STR("012345");
    l.life_s = 300;
    assert_true(letter_write(a, STR(LETTER_CODE), &l, &t));
    assert_true(has(t.text, "\n    012345\n"));
    assert_true(has(t.text, "within 5 minutes."));
    assert_false(letter_write(a, STR("unknown"), &l, &t));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_in_both_forms_and_escaped),
        cmocka_unit_test(a_notice_says_when_and_from_where),
        cmocka_unit_test(a_code_stands_alone_on_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
