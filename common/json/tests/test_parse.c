/* The parser against accepted and refused texts of the kinds that JSONTestSuite sorts into y_ and
 * n_. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "json.h"

static int setup(void **state)
{
    *state = arena_new();
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* Accepted texts and how the writer spells them. */
static const struct {
    struct str in;
    const char *out;
} accepted[] = {
    {STR("[[]   ]"), "[[]]"},
    {STR("[\"\"]"), "[\"\"]"},
    {STR("[]"), "[]"},
    {STR("{}"), "{}"},
    {STR("[\"a\"]"), "[\"a\"]"},
    {STR("[false]"), "[false]"},
    {STR("[null, 1, \"1\", {}]"), "[null,1,\"1\",{}]"},
    {STR("[1\n]"), "[1]"},
    {STR(" [1]"), "[1]"},
    {STR("[1,null,null,null,2]"), "[1,null,null,null,2]"},
    {STR("[2] "), "[2]"},
    {STR("\t\r\n [ ] \t\r\n"), "[]"},
    {STR("[123e65]"), "[123e65]"},
    {STR("[0e+1]"), "[0e+1]"},
    {STR("[0e1]"), "[0e1]"},
    {STR("[ 4]"), "[4]"},
    {STR("[-0.000000000000000000000000000000000000000000000000000001]"),
     "[-0.000000000000000000000000000000000000000000000000000001]"},
    {STR("[20e1]"), "[20e1]"},
    {STR("[-0]"), "[-0]"},
    {STR("[-123]"), "[-123]"},
    {STR("[1E22]"), "[1E22]"},
    {STR("[1E-2]"), "[1E-2]"},
    {STR("[1E+2]"), "[1E+2]"},
    {STR("[123.456e78]"), "[123.456e78]"},
    {STR("[100000000000000000000000000000]"), "[100000000000000000000000000000]"},
    {STR("[1e-400]"), "[1e-400]"},
    {STR("{\"asd\":\"sdf\", \"dfg\":\"fgh\"}"), "{\"asd\":\"sdf\",\"dfg\":\"fgh\"}"},
    {STR("{\"\":0}"), "{\"\":0}"},
    {STR("{\"a\":[]}"), "{\"a\":[]}"},
    {STR("{\n\"a\": \"b\"\n}"), "{\"a\":\"b\"}"},
    {STR("{\"a\":{\"a\":1}}"), "{\"a\":{\"a\":1}}"},
    {STR("{\"\\u0061\":1,\"b\":2}"), "{\"a\":1,\"b\":2}"},
    {STR("[\"\\u0060\\u012a\\u12AB\"]"), "[\"`\xC4\xAA\xE1\x8A\xAB\"]"},
    {STR("[\"\\uD801\\udc37\"]"), "[\"\xF0\x90\x90\xB7\"]"},
    {STR("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"), "[\"\xF0\x9F\x98\xB9\xF0\x9F\x92\x8D\"]"},
    {STR("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), "[\"\\\"\\\\/\\b\\f\\n\\r\\t\"]"},
    {STR("[\"\\\\u0000\"]"), "[\"\\\\u0000\"]"},
    {STR("[\"\\u0012\"]"), "[\"\\u0012\"]"},
    {STR("[\"\\uFFFF\"]"), "[\"\xEF\xBF\xBF\"]"},
    {STR("[\"\\u0821\\u2028\"]"), "[\"\xE0\xA0\xA1\xE2\x80\xA8\"]"},
    {STR("[\"\\uDBFF\\uDFFF\"]"), "[\"\xF4\x8F\xBF\xBF\"]"},
    {STR("[\"\xE2\x8D\x82\xE3\x88\xB4\xE2\x8D\x82\"]"),
     "[\"\xE2\x8D\x82\xE3\x88\xB4\xE2\x8D\x82\"]"},
    {STR("[\"a/*b*/c\x7F\"]"), "[\"a/*b*/c\x7F\"]"},
    {STR("[\"new\\u00A0line\"]"), "[\"new\xC2\xA0line\"]"},
    {STR("42"), "42"},
    {STR("-0.1"), "-0.1"},
    {STR("null"), "null"},
    {STR("true"), "true"},
    {STR("false"), "false"},
    {STR("\"asd\""), "\"asd\""},
    {STR("\"\""), "\"\""},
    {STR("[true]"), "[true]"},
};

static const struct str refused[] = {
    /* arrays */
    STR("[1 true]"),
    STR("[a\xE5]"),
    STR("[\"\": 1]"),
    STR("[\"\"],"),
    STR("[,1]"),
    STR("[1,,2]"),
    STR("[\"x\",,]"),
    STR("[\"x\"]]"),
    STR("[\"\",]"),
    STR("[\"x\""),
    STR("[x"),
    STR("[3[4]]"),
    STR("[,]"),
    STR("[-]"),
    STR("[   , \"\"]"),
    STR("[\"a\",\n4\n,1,"),
    STR("[1,]"),
    STR("[*]"),
    STR("["),
    STR("]"),
    STR("[\"\"\n,\n"),
    STR("[1,\n1\n,1"),
    STR("[{}"),
    STR("[\"a\""),
    STR("[1}"),
    STR("[1:2]"),
    STR("[\f1]"),
    STR("[\v]"),
    STR("[\"a\"\0]"),
    /* words */
    STR("[fals]"),
    STR("[nul]"),
    STR("[tru]"),
    STR("[True]"),
    STR("nulll"),
    STR("n"),
    STR("tru"),
    STR("[NaN]"),
    STR("[nan]"),
    STR("[Infinity]"),
    STR("[-Infinity]"),
    STR("[Inf]"),
    STR("undefined"),
    /* numbers */
    STR("[++1234]"),
    STR("[+1]"),
    STR("[+Inf]"),
    STR("[-01]"),
    STR("[-1.0.]"),
    STR("[-2.]"),
    STR("[-NaN]"),
    STR("[.-1]"),
    STR("[.2e-3]"),
    STR("[0.1.2]"),
    STR("[0.3e+]"),
    STR("[0.3e]"),
    STR("[0.e1]"),
    STR("[0E+]"),
    STR("[0e]"),
    STR("[1.0e+]"),
    STR("[1.0e-]"),
    STR("[1.0e]"),
    STR("[1 000.0]"),
    STR("[1eE2]"),
    STR("[2.e+3]"),
    STR("[2.e3]"),
    STR("[9.e+]"),
    STR("[0x1]"),
    STR("[0x42]"),
    STR("[1+2]"),
    STR("[\xEF\xBC\x91]"),
    STR("[- 1]"),
    STR("[-012]"),
    STR("[-.123]"),
    STR("[-1x]"),
    STR("[1ea]"),
    STR("[1.]"),
    STR("[.123]"),
    STR("[1.2a-3]"),
    STR("[012]"),
    STR("00"),
    STR("[1e400]"),
    STR("[-1e400]"),
    STR("123123123e100000"),
    STR("[1_000]"),
    STR("-"),
    STR("0."),
    /* objects */
    STR("[\"x\", truth]"),
    STR("{[: \"x\"}"),
    STR("{\"x\", null}"),
    STR("{\"x\"::\"b\"}"),
    STR("{\"a\":\"a\" 123}"),
    STR("{key: 'value'}"),
    STR("{\"a\" b}"),
    STR("{:\"b\"}"),
    STR("{\"a\" \"b\"}"),
    STR("{\"a\":"),
    STR("{\"a\""),
    STR("{1:1}"),
    STR("{null:null}"),
    STR("{\"id\":0,,,,,}"),
    STR("{'a':0}"),
    STR("{\"id\":0,}"),
    STR("{\"a\":\"b\"}/**/"),
    STR("{\"a\":\"b\"}//"),
    STR("{\"a\":\"b\",,\"c\":\"d\"}"),
    STR("{a: \"b\"}"),
    STR("{\"a\":\"a"),
    STR("{ \"foo\" : \"bar\", \"a\" }"),
    STR("{\"a\":\"b\"}#"),
    STR("{"),
    STR("}"),
    STR("{]"),
    STR("{,"),
    STR("{\"a\":1"),
    STR("{\"a\":1]"),
    STR("{\"a\":1,\"a\":1}"),
    STR("{\"a\":1,\"b\":{},\"\\u0061\":2}"),
    STR("[{\"\":1,\"\":2}]"),
    /* strings */
    STR("\""),
    STR("[\"\\uD800\\\"]"),
    STR("[\"\\uD800\\u\"]"),
    STR("[\"\\uD800\\u1\"]"),
    STR("[\"\\uD800\\u1x\"]"),
    STR("[\xC3\xA9]"),
    STR("[\"\\\0\"]"),
    STR("[\"\\\\\\\"]"),
    STR("[\"\\x00\"]"),
    STR("[\"\\\t\"]"),
    STR("[\"\\\xF0\x9F\x8C\x80\"]"),
    STR("[\"\\\"]"),
    STR("[\"\\u00A\"]"),
    STR("[\"\\uD834\\uDd\"]"),
    STR("[\"\\uD800\\uD800\\x\"]"),
    STR("[\"\\a\"]"),
    STR("[\"\\uqqqq\"]"),
    STR("[\\u0020\"asd\"]"),
    STR("[\\n]"),
    STR("['single quote']"),
    STR("abc"),
    STR("[\"\\"),
    STR("[\"a\0a\"]"),
    STR("[\"new\nline\"]"),
    STR("[\"\t\"]"),
    STR("\"\\UA66D\""),
    STR("\"x"),
    STR("\"\\u000"),
    STR("\"\\u\"\"\""),
    STR("[\"\\u0000\"]"),
    STR("\"a\\u0000b\""),
    STR("[\"\\uD888\\u1234\"]"),
    STR("[\"\\uD800\"]"),
    STR("[\"\\uDFAA\"]"),
    STR("[\"\\uDd1e\\uD834\"]"),
    STR("[\"\\uDADA\"]"),
    STR("[\"\\ud800abc\"]"),
    STR("[\"\\uD800\\n\"]"),
    STR("\"\x1F\""),
    /* not UTF-8 */
    STR("[\"\xFF\"]"),
    STR("[\"\xC0\xAF\"]"),
    STR("[\"\xED\xA0\x80\"]"),
    STR("[\"\xE0\xFF\"]"),
    STR("[\"\x81\"]"),
    STR("[\"\xF4\xBF\xBF\xBF\"]"),
    STR("[\"\xFC\x83\xBF\xBF\xBF\xBF\"]"),
    STR("[\"\xE6\x97\"]"),
    STR("\xFF\xFE[\0\"\0"),
    STR("[1]\xFF"),
    /* around the value */
    STR(""),
    STR(" "),
    STR("\n"),
    STR("\xEF\xBB\xBF{}"),
    STR("<.>"),
    STR("[<null>]"),
    STR("[1]x"),
    STR("{}}"),
    STR("2@"),
    STR("1]"),
    STR("[1][2]"),
    STR("{} {}"),
    STR("[]\0"),
    STR("\0"),
    STR("[\xE2\x81\xA0]"),
    STR("[\x0C]"),
    STR("*"),
    STR("{\"a\":/*comment*/\"b\"}"),
    STR("[1] // x"),
    STR("\xC2\xA0[1]"),
};

static void test_accepts_and_writes_back(void **state)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        const struct json *v;
        const char *why;
        struct json_writer w;
        struct buf out;

        buf_init(&out, *state);
        jw_init(&w, &out);
        if (json_parse(*state, accepted[i].in, &v, &why) != ERR_OK)
            fail_msg("refused %s: %s", accepted[i].in.p, why);
        assert_null(why);
        jw_value(&w, v);
        assert_string_equal(buf_cstr(&out), accepted[i].out);
        /* and what was written reads the same again */
        assert_int_equal(json_parse(*state, buf_str(&out), &v, &why), ERR_OK);
        buf_clear(&out);
        jw_value(&w, v);
        assert_string_equal(buf_cstr(&out), accepted[i].out);
    }
}

