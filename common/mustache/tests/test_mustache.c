/* Cases after the Mustache specification's suites, and templates that mean harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mustache.h"

static struct str show(struct arena *a, struct str text, const char *data,
                       enum mustache_escape escape)
{
    const struct mustache *m;
    const struct mustache_problem *problems;
    const struct json *view;
    const char *why;
    struct str out;
    assert_int_equal(json_parse(a, str_from(data), &view, &why), ERR_OK);
    if (mustache_parse(a, text, &m, &problems))
        return str_printf(a, "%d: %.*s", problems->line, STR_ARG(problems->text));
    assert_int_equal(mustache_render(a, m, view, escape, &out), ERR_OK);
    return out;
}

struct example {
    const char *template, *data, *out;
};

static void check(const struct example *examples, size_t n, enum mustache_escape escape)
{
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new();
        struct str out = show(a, str_from(examples[i].template), examples[i].data, escape);
        assert_string_equal(str_cstr(a, out), examples[i].out);
        arena_free(a);
    }
}
#define CHECK(examples, escape) check(examples, sizeof examples / sizeof *examples, escape)

static void test_interpolation(void **state)
{
    static const struct example EXAMPLES[] = {
        {"Hello from {Mustache}!\n", "{}", "Hello from {Mustache}!\n"},
        {"Hello, {{subject}}!\n", "{\"subject\":\"world\"}", "Hello, world!\n"},
        {"{{x}}", "{\"x\":\"& \\\" < > '\"}", "&amp; &quot; &lt; &gt; &#39;"},
        {"{{{x}}}|{{&x}}|{{& x }}", "{\"x\":\"& \\\" <\"}", "& \" <|& \" <|& \" <"},
        {"{{mph}} miles", "{\"mph\":85}", "85 miles"},
        {"{{{power}}} jiggawatts", "{\"power\":1.21}", "1.21 jiggawatts"},
        {"I ({{cannot}}) be seen!", "{\"cannot\":null}", "I () be seen!"},
        {"I ({{{cannot}}}) be seen!", "{}", "I () be seen!"},
        {"\"{{person.name}}\" == \"{{#person}}{{name}}{{/person}}\"",
         "{\"person\":{\"name\":\"Joe\"}}", "\"Joe\" == \"Joe\""},
        {"{{a.b.c.d.e.name}}", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"name\":\"Phil\"}}}}}}",
         "Phil"},
        {"\"{{a.b.c}}\" == \"\"", "{\"a\":{}}", "\"\" == \"\""},
        {"\"{{a.b.c.name}}\" == \"\"", "{\"a\":{\"b\":{}},\"c\":{\"name\":\"Jim\"}}",
         "\"\" == \"\""},
        {"{{#a}}{{b.c}}{{/a}}", "{\"a\":{\"b\":{}},\"b\":{\"c\":\"ERROR\"}}", ""},
        {"| {{string}} |", "{\"string\":\"---\"}", "| --- |"},
        {"  {{string}}\n", "{\"string\":\"---\"}", "  ---\n"},
        {"|{{ string }}|{{{ string }}}|", "{\"string\":\"---\"}", "|---|---|"},
        {"{{.}}", "\"x<\"", "x&lt;"},
        {"{{yes}}{{no}}", "{\"yes\":true,\"no\":false}", "truefalse"},
        {"{{list}}{{object}}", "{\"list\":[1],\"object\":{\"a\":1}}", ""},
        {"ü{{x}}😀", "{\"x\":\"ß\"}", "üß😀"},
    };
    (void)state;
    CHECK(EXAMPLES, MUSTACHE_HTML);
}

static void test_plain_text_is_not_escaped(void **state)
{
    static const struct example EXAMPLES[] = {
        {"{{x}} {{{x}}} {{&x}}", "{\"x\":\"<&>\"}", "<&> <&> <&>"},
    };
    (void)state;
    CHECK(EXAMPLES, MUSTACHE_PLAIN);
}

static void test_sections(void **state)
{
    static const struct example EXAMPLES[] = {
        {"\"{{#boolean}}This.{{/boolean}}\"", "{\"boolean\":true}", "\"This.\""},
        {"\"{{#boolean}}This.{{/boolean}}\"", "{\"boolean\":false}", "\"\""},
        {"\"{{#null}}This.{{/null}}\"", "{\"null\":null}", "\"\""},
        {"\"{{#x}}This.{{/x}}\"", "{\"x\":\"\"}", "\"\""},
        {"\"{{#x}}This.{{/x}}\"", "{\"x\":0}", "\"\""},
        {"\"{{#missing}}Found!{{/missing}}\"", "{}", "\"\""},
        {"\"{{#context}}Hi {{name}}.{{/context}}\"", "{\"context\":{\"name\":\"Joe\"}}",
         "\"Hi Joe.\""},
        {"{{#sec}}{{a}}, {{b}}, {{c.d}}{{/sec}}",
         "{\"a\":\"foo\",\"b\":\"wrong\",\"sec\":{\"b\":\"bar\"},\"c\":{\"d\":\"baz\"}}",
         "foo, bar, baz"},
        {"\"{{#foo}}{{.}} is {{foo}}{{/foo}}\"", "{\"foo\":\"bar\"}", "\"bar is bar\""},
        {"\"{{#list}}{{item}}{{/list}}\"", "{\"list\":[{\"item\":1},{\"item\":2},{\"item\":3}]}",
         "\"123\""},
        {"\"{{#list}}Yay lists!{{/list}}\"", "{\"list\":[]}", "\"\""},
        {"| A {{#bool}}B {{#bool}}C{{/bool}} D{{/bool}} E |", "{\"bool\":true}", "| A B C D E |"},
        {"| A {{#bool}}B {{#bool}}C{{/bool}} D{{/bool}} E |", "{\"bool\":false}", "| A  E |"},
        {"[{{#list}}({{.}}){{/list}}]", "{\"list\":[\"a\",\"b\"]}", "[(a)(b)]"},
        {"[{{#list}}({{#.}}{{.}}{{/.}}){{/list}}]", "{\"list\":[[1,2,3],[\"a\",\"b\"]]}",
         "[(123)(ab)]"},
        {"\"{{#a.b.c}}Here{{/a.b.c}}\"", "{\"a\":{\"b\":{\"c\":true}}}", "\"Here\""},
        {"\"{{#a.b.c}}Here{{/a.b.c}}\"", "{\"a\":{}}", "\"\""},
        {"{{#tops}}{{#middles}}{{tname}}{{mname}}.{{/middles}}{{/tops}}",
         "{\"tops\":[{\"tname\":\"A\",\"middles\":[{\"mname\":\"1\"},{\"mname\":\"2\"}]}]}",
         "A1.A2."},
        {"| This Is\n{{#boolean}}\n|\n{{/boolean}}\n| A Line", "{\"boolean\":true}",
         "| This Is\n|\n| A Line"},
        {"| This Is\n  {{#boolean}}  \n|\n  {{/boolean}}\n| A Line", "{\"boolean\":true}",
         "| This Is\n|\n| A Line"},
        {"|\r\n{{#boolean}}\r\n{{/boolean}}\r\n|", "{\"boolean\":true}", "|\r\n|"},
        {"  {{#boolean}}\n#{{/boolean}}\n/", "{\"boolean\":true}", "#\n/"},
        {"#{{#boolean}}\n/\n  {{/boolean}}", "{\"boolean\":true}", "#\n/\n"},
        {" {{#boolean}}YES{{/boolean}}\n {{#boolean}}GOOD{{/boolean}}\n", "{\"boolean\":true}",
         " YES\n GOOD\n"},
        {"|{{# boolean }}={{/ boolean }}|", "{\"boolean\":true}", "|=|"},
    };
    (void)state;
    CHECK(EXAMPLES, MUSTACHE_HTML);
}

static void test_inverted_sections(void **state)
{
    static const struct example EXAMPLES[] = {
        {"\"{{^boolean}}This.{{/boolean}}\"", "{\"boolean\":false}", "\"This.\""},
        {"\"{{^boolean}}This.{{/boolean}}\"", "{\"boolean\":true}", "\"\""},
        {"\"{{^x}}This.{{/x}}\"", "{\"x\":null}", "\"This.\""},
        {"\"{{^context}}Hi {{name}}.{{/context}}\"", "{\"context\":{\"name\":\"Joe\"}}", "\"\""},
        {"\"{{^list}}Empty list{{/list}}\"", "{\"list\":[]}", "\"Empty list\""},
        {"\"{{^list}}Empty list{{/list}}\"", "{\"list\":[1]}", "\"\""},
        {"{{^bool}}first{{/bool}} {{two}} {{^bool}}third{{/bool}}",
         "{\"two\":\"second\",\"bool\":false}", "first second third"},
        {"\"{{^a.b.c}}Not Here{{/a.b.c}}\"", "{\"a\":{}}", "\"Not Here\""},
        {"| This Is\n{{^boolean}}\n|\n{{/boolean}}\n| A Line", "{\"boolean\":false}",
         "| This Is\n|\n| A Line"},
    };
    (void)state;
    CHECK(EXAMPLES, MUSTACHE_HTML);
}

static void test_comments_and_delimiters(void **state)
{
    static const struct example EXAMPLES[] = {
        {"12345{{! Comment Block! }}67890", "{}", "1234567890"},
        {"12345{{!\n  multi-line {\n }67890\n}}67890", "{}", "1234567890"},
        {"Begin.\n{{! Comment Block! }}\nEnd.\n", "{}", "Begin.\nEnd.\n"},
        {"Begin.\n  {{! Indented }}\nEnd.\n", "{}", "Begin.\nEnd.\n"},
        {"|\r\n{{! Standalone }}\r\n|", "{}", "|\r\n|"},
        {"  {{! I'm Still Standalone }}\n!", "{}", "!"},
        {"!\n  {{! I'm Still Standalone }}", "{}", "!\n"},
        {"Begin.\n{{!\nSomething's going on here...\n}}\nEnd.\n", "{}", "Begin.\nEnd.\n"},
        {"  12 {{! 34 }}\n", "{}", "  12 \n"},
        {"{{=<% %>=}}(<%text%>)", "{\"text\":\"Hey!\"}", "(Hey!)"},
        {"({{=[ ]=}}[text])", "{\"text\":\"It worked!\"}", "(It worked!)"},
        {"[\n{{#section}}\n  {{data}}\n  |data|\n{{/section}}\n\n{{= | | =}}\n|#section|\n"
         "  {{data}}\n  |data|\n|/section|\n]\n",
         "{\"section\":true,\"data\":\"I got interpolated.\"}",
         "[\n  I got interpolated.\n  |data|\n\n  {{data}}\n  I got interpolated.\n]\n"},
        {"| {{=@ @=}} |", "{}", "|  |"},
        {"Begin.\n{{=@ @=}}\nEnd.\n", "{}", "Begin.\nEnd.\n"},
        {"|{{= @   @ =}}|", "{}", "||"},
    };
    (void)state;
    CHECK(EXAMPLES, MUSTACHE_HTML);
}

static void test_every_problem_is_named_with_its_line(void **state)
{
    struct arena *a = arena_new();
    const struct mustache *m;
    const struct mustache_problem *p;
    static const struct {
        int line;
        const char *text;
    } EXPECTED[] = {
        {1, "a b is not a name"},
        {2, "partials are not available"},
        {3, "no section x is open here"},
        {5, "a tag has no name"},
        {6, "section inner is not closed"},
        {9, "<i is not a name"},
        {10, "delimiters are changed as in {{=<% %>=}}"},
        {11, "a tag has no end"},
        {8, "section last is not closed"},
    };
    (void)state;
    assert_int_equal(
        mustache_parse(a,
                       STR("{{a.b c}}\n{{>p}}\n{{/x}}\n{{#outer}}\n{{}}\n{{#inner}}\n{{/outer}}\n"
                           "{{^last}}\n{{<i}}\n{{= x =}}\n{{never"),
                       &m, &p),
        ERR_VALIDATION_ERROR);
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++, p = p->next) {
        assert_non_null(p);
        assert_int_equal(p->line, EXPECTED[i].line);
        if (i > 0)
            assert_string_equal(str_cstr(a, p->text), EXPECTED[i].text);
    }
    assert_null(p);
    arena_free(a);
}

static void test_refused_templates(void **state)
{
    static const char *const TEMPLATES[] = {
        "{{",      "{{{x}}",  "{{a..b}}",   "{{.a}}", "{{a.}}", "{{$block}}x{{/block}}",
        "{{#a}}",  "{{/a}}",  "{{a\nb}}",   "{{ü}}",  "{{=}}",  "{{==}}",
        "{{= =}}", "{{=a=}}", "{{#}}{{/}}", "{{&}}",  "{{{}}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof TEMPLATES / sizeof *TEMPLATES; i++) {
        struct arena *a = arena_new();
        const struct mustache *m;
        const struct mustache_problem *p;
        assert_int_equal(mustache_parse(a, str_from(TEMPLATES[i]), &m, &p), ERR_VALIDATION_ERROR);
        assert_non_null(p);
        arena_free(a);
    }
}

static void test_names(void **state)
{
    struct arena *a = arena_new();
    const struct mustache *m;
    const struct mustache_problem *p;
    struct mustache_name name;
    size_t it = 0;
    (void)state;
    assert_int_equal(mustache_parse(a, STR("{{a}}\n{{#b.c}}{{{d}}}\n{{/b.c}}{{^e}}{{/e}}"), &m, &p),
                     ERR_OK);
    static const struct mustache_name EXPECTED[] = {
        {STR("a"), 1}, {STR("b.c"), 2}, {STR("d"), 2}, {STR("e"), 3}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(mustache_next_name(m, &it, &name));
        assert_true(str_eq(name.name, EXPECTED[i].name));
        assert_int_equal(name.line, EXPECTED[i].line);
    }
    assert_false(mustache_next_name(m, &it, &name));
    arena_free(a);
}

/* ---- bounds ------------------------------------------------------------------------------- */

