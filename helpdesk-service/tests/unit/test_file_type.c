#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/byte_range.h"
#include "domain/file_type.h"

#define DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#define OCTETS "application/octet-stream"

static void declared_types_are_normalised(void **state)
{
    static const struct {
        const char *given, *expected;
    } cases[] = {
        {"image/png", "image/png"},
        {" Text/Plain ; charset=utf-8", "text/plain"},
        {"image/jpg", "image/jpeg"},
        {"application/x-zip-compressed", "application/zip"},
        {"application/octet-stream", NULL},
        {"", NULL},
        {";", NULL},
    };
    struct arena *a = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str got = file_type_declared(a, str_from(cases[i].given));

        assert_true(str_eq(got, str_from(cases[i].expected)));
        assert_int_equal(got.p == NULL, cases[i].expected == NULL);
    }
    assert_null(file_type_declared(a, STR_NULL).p);
    arena_free(a);
}

static void contents_agree_or_contradict(void **state)
{
    static const struct {
        const char *declared, *sniffed, *head, *expected;
    } cases[] = {
        {"image/png", "image/png", "x", "image/png"},
        {"image/png", "text/plain", "x", NULL},
        {"image/png", OCTETS, "x", NULL},
        {"image/png", "image/jpeg", "x", NULL},
        {"application/pdf", "text/plain", "x", NULL},
        {"text/plain", "text/x-c", "x", "text/plain"},
        {"text/plain", "application/json", "x", "text/plain"},
        {"text/csv", "text/plain", "x", "text/csv"},
        {"text/plain", OCTETS, "x", "text/plain"},
        {"text/plain", OCTETS, "\x01", NULL},
        {"text/plain", "application/x-dosexec", "MZ", NULL},
        {"text/plain", "text/html", "<html>", NULL},
        {"text/plain", "image/svg+xml", "<svg>", NULL},
        {"text/html", "text/html", "<html>", "text/html"},
        {DOCX, "application/zip", "PK", DOCX},
        {"application/zip", DOCX, "PK", "application/zip"},
        {DOCX, OCTETS, "x", NULL},
        {"application/msword", "application/CDFV2", "x", "application/msword"},
        {"application/msword", "application/zip", "PK", NULL},
        {"audio/mpeg", OCTETS, "x", "audio/mpeg"},
        {"audio/mpeg", "audio/ogg", "x", "audio/mpeg"},
        {"audio/mpeg", "application/x-dosexec", "x", NULL},
        {"nonsense", "text/plain", "x", NULL},
        {NULL, "image/gif", "x", "image/gif"},
        {NULL, OCTETS, "x", "text/plain"},
        {NULL, OCTETS, "\x02", OCTETS},
        {NULL, "application/x-empty", "", "text/plain"},
        {"image/png", "application/x-empty", "", "image/png"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str got = file_type_decide(str_from(cases[i].declared), str_from(cases[i].sniffed),
                                          str_from(cases[i].head));

        if (!str_eq(got, str_from(cases[i].expected)))
            fail_msg("case %zu: %.*s", i, STR_ARG(got));
        assert_int_equal(got.p == NULL, cases[i].expected == NULL);
    }
    /* A text has no NUL, wherever it is. */
    assert_null(file_type_decide(STR("text/plain"), STR(OCTETS), STR("abc\0d")).p);
}

static void lists_and_inline(void **state)
{
    (void)state;
    assert_true(file_type_is_listed(STR("a/b  c/d"), STR("C/D")));
    assert_false(file_type_is_listed(STR("a/b c/d"), STR("c")));
    assert_false(file_type_is_listed(STR("a/b c/d"), STR("")));
    assert_true(file_type_may_be_inline(STR("image/png")));
    assert_false(file_type_may_be_inline(STR("image/svg+xml")));
    assert_false(file_type_may_be_inline(STR("text/html")));
    assert_false(file_type_may_be_inline(STR("text/csv")));
}

static void ranges(void **state)
{
    static const struct {
        const char *header;
        int64_t size;
        enum byte_range_kind kind;
        int64_t first, length;
    } cases[] = {
        {"bytes=0-0", 10, BYTE_RANGE_PART, 0, 1},
        {"bytes=2-4", 10, BYTE_RANGE_PART, 2, 3},
        {"BYTES = 2-", 10, BYTE_RANGE_PART, 2, 8},
        {"bytes=2-99", 10, BYTE_RANGE_PART, 2, 8},
        {"bytes=2-99999999999999999999", 10, BYTE_RANGE_PART, 2, 8},
        {"bytes=-3", 10, BYTE_RANGE_PART, 7, 3},
        {"bytes=-99999999999999999999", 10, BYTE_RANGE_PART, 0, 10},
        {"bytes=9-9", 10, BYTE_RANGE_PART, 9, 1},
        {"bytes=10-", 10, BYTE_RANGE_OUTSIDE, 0, 0},
        {"bytes=99999999999999999999-", 10, BYTE_RANGE_OUTSIDE, 0, 0},
        {"bytes=-0", 10, BYTE_RANGE_OUTSIDE, 0, 0},
        {"bytes=0-", 0, BYTE_RANGE_OUTSIDE, 0, 0},
        {"bytes=-1", 0, BYTE_RANGE_OUTSIDE, 0, 0},
        {"bytes=4-2", 10, BYTE_RANGE_NONE, 0, 0},
        {"bytes=0-1,3-4", 10, BYTE_RANGE_NONE, 0, 0},
        {"bytes=", 10, BYTE_RANGE_NONE, 0, 0},
        {"bytes=-", 10, BYTE_RANGE_NONE, 0, 0},
        {"bytes=a-b", 10, BYTE_RANGE_NONE, 0, 0},
        {"bytes=+1-2", 10, BYTE_RANGE_NONE, 0, 0},
        {"bytes=--1", 10, BYTE_RANGE_NONE, 0, 0},
        {"items=0-1", 10, BYTE_RANGE_NONE, 0, 0},
        {"bytes 0-1", 10, BYTE_RANGE_NONE, 0, 0},
        {"", 10, BYTE_RANGE_NONE, 0, 0},
        {NULL, 10, BYTE_RANGE_NONE, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct byte_range got = {0};

        if (byte_range_read(str_from(cases[i].header), cases[i].size, &got) != cases[i].kind)
            fail_msg("case %zu", i);
        assert_int_equal(got.first, cases[i].first);
        assert_int_equal(got.length, cases[i].length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_types_are_normalised),
        cmocka_unit_test(contents_agree_or_contradict),
        cmocka_unit_test(lists_and_inline),
        cmocka_unit_test(ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