static void test_refuses_with_a_reason(void **state)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct json *v = (const struct json *)"";
        const char *why = NULL;

        if (json_parse(*state, refused[i], &v, &why) != ERR_INVALID_INPUT)
            fail_msg("accepted case %zu: %s", i, refused[i].p);
        assert_null(v);
        assert_non_null(why);
    }
}

/* No text is valid at any of its cuts, and none is read beyond its end. */
static void test_refuses_every_prefix(void **state)
{
    struct str text = STR("{\"a\":[1.5e3,true,null,\"\\ud83d\\ude39\\n\"],\"b\":{\"c\":false}}");

    for (size_t n = 0; n < text.len; n++) {
        char *exact = malloc(n ? n : 1); /* of its own size: the sanitizer sees an overrun */
        const struct json *v;
        const char *why;

        memcpy(exact, text.p, n);
        assert_int_equal(json_parse(*state, str_n(exact, n), &v, &why), ERR_INVALID_INPUT);
        free(exact);
    }
}

static struct str nested(struct arena *a, size_t depth, const char *open, const char *close)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&b, str_from(open));
    buf_add_char(&b, '1');
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&b, str_from(close));
    return buf_str(&b);
}

static void test_depth_limit(void **state)
{
    static const struct {
        size_t depth;
        enum err rc;
    } cases[] = {{1, ERR_OK}, {64, ERR_OK}, {65, ERR_INVALID_INPUT}, {100000, ERR_INVALID_INPUT}};
    const struct json *v;
    const char *why;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(json_parse(*state, nested(*state, cases[i].depth, "[", "]"), &v, &why),
                         cases[i].rc);
        assert_int_equal(
            json_parse(*state, nested(*state, cases[i].depth, "{\"a\":", "}"), &v, &why),
            cases[i].rc);
    }
    assert_string_equal(why, "nested too deeply");
}