static struct str repeated(struct arena *a, const char *piece, size_t times)
{
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < times; i++)
        buf_add_str(&b, str_from(piece));
    return buf_str(&b);
}

static void test_depth_is_bounded(void **state)
{
    struct arena *a = arena_new();
    const struct mustache *m;
    const struct mustache_problem *p;
    (void)state;
    for (size_t depth = MUSTACHE_DEPTH_MAX; depth <= MUSTACHE_DEPTH_MAX + 1; depth++) {
        struct str text = str_printf(a, "%.*sx%.*s", STR_ARG(repeated(a, "{{#a}}", depth)),
                                     STR_ARG(repeated(a, "{{/a}}", depth)));
        bool fits = depth <= MUSTACHE_DEPTH_MAX;
        assert_int_equal(mustache_parse(a, text, &m, &p), fits ? ERR_OK : ERR_VALIDATION_ERROR);
        if (fits)
            assert_true(str_eq(show(a, text, "{\"a\":{\"a\":1}}", MUSTACHE_HTML), STR("x")));
    }
    assert_int_equal(mustache_parse(a, repeated(a, "x", MUSTACHE_TEXT_MAX + 1), &m, &p),
                     ERR_VALIDATION_ERROR);
    arena_free(a);
}

static void cannot_be_shown(struct str text, const char *data)
{
    struct arena *a = arena_new();
    const struct mustache *m;
    const struct mustache_problem *p;
    const struct json *view;
    const char *why;
    struct str out;
    assert_int_equal(json_parse(a, str_from(data), &view, &why), ERR_OK);
    assert_int_equal(mustache_parse(a, text, &m, &p), ERR_OK);
    assert_int_equal(mustache_render(a, m, view, MUSTACHE_HTML, &out), ERR_PAYLOAD_TOO_LARGE);
    assert_true(arena_used(a) < 4 * 1024 * 1024);
    arena_free(a);
}

static void test_output_and_work_are_bounded(void **state)
{
    static const char LIST[] = "{\"a\":[1,2,3,4,5,6,7,8,9,10]}";
    struct arena *a = arena_new();
    (void)state;
    cannot_be_shown(STR("{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}xxxxxxxxxxxxxxxxxxxxxxxxxx{{/a}}{{/a}}{{/a}}"
                        "{{/a}}{{/a}}"),
                    LIST);
    cannot_be_shown(STR("{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{no}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}"
                        "{{/a}}"),
                    LIST);
    struct str many = repeated(a, "{{x}}", 3000);
    struct str data = str_printf(a, "{\"x\":\"%.*s\"}", STR_ARG(repeated(a, "<", 1000)));
    cannot_be_shown(many, str_cstr(a, data));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_plain_text_is_not_escaped),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_inverted_sections),
        cmocka_unit_test(test_comments_and_delimiters),
        cmocka_unit_test(test_every_problem_is_named_with_its_line),
        cmocka_unit_test(test_refused_templates),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_output_and_work_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
