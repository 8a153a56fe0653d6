#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doc_json.h"

static const struct doc_options FOREIGN = {.is_foreign = true};

static const struct doc_node *parse(struct arena *a, const char *text,
                                    struct problem_list *problems)
{
    problem_list_init(problems, a, "file");
    return doc_parse(a, str_from(text), &FOREIGN, problems);
}

static void foreign_documents_are_bounded(void **state)
{
    static const struct {
        const char *text, *problem;
        int line;
    } cases[] = {
        {"a: 1\nb: &x 2\n", "anchors are not allowed", 2},
        {"a: 1\n\nb: *x\n", "aliases are not allowed", 3},
        {"a: &x [1]\nb: [*x, *x]\n", "anchors are not allowed", 1},
        {"a: 1\n? {b: &y {}}\n: 2\n", "anchors are not allowed", 2},
        {"a: 1\nb: [1\nc: }\n", "not valid YAML", 3},
        {"a: 1\na: 2\n", "repeated", 2},
        {"a: 1\n---\nb: 1\n", "one YAML document", 3},
        {"a: \"\\0\"\n", "NUL", 1},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "too deep", 1},
        {"", "empty", 0},
        {"a: \xff\n", "not valid YAML", 0},
    };
    struct arena *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem_list problems;
        (void)parse(a, cases[i].text, &problems);
        assert_int_not_equal(problems.count, 0);
        assert_true(str_find(problems.first->text, str_from(cases[i].problem)) >= 0);
        if (cases[i].line)
            assert_int_equal(problems.first->line, cases[i].line);
    }
}

static void mappings_are_bounded(void **state)
{
    struct arena *a = *state;
    struct problem_list problems;
    struct buf b;
    buf_init(&b, a);
    for (int i = 0; i < 1001; i++)
        buf_printf(&b, "key%d: 1\n", i);
    (void)parse(a, buf_cstr(&b), &problems);
    assert_int_equal(problems.count, 1);
    buf_clear(&b);
    for (int i = 0; i < 60000; i++)
        buf_printf(&b, "- a\n- b\n");
    assert_null(parse(a, buf_cstr(&b), &problems));
}

static void variables_stay_text_without_an_environment(void **state)
{
    struct problem_list problems;
    const struct doc_node *n = parse(*state, "a: ${HOME}\n", &problems);
    assert_int_equal(problems.count, 0);
    assert_true(str_eq(doc_get(n, STR("a"))->text, STR("${HOME}")));
}

static void words_are_what_yaml_takes_them_for(void **state)
{
    struct problem_list problems;
    const struct doc_node *n =
        parse(*state,
              "a: yes\nb: 'yes'\nc: ~\nd: 7\ne: 1.5\nf: .inf\ng: [x, {}]\nh: +inf\ni: |\n  two\n"
              "  lines\n",
              &problems);
    assert_int_equal(problems.count, 0);
    assert_true(str_eq(doc_to_json(*state, n),
                       STR("{\"a\":true,\"b\":\"yes\",\"c\":null,\"d\":7,\"e\":1.5,\"f\":\".inf\","
                           "\"g\":[\"x\",{}],\"h\":\"+inf\",\"i\":\"two\\nlines\\n\"}")));
}

static void paths_have_lines(void **state)
{
    struct problem_list problems;
    const struct doc_node *n =
        parse(*state, "name: x\nsteps:\n- name: a\n  role: b\n- name: c\n", &problems);
    assert_int_equal(doc_line(n, STR("name")), 1);
    assert_int_equal(doc_line(n, STR("steps[0].role")), 4);
    assert_int_equal(doc_line(n, STR("steps[1]")), 5);
    assert_int_equal(doc_line(n, STR("steps[1].role")), 5);
    assert_int_equal(doc_line(n, STR("steps[9].role")), 3);
    assert_int_equal(doc_line(n, STR("nothing[")), 1);
    assert_int_equal(doc_line(n, STR("name.deeper[0]")), 1);
}

/* ---- there and back ----------------------------------------------------------------------- */

static void assert_survives(struct arena *a, struct str json)
{
    const struct json *v;
    const char *why;
    struct problem_list problems;
    struct json_writer w;
    struct buf same;
    assert_int_equal(json_parse(a, json, &v, &why), ERR_OK);
    buf_init(&same, a);
    jw_init(&w, &same);
    jw_value(&w, v);
    struct str yaml = doc_from_json(a, v);
    assert_non_null(yaml.p);
    const struct doc_node *n = parse(a, str_cstr(a, yaml), &problems);
    if (problems.count || !n || !str_eq(doc_to_json(a, n), buf_str(&same)))
        fail_msg("%.*s became\n%.*s", STR_ARG(json), STR_ARG(yaml));
}

static void values_survive(void **state)
{
    static const char *const values[] = {
        "{}",
        "[]",
        "{\"a\":[],\"b\":{},\"c\":null,\"d\":true,\"e\":-1.5,\"f\":9007199254740992}",
        "[[1,[2]],{\"a\":{\"b\":[{\"c\":\"d\"}]}}]",
        "{\"yes\":\"no\",\"~\":\"null\",\"1\":\"007\",\"\":\"\",\"a b\":\"- x\",\"k:\":\"#\"}",
        "[\"2026-01-12\",\"12:30\",\"0x10\",\"1e3\",\".5\",\"=\",\"<<\",\"y\",\"N\",\"|\",\"a: "
        "b\"]",
        "[\"line\\nbreak\",\"end\\n\",\"end\\n\\n\",\"\\nstart\",\" start\\nx\",\"x "
        "\\ny\",\"a\\tb\\n\"]",
        "[\"\\r\",\"a\\r\\nb\",\"\\u0001\",\"\\u007f\",\"\xc2\x85\",\"\xe2\x80\xa8\","
        "\"\xef\xbb\xbfx\"]",
        "[\"\xf0\x9f\x98\x80\",\"\xc3\xa4\",\"'\",\"\\\"\",\"a'b\\\"c\",\"%\",\"@\",\"`\",\"&a\","
        "\"*a\",\"!t\"]",
        "[\"trailing \",\" leading\",\"a #b\",\"a:\",\"? "
        "x\",\"[x\",\"{x\",\"---\",\"...\",\"\\n\"]",
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_survives(*state, str_from(values[i]));
}

static uint64_t seed = 7;

static unsigned draw(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

static void any_text_survives(void **state)
{
    static const char *const pieces[] = {
        "a",        "b ",          " ",  "\n", "\t", "'",    "\"",
        "#",        ":",           "- ", "1",  "\r", "|",    "\xc3\xa4",
        "\xc2\xa0", "\\",          ": ", "~",  "?",  "\x01", "\xe2\x80\xa8",
        "\xc2\x85", "\xef\xbb\xbf"};
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct arena *a = arena_new();
        struct json_writer w;
        struct buf b, json;
        buf_init(&b, a);
        buf_init(&json, a);
        for (unsigned n = draw(8); n; n--)
            buf_add_str(&b, str_from(pieces[draw(sizeof pieces / sizeof pieces[0])]));
        jw_init(&w, &json);
        jw_object(&w);
        JW_KEY(&w, "x");
        jw_array(&w);
        jw_str(&w, buf_str(&b));
        jw_end_array(&w);
        jw_end_object(&w);
        assert_survives(a, buf_str(&json));
        arena_free(a);
    }
}

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

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(foreign_documents_are_bounded),
        CASE(mappings_are_bounded),
        CASE(variables_stay_text_without_an_environment),
        CASE(words_are_what_yaml_takes_them_for),
        CASE(paths_have_lines),
        CASE(values_survive),
        CASE(any_text_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