/* Parsing stays linear in objects with many members, duplicate or not. */
static void test_large_objects(void **state)
{
    const struct json *v;
    struct buf b;
    const char *why;
    int64_t n;

    buf_init(&b, *state);
    buf_add_char(&b, '{');
    for (int i = 0; i < 200000; i++)
        buf_printf(&b, "%s\"k%d\":%d", i ? "," : "", i, i);
    buf_add_char(&b, '}');
    assert_int_equal(json_parse(*state, buf_str(&b), &v, &why), ERR_OK);
    assert_int_equal(json_count(v), 200000);
    assert_true(json_int(json_get(v, "k199999"), &n));
    assert_int_equal(n, 199999);

    b.len--;
    buf_printf(&b, ",\"k77\":0}");
    assert_int_equal(json_parse(*state, buf_str(&b), &v, &why), ERR_INVALID_INPUT);
    assert_string_equal(why, "duplicate key");
}

static void test_duplicates_in_small_and_medium_objects(void **state)
{
    for (int n = 2; n < 80; n++) {
        const struct json *v;
        struct buf b;
        const char *why;

        buf_init(&b, *state);
        buf_add_char(&b, '{');
        for (int i = 0; i < n; i++)
            buf_printf(&b, "\"%d\":1,", i);
        buf_printf(&b, "\"%d\":1}", n / 2);
        assert_int_equal(json_parse(*state, buf_str(&b), &v, &why), ERR_INVALID_INPUT);
        assert_string_equal(why, "duplicate key");
        b.len -= strlen("1}");
        buf_printf(&b, "{\"%d\":1},\"last\":1}", n / 2); /* the same name one level down is fine */
        b.p[str_find(buf_str(&b), STR("\":{")) - 1] = 'x';
        assert_int_equal(json_parse(*state, buf_str(&b), &v, &why), ERR_OK);
        assert_int_equal(json_count(v), n + 2);
    }
}

