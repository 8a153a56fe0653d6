/* The writer: commas, escapes, numbers, times. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json.h"

struct fixture {
    struct arena *arena;
    struct buf out;
    struct json_writer w;
};

static int setup(void **state)
{
    struct arena *a = arena_new();
    struct fixture *f = ARENA_NEW(a, struct fixture);

    f->arena = a;
    buf_init(&f->out, a);
    jw_init(&f->w, &f->out);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    return 0;
}

static void restart(struct fixture *f)
{
    buf_clear(&f->out);
    jw_init(&f->w, &f->out);
}

static void test_places_commas(void **state)
{
    struct fixture *f = *state;
    struct json_writer *w = &f->w;

    jw_object(w);
    JW_INT(w, "a", 1);
    JW_KEY(w, "list");
    jw_array(w);
    jw_object(w);
    jw_end_object(w);
    jw_array(w);
    jw_end_array(w);
    jw_int(w, -2);
    jw_object(w);
    JW_NULL(w, "n");
    JW_BOOL(w, "t", true);
    jw_end_object(w);
    jw_end_array(w);
    JW_STR(w, "s", STR("x"));
    JW_STR(w, "absent", STR_NULL);
    JW_STR(w, "empty", STR(""));
    JW_RAW(w, "raw", STR("[1,2]"));
    JW_RAW(w, "no_raw", STR_NULL);
    jw_end_object(w);
    assert_string_equal(buf_cstr(&f->out),
                        "{\"a\":1,\"list\":[{},[],-2,{\"n\":null,\"t\":true}],\"s\":\"x\","
                        "\"absent\":null,\"empty\":\"\",\"raw\":[1,2],\"no_raw\":null}");
}

static void test_reaches_depth_64(void **state)
{
    struct fixture *f = *state;
    const struct json *v;
    const char *why;

    for (int i = 0; i < 64; i++) {
        if (i)
            jw_int(&f->w, i);
        jw_array(&f->w);
    }
    for (int i = 0; i < 64; i++)
        jw_end_array(&f->w);
    assert_int_equal(json_parse(f->arena, buf_str(&f->out), &v, &why), ERR_OK);
}

static void test_escapes(void **state)
{
    static const struct {
        struct str in;
        const char *out;
    } cases[] = {
        {STR("plain"), "\"plain\""},
        {STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
        {STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\""},
        {STR("eight ok\"eight ok\n12345678901234567\\"),
         "\"eight ok\\\"eight ok\\n12345678901234567\\\\\""},
        {STR("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\xB9"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\xB9\""},
        {STR("\xFF"), "\"\xEF\xBF\xBD\""},
        {STR("a\xC3"), "\"a\xEF\xBF\xBD\""},
        {STR("\xC3z"), "\"\xEF\xBF\xBDz\""},
        {STR("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {STR("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {STR("\xF4\x90\x80\x80x"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        restart(f);
        jw_str(&f->w, cases[i].in);
        assert_string_equal(buf_cstr(&f->out), cases[i].out);
    }
}

/* Every byte at every position of an eight-byte word, read back by the parser. */
static void test_every_byte_round_trips(void **state)
{
    struct fixture *f = *state;

    for (int c = 1; c < 256; c++) {
        for (size_t at = 0; at < 17; at++) {
            char text[] = "abcdefghijklmnopq";
            const struct json *v = NULL;
            const char *why;

            text[at] = (char)c;
            restart(f);
            jw_str(&f->w, str_n(text, 17));
            assert_int_equal(json_parse(f->arena, buf_str(&f->out), &v, &why), ERR_OK);
            if (c < 0x80)
                assert_true(str_eq(json_str(v), str_n(text, 17)));
            else
                assert_int_equal(json_str(v).len, 19);
        }
    }
}

static void test_numbers(void **state)
{
    static const struct {
        double in;
        const char *out;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-2.5, "-2.5"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {1e21, "1e+21"},
        {123456789012.0, "123456789012"},
        {5e-324, "4.94065645841247e-324"},
        {NAN, "null"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
        {0.1 + 0.2, "0.30000000000000004"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        restart(f);
        jw_double(&f->w, cases[i].in);
        assert_string_equal(buf_cstr(&f->out), cases[i].out);
    }
    restart(f);
    jw_array(&f->w);
    jw_int(&f->w, INT64_MIN);
    jw_int(&f->w, INT64_MAX);
    jw_int(&f->w, 0);
    jw_end_array(&f->w);
    assert_string_equal(buf_cstr(&f->out), "[-9223372036854775808,9223372036854775807,0]");
}

static void test_times(void **state)
{
    struct fixture *f = *state;

    jw_array(&f->w);
    jw_time(&f->w, 1768213800123456);
    jw_time_ms(&f->w, 1768213800123456);
    jw_time(&f->w, JSON_NO_TIME);
    jw_time_ms(&f->w, JSON_NO_TIME);
    jw_end_array(&f->w);
    assert_string_equal(buf_cstr(&f->out),
                        "[\"2026-01-12T10:30:00Z\",\"2026-01-12T10:30:00.123Z\",null,null]");
}

static void test_copies_values(void **state)
{
    struct fixture *f = *state;
    const struct json *v;
    const char *why;

    assert_int_equal(
        json_parse(f->arena, STR(" { \"n\" : 12345678901234567890.10 , \"a\" : [ true , null ] } "),
                   &v, &why),
        ERR_OK);
    jw_object(&f->w);
    JW_KEY(&f->w, "copy");
    jw_value(&f->w, v);
    JW_KEY(&f->w, "none");
    jw_value(&f->w, NULL);
    jw_end_object(&f->w);
    assert_string_equal(
        buf_cstr(&f->out),
        "{\"copy\":{\"n\":12345678901234567890.10,\"a\":[true,null]},\"none\":null}");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_places_commas),          CASE(test_reaches_depth_64), CASE(test_escapes),
        CASE(test_every_byte_round_trips), CASE(test_numbers),          CASE(test_times),
        CASE(test_copies_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
