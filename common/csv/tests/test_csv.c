#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "csv.h"

/* The records of a text fed in pieces of a size, joined by '|', with the lines they begin at. */
static struct str records(struct arena *a, struct str text, size_t piece, bool is_csv)
{
    struct record_reader r;
    struct str record;
    struct buf out;

    buf_init(&out, a);
    record_reader_init(&r, a, is_csv);
    for (size_t at = 0; at < text.len; at += piece) {
        struct str input = str_slice(text, at, at + piece < text.len ? at + piece : text.len);
        while (record_next(&r, &input, &record))
            buf_printf(&out, "%d:%.*s|", (int)r.line, STR_ARG(record));
    }
    if (record_last(&r, &record))
        buf_printf(&out, "%d:%.*s|", (int)r.line, STR_ARG(record));
    return buf_str(&out);
}

static void test_records_come_whole_from_pieces_of_any_size(void **state)
{
    struct str text = STR("a,b\r\n\"x\ny\",2\n\nlast");
    struct arena *a = arena_new();

    (void)state;
    for (size_t piece = 1; piece < 25; piece++) {
        assert_true(str_eq(records(a, text, piece, true), STR("1:a,b|2:\"x\ny\",2|4:|5:last|")));
        assert_true(str_eq(records(a, STR("{\"a\":\"\\\"\"}\n{}\n"), piece, false),
                           STR("1:{\"a\":\"\\\"\"}|2:{}|")));
    }
    assert_true(str_eq(records(a, STR(""), 1, true), STR("")));
    arena_free(a);
}

static void test_a_record_is_cut_at_its_bound(void **state)
{
    static char text[RECORD_MAX + 100];
    struct arena *a = arena_new();
    struct record_reader r;
    struct str input = str_n(text, sizeof text), record;

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 3] = '\n';
    record_reader_init(&r, a, true);
    assert_true(record_next(&r, &input, &record));
    assert_true(r.is_too_long);
    assert_int_equal(record.len, RECORD_MAX);
    assert_false(record_next(&r, &input, &record));
    assert_true(record_last(&r, &record));
    assert_false(r.is_too_long);
    assert_true(str_eq(record, STR("xx")));
    arena_free(a);
}

static void test_fields(void **state)
{
    static const struct {
        struct str record;
        size_t n; /* 0: malformed */
        struct str fields[4];
    } cases[] = {
        {STR("a,b"), 2, {STR("a"), STR("b")}},
        {STR(""), 1, {STR("")}},
        {STR(",,"), 3, {STR(""), STR(""), STR("")}},
        {STR("\"a,\"\"b\"\"\",\"\""), 2, {STR("a,\"b\""), STR("")}},
        {STR("\"x\ny\",2"), 2, {STR("x\ny"), STR("2")}},
        {STR("'=1+1,'x"), 2, {STR("=1+1"), STR("'x")}},
        {STR("\"a"), 0, {{0}}},
        {STR("\"a\"b"), 0, {{0}}},
        {STR("a\"b"), 0, {{0}}},
        {STR("1,2,3,4,5"), 0, {{0}}},
    };
    struct arena *a = arena_new();
    struct str fields[4];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(csv_split(a, cases[i].record, fields, 4, &n), cases[i].n > 0);
        if (cases[i].n == 0)
            continue;
        assert_int_equal(n, cases[i].n);
        for (size_t k = 0; k < n; k++)
            assert_true(str_eq(fields[k], cases[i].fields[k]));
    }
    arena_free(a);
}

static void test_what_is_written_is_read_back(void **state)
{
    static const struct str values[] = {
        STR("plain"), STR(""),   STR("a,b"), STR("\"q\""),     STR("x\r\ny"),  STR("=cmd|x"),
        STR("+49 1"), STR("-1"), STR("@a"),  STR("\tleading"), STR("'quoted"), STR("\r,")};
    struct arena *a = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct str fields[2];
        struct buf b;
        size_t n;
        buf_init(&b, a);
        csv_write_field(&b, values[i]);
        assert_true(b.len == 0 || !strchr("=+-@\t\r", b.p[0]));
        assert_true(csv_split(a, buf_str(&b), fields, 2, &n));
        assert_int_equal(n, 1);
        assert_true(str_eq(fields[0], values[i]));
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_whole_from_pieces_of_any_size),
        cmocka_unit_test(test_a_record_is_cut_at_its_bound),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