static void test_accessors(void **state)
{
    const struct json *v, *list;
    struct str key;
    const char *why;
    int64_t i;
    double d;
    bool b;

    assert_int_equal(json_parse(*state,
                                STR("{\"s\":\"x\",\"n\":2.5,\"b\":true,\"a\":[10,20],\"z\":null}"),
                                &v, &why),
                     ERR_OK);
    assert_int_equal(json_type(v), JSON_OBJECT);
    assert_int_equal(json_count(v), 5);
    assert_true(str_eq(json_str(json_get(v, "s")), STR("x")));
    assert_null(json_str(json_get(v, "n")).p);
    assert_true(json_double(json_get(v, "n"), &d) && d == 2.5);
    assert_false(json_int(json_get(v, "n"), &i));
    assert_true(json_bool(json_get(v, "b"), &b) && b);
    assert_false(json_bool(json_get(v, "s"), &b) || b);
    list = json_get(v, "a");
    assert_int_equal(json_count(list), 2);
    assert_true(json_int(json_at(list, 1), &i) && i == 20);
    assert_null(json_at(list, 2));
    assert_null(json_at(v, 0));
    assert_null(json_get(list, "a"));
    assert_int_equal(json_type(json_get(v, "z")), JSON_NULL);
    assert_non_null(json_member(v, 4, &key));
    assert_true(str_eq(key, STR("z")));
    assert_null(json_member(v, 5, &key));
    assert_null(key.p);

    assert_int_equal(json_type(NULL), JSON_NULL);
    assert_null(json_get(NULL, "a"));
    assert_null(json_at(NULL, 0));
    assert_int_equal(json_count(NULL), 0);
    assert_null(json_str(NULL).p);
    assert_false(json_int(NULL, &i) || json_bool(NULL, &b) || json_double(NULL, &d));
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"7.0", true, 7},
        {"12e2", true, 1200},
        {"9007199254740992", true, 9007199254740992},
        {"-9007199254740992", true, -9007199254740992},
        {"9007199254740994", false, 0},
        {"18446744073709551617", false, 0},
        {"1e300", false, 0},
        {"0.5", false, 0},
        {"999999999999999", true, 999999999999999},
        {"1000000000000000", true, 1000000000000000},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct json *v;
        const char *why;
        int64_t n;

        assert_int_equal(json_parse(*state, str_from(cases[i].text), &v, &why), ERR_OK);
        assert_int_equal(json_int(v, &n), cases[i].ok);
        assert_int_equal(n, cases[i].value);
    }
}

