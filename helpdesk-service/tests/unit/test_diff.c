#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "domain/diff.h"

#define NO_NEWLINE "\n\\ No newline at end of file\n"

static void texts_are_compared(void **state)
{
    static const struct {
        const char *before, *after, *diff;
        int added, removed;
    } CASES[] = {
        {"", "", "", 0, 0},
        {"a\n", "a\n", "", 0, 0},
        {"a", "a", "", 0, 0},
        {"", "a\n", "@@ -0,0 +1 @@\n+a\n", 1, 0},
        {"a\n", "", "@@ -1 +0,0 @@\n-a\n", 0, 1},
        {"a", "a\n", "@@ -1 +1 @@\n-a" NO_NEWLINE "+a\n", 1, 1},
        {"a\nb", "a\nc", "@@ -1,2 +1,2 @@\n a\n-b" NO_NEWLINE "+c" NO_NEWLINE, 1, 1},
        {"a\r\nb\n", "a\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n", 1, 1},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
         "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n", 1, 1},
        {"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
         "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n", 2, 2},
        {"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
         "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n", 2, 2},
        {"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
         "@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c\n", 2, 3},
    };
    struct arena *a = arena_new();
    struct diff d;

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        diff_unified(a, str_from(CASES[i].before), str_from(CASES[i].after), &d);
        assert_string_equal(str_cstr(a, d.text), CASES[i].diff);
        assert_int_equal(d.added, CASES[i].added);
        assert_int_equal(d.removed, CASES[i].removed);
        assert_false(d.is_coarse || d.is_truncated);
    }
    arena_free(a);
}

/* ---- what a diff is good for: making one text of the other -------------------------------- */

static struct str next_line(struct str *rest)
{
    ptrdiff_t at = str_index(*rest, '\n', 0);
    struct str line = at < 0 ? *rest : str_slice(*rest, 0, (size_t)at + 1);

    *rest = str_slice(*rest, line.len, rest->len);
    return line;
}

static void patch(struct buf *b, struct str before, struct str diff)
{
    int line = 0;

    while (diff.len) {
        struct str d = next_line(&diff);
        bool is_cut = diff.len && diff.p[0] == '\\';
        struct str text = str_slice(d, 1, is_cut ? d.len - 1 : d.len);

        if (is_cut)
            (void)next_line(&diff);
        if (d.p[0] == '@') {
            int first = (int)strtol(d.p + 4, NULL, 10);
            bool is_empty = d.p[4] == '0' || str_find(d, STR(",0 +")) >= 0;

            for (; line < first - !is_empty; line++)
                buf_add_str(b, next_line(&before));
            continue;
        }
        if (d.p[0] != '+') {
            assert_true(str_eq(next_line(&before), text));
            line++;
        }
        if (d.p[0] != '-')
            buf_add_str(b, text);
    }
    buf_add_str(b, before);
}

static struct str random_text(struct arena *a, int lines)
{
    struct buf b;

    buf_init(&b, a);
    for (int i = 0; i < lines; i++)
        buf_printf(&b, "%c\n", 'a' + (int)(random() % 5));
    if (b.len && random() % 3 == 0)
        b.len--;
    return buf_str(&b);
}

static void a_diff_makes_one_text_of_the_other(void **state)
{
    (void)state;
    srandom(7);
    for (int i = 0; i < 3000; i++) {
        struct arena *a = arena_new();
        struct str before = random_text(a, (int)(random() % 40)),
                   after = random_text(a, (int)(random() % 40));
        struct diff d;
        struct buf b;

        diff_unified(a, before, after, &d);
        buf_init(&b, a);
        patch(&b, before, d.text);
        assert_string_equal(buf_cstr(&b), str_cstr(a, after));
        arena_free(a);
    }
}

/* ---- bounds ------------------------------------------------------------------------------- */

static struct str numbered(struct arena *a, int from, int count, const char *format)
{
    struct buf b;

    buf_init(&b, a);
    for (int i = 0; i < count; i++) {
        buf_printf(&b, "%d", from + i);
        buf_add_str(&b, str_from(format));
    }
    return buf_str(&b);
}

static void nothing_in_common_is_told_as_a_whole(void **state)
{
    struct arena *a = arena_new();
    struct str before = str_printf(a, "same\n%.*send\n", STR_ARG(numbered(a, 0, 900, "\n"))),
               after = str_printf(a, "same\n%.*send\n", STR_ARG(numbered(a, 5000, 900, "\n")));
    struct diff d;
    struct buf b;

    (void)state;
    diff_unified(a, before, after, &d);
    assert_true(d.is_coarse);
    assert_int_equal(d.added, 900);
    assert_int_equal(d.removed, 900);
    assert_true(str_has_prefix(d.text, STR("@@ -1,902 +1,902 @@\n same\n-0\n")));
    buf_init(&b, a);
    patch(&b, before, d.text);
    assert_true(str_eq(buf_str(&b), after));
    arena_free(a);
}

static void huge_texts_end_soon(void **state)
{
    struct arena *a = arena_new();
    struct str many = numbered(a, 0, 3 * DIFF_LINES_MAX, "\n"),
               others = numbered(a, 7, 3 * DIFF_LINES_MAX, "\n"),
               wide = numbered(a, 0, 100000, "          "),
               wider = numbered(a, 1, 100000, "          ");
    int64_t begun = clock_mono_us();
    struct buf blank;
    struct diff d;

    (void)state;
    diff_unified(a, many, others, &d);
    assert_true(d.is_truncated);
    assert_int_equal(d.removed, 7);
    diff_unified(a, wide, wider, &d);
    assert_true(d.is_truncated);
    assert_true(d.text.len <= DIFF_TEXT_MAX);
    /* every diagonal is one long snake */
    buf_init(&blank, a);
    memset(buf_reserve(&blank, 500000), '\n', 500000);
    blank.len = 500000;
    diff_unified(a, buf_str(&blank), numbered(a, 0, 1000, "\n\n\n\n"), &d);
    assert_true(d.text.len <= DIFF_TEXT_MAX + 100);
    assert_true(clock_mono_us() - begun < 20 * US_PER_S);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_compared),
        cmocka_unit_test(a_diff_makes_one_text_of_the_other),
        cmocka_unit_test(nothing_in_common_is_told_as_a_whole),
        cmocka_unit_test(huge_texts_end_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