/* A value outlives the text it was parsed from. */
static void test_text_may_go_away(void **state)
{
    char *text = strdup("{\"key\":\"value\",\"raw\": [ 1 ]}");
    const struct json *v;
    const char *why;

    assert_int_equal(json_parse(*state, str_from(text), &v, &why), ERR_OK);
    memset(text, 'x', strlen(text));
    free(text);
    assert_true(str_eq(json_str(json_get(v, "key")), STR("value")));
}

static void test_huge_number_is_quick(void **state)
{
    size_t n = 1 << 20;
    char *digits = arena_alloc(*state, n);
    const struct json *v;
    const char *why;
    clock_t begin = clock();

    memset(digits, '9', n);
    assert_int_equal(json_parse(*state, str_n(digits, n), &v, &why), ERR_INVALID_INPUT);
    digits[1] = '.';
    assert_int_equal(json_parse(*state, str_n(digits, n), &v, &why), ERR_OK);
    assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_accepts_and_writes_back),
        CASE(test_refuses_with_a_reason),
        CASE(test_refuses_every_prefix),
        CASE(test_depth_limit),
        CASE(test_large_objects),
        CASE(test_duplicates_in_small_and_medium_objects),
        CASE(test_accessors),
        CASE(test_integers),
        CASE(test_text_may_go_away),
        CASE(test_huge_number_is_quick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
