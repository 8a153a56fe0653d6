/* Decoding by schema with every problem at once, encoding, pairs, and the description. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "json.h"

struct person {
    int64_t id;
    struct str email;
};
static const struct json_field person_fields[] = {
    {"id", JK_INT, offsetof(struct person, id), JF_REQUIRED, 1, 1000},
    {"email", JK_EMAIL, offsetof(struct person, email)},
};
static JSON_SCHEMA(PERSON, "Person", struct person, person_fields);

struct strict {
    struct str name;
};
static const struct json_field strict_fields[] = {
    {"name", JK_STR, offsetof(struct strict, name), JF_REQUIRED},
};
static const struct json_schema STRICT = {"Strict", strict_fields, 1, sizeof(struct strict), true};

struct order {
    struct str subject, priority, raw;
    int64_t count, due;
    double price;
    int8_t urgent;
    struct person owner;
    struct json_array people, tags, ids;
    const struct json *extra;
    struct str note, secret;
    int64_t number, id;
};
#define AT(member) offsetof(struct order, member)
static const struct json_field order_fields[] = {
    {"subject", JK_STR, AT(subject), JF_REQUIRED | JF_NON_EMPTY, 3, 10, .doc = "What it is about"},
    {"priority", JK_ENUM, AT(priority), .choices = "Low|Medium|High", .alias = "prio"},
    {"count", JK_INT, AT(count), 0, 1, 0},
    {"price", JK_NUMBER, AT(price), 0, -5, 5},
    {"urgent", JK_BOOL, AT(urgent)},
    {"due", JK_TIME, AT(due), JF_MS},
    {"owner", JK_OBJECT, AT(owner), .sub = &PERSON},
    {"people", JK_ARRAY, AT(people), .max = 3, .sub = &PERSON},
    {"tags", JK_STR_ARRAY, AT(tags), JF_OMIT},
    {"ids", JK_INT_ARRAY, AT(ids), JF_OMIT},
    {"extra", JK_ANY, AT(extra), JF_OMIT},
    {"raw", JK_RAW, AT(raw), JF_OMIT},
    {"note", JK_STR, AT(note), JF_OMIT | JF_NON_EMPTY},
    {"secret", JK_STR, AT(secret), JF_OMIT | JF_SECRET, 8, 8},
    {"number", JK_INT, AT(number), JF_OMIT | JF_COERCE},
    {"id", JK_INT, AT(id), JF_OMIT | JF_NON_EMPTY},
};
static JSON_SCHEMA(ORDER, "Order", struct order, order_fields);

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

static const struct json *parse(struct arena *a, const char *text)
{
    const struct json *v = NULL;
    const char *why = NULL;

    if (json_parse(a, str_from(text), &v, &why) != ERR_OK)
        fail_msg("%s: %s", text, why);
    return v;
}

/* "field: message; …", with "!" in front of a missing or ill-typed field. */
static const char *problem_text(struct arena *a, const struct json_problem *p)
{
    struct buf b;

    buf_init(&b, a);
    for (; p; p = p->next)
        buf_printf(&b, "%s%s%.*s: %s", b.len ? "; " : "", p->missing ? "!" : "", STR_ARG(p->field),
                   p->message);
    return buf_cstr(&b);
}

static void test_decodes_every_kind(void **state)
{
    struct json_problem *problems;
    struct order o;

    assert_int_equal(
        json_decode(*state, &ORDER,
                    parse(*state,
                          "{\"subject\":\"\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\","
                          "\"prio\":\"hIGH\",\"count\":7,\"price\":2.5,\"urgent\":false,"
                          "\"due\":\"2026-01-12T11:30:00+01:00\",\"owner\":{\"id\":3},"
                          "\"people\":[{\"id\":1,\"email\":\"a@b.c\"},{\"id\":2}],"
                          "\"tags\":[\"x\",\"y\"],\"ids\":[5,6],\"extra\":[{}],"
                          "\"raw\": { \"a\" : 1 } ,\"unknown\":1,\"number\":\" 42 \"}"),
                    &o, &problems),
        ERR_OK);
    assert_null(problems);
    assert_int_equal(o.subject.len, 12);
    assert_true(str_eq(o.priority, STR("High")));
    assert_int_equal(o.count, 7);
    assert_true(o.price == 2.5);
    assert_int_equal(o.urgent, JSON_FALSE);
    assert_int_equal(o.due, 1768213800000000);
    assert_int_equal(o.owner.id, 3);
    assert_null(o.owner.email.p);
    assert_int_equal(o.people.count, 2);
    assert_true(str_eq(((struct person *)o.people.items)[0].email, STR("a@b.c")));
    assert_int_equal(((struct person *)o.people.items)[1].id, 2);
    assert_true(str_eq(((struct str *)o.tags.items)[1], STR("y")));
    assert_int_equal(((int64_t *)o.ids.items)[1], 6);
    assert_int_equal(json_type(json_at(o.extra, 0)), JSON_OBJECT);
    assert_true(str_eq(o.raw, STR("{ \"a\" : 1 }")));
    assert_int_equal(o.number, 42);
}

static void test_absent_fields_get_their_marks(void **state)
{
    struct json_problem *problems;
    struct order o;

    memset(&o, 0x55, sizeof o);
    assert_int_equal(
        json_decode(
            *state, &ORDER,
            parse(*state, "{\"subject\":\"abc\",\"count\":null,\"note\":\" \\n\",\"id\":0}"), &o,
            &problems),
        ERR_OK);
    assert_null(o.priority.p);
    assert_null(o.note.p);
    assert_null(o.raw.p);
    assert_int_equal(o.count, JSON_NO_INT);
    assert_int_equal(o.id, JSON_NO_INT);
    assert_int_equal(o.due, JSON_NO_TIME);
    assert_true(isnan(o.price));
    assert_int_equal(o.urgent, JSON_UNSET);
    assert_int_equal(o.owner.id, JSON_NO_INT);
    assert_int_equal(o.people.count, 0);
    assert_null(o.extra);
}

static void test_problems(void **state)
{
    static const struct {
        const char *text;
        enum err rc;
        const char *problems;
    } cases[] = {
        {"[]", ERR_INVALID_INPUT, "!: must be an object"},
        {"{}", ERR_INVALID_INPUT, "!subject: is required"},
        {"{\"subject\":null}", ERR_INVALID_INPUT, "!subject: is required"},
        {"{\"subject\":\"  \"}", ERR_INVALID_INPUT, "!subject: is required"},
        {"{\"subject\":5}", ERR_INVALID_INPUT, "!subject: must be a string"},
        {"{\"subject\":\"ab\"}", ERR_VALIDATION_ERROR, "subject: must be 3 to 10 characters long"},
        {"{\"subject\":\"abcdefghijk\"}", ERR_VALIDATION_ERROR,
         "subject: must be 3 to 10 characters long"},
        {"{\"subject\":\"abc\",\"count\":0,\"price\":5.5,\"secret\":\"hush\"}",
         ERR_VALIDATION_ERROR,
         "count: must be at least 1; price: must be -5 to 5; "
         "secret: must be exactly 8 characters long"},
        {"{\"subject\":\"abc\",\"count\":1.5}", ERR_INVALID_INPUT,
         "!count: must be a whole number"},
        {"{\"subject\":\"abc\",\"count\":\"1\"}", ERR_INVALID_INPUT,
         "!count: must be a whole number"},
        {"{\"subject\":\"abc\",\"number\":\"1x\"}", ERR_INVALID_INPUT,
         "!number: must be a whole number"},
        {"{\"subject\":\"abc\",\"priority\":\"Critical\",\"due\":\"tomorrow\"}",
         ERR_VALIDATION_ERROR,
         "priority: must be one of Low, Medium, High; due: must be an RFC 3339 time"},
        {"{\"subject\":\"abc\",\"urgent\":\"true\",\"due\":7}", ERR_INVALID_INPUT,
         "!urgent: must be true or false; !due: must be a string"},
        {"{\"subject\":\"abc\",\"owner\":{\"email\":\"x\"}}", ERR_INVALID_INPUT,
         "!owner.id: is required; owner.email: must be an email address"},
        {"{\"subject\":\"abc\",\"owner\":[]}", ERR_INVALID_INPUT, "!owner: must be an object"},
        {"{\"subject\":\"abc\",\"people\":[{\"id\":1},7,{\"id\":0}]}", ERR_INVALID_INPUT,
         "!people[1]: must be an object; people[2].id: must be 1 to 1000"},
        {"{\"subject\":\"abc\",\"people\":[{},{},{},{}]}", ERR_VALIDATION_ERROR,
         "people: must be 0 to 3 items"},
        {"{\"subject\":\"abc\",\"people\":{},\"tags\":[\"a\",1],\"ids\":[\"a\"]}",
         ERR_INVALID_INPUT,
         "!people: must be an array; !tags[1]: must be a string; !ids[0]: must be a whole number"},
        /* a missing field outweighs a bad value, and both are told */
        {"{\"count\":-1}", ERR_INVALID_INPUT, "!subject: is required; count: must be at least 1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_problem *problems;
        struct order o;

        assert_int_equal(json_decode(*state, &ORDER, parse(*state, cases[i].text), &o, &problems),
                         cases[i].rc);
        assert_string_equal(problem_text(*state, problems), cases[i].problems);
    }
}

static void test_closed_schema_names_unknown_members(void **state)
{
    struct json_problem *problems;
    struct strict s;

    assert_int_equal(json_decode(*state, &STRICT, parse(*state, "{\"name\":\"x\"}"), &s, &problems),
                     ERR_OK);
    assert_int_equal(json_decode(*state, &STRICT,
                                 parse(*state, "{\"name\":\"x\",\"nmae\":1,\"z\":2}"), &s,
                                 &problems),
                     ERR_VALIDATION_ERROR);
    assert_string_equal(problem_text(*state, problems),
                        "nmae: is not a known field; z: is not a known field");
}

static void test_emails(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        {"a@b", true},
        {"a.b+c@sub.example.com", true},
        {"\xC3\xA4@example.com", true},
        {"", false},
        {"@", false},
        {"a@", false},
        {"@b", false},
        {"a@b@c", false},
        {"a b@c.de", false},
        {"a@b.", false},
        {"a@.b", false},
        {"a@b\\n", false},
        {"a@b\\u007f", false},
        {" a@b", false},
    };
    struct json_problem *problems;
    struct person p;
    struct buf b;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct json *v =
            parse(*state, arena_printf(*state, "{\"id\":1,\"email\":\"%s\"}", cases[i].text));

        assert_int_equal(json_decode(*state, &PERSON, v, &p, &problems),
                         cases[i].ok ? ERR_OK : ERR_VALIDATION_ERROR);
    }
    buf_init(&b, *state);
    BUF_LIT(&b, "{\"id\":1,\"email\":\"a@");
    for (int i = 0; i < 252; i++)
        buf_add_char(&b, 'x');
    BUF_LIT(&b, "\"}");
    assert_int_equal(json_decode(*state, &PERSON, parse(*state, buf_cstr(&b)), &p, &problems),
                     ERR_OK);
    b.len -= 2;
    BUF_LIT(&b, "x\"}");
    assert_int_equal(json_decode(*state, &PERSON, parse(*state, buf_cstr(&b)), &p, &problems),
                     ERR_VALIDATION_ERROR);
}

/* Hostile sizes: as many problems as a client can use, no more items than a program can hold. */
static void test_limits(void **state)
{
    struct json_problem *problems;
    struct order o;
    struct buf b;
    int count = 0;

    buf_init(&b, *state);
    BUF_LIT(&b, "{\"subject\":\"abc\",\"tags\":[0");
    for (int i = 0; i < 9999; i++)
        BUF_LIT(&b, ",0");
    BUF_LIT(&b, "]}");
    assert_int_equal(json_decode(*state, &ORDER, parse(*state, buf_cstr(&b)), &o, &problems),
                     ERR_INVALID_INPUT);
    for (const struct json_problem *p = problems; p; p = p->next)
        count++;
    assert_int_equal(count, 100);
    b.len -= 2;
    BUF_LIT(&b, ",0]}");
    assert_int_equal(json_decode(*state, &ORDER, parse(*state, buf_cstr(&b)), &o, &problems),
                     ERR_VALIDATION_ERROR);
    assert_string_equal(problem_text(*state, problems), "tags: has too many items");
}

static void test_foreign_depth(void **state)
{
    static const struct {
        int depth;
        enum err rc;
    } cases[] = {{48, ERR_OK}, {49, ERR_VALIDATION_ERROR}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char *const names[] = {"extra", "raw"};

        for (int n = 0; n < 2; n++) {
            struct json_problem *problems;
            struct order o;
            struct buf b;

            buf_init(&b, *state);
            buf_printf(&b, "{\"subject\":\"abc\",\"%s\":", names[n]);
            for (int k = 0; k < cases[i].depth; k++)
                buf_add_char(&b, '[');
            for (int k = 0; k < cases[i].depth; k++)
                buf_add_char(&b, ']');
            buf_add_char(&b, '}');
            assert_int_equal(
                json_decode(*state, &ORDER, parse(*state, buf_cstr(&b)), &o, &problems),
                cases[i].rc);
        }
    }
}

static const char *encode(struct arena *a, const struct json_schema *schema, const void *in)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    json_encode(&w, schema, in);
    return buf_cstr(&b);
}

static void test_round_trips(void **state)
{
    static const char *const texts[] = {
        "{\"subject\":\"abc\",\"priority\":null,\"count\":null,\"price\":null,\"urgent\":null,"
        "\"due\":null,\"owner\":null,\"people\":[]}",
        "{\"subject\":\"abc\",\"priority\":\"Low\",\"count\":1,\"price\":0.25,\"urgent\":true,"
        "\"due\":\"2026-01-12T10:30:00.500Z\",\"owner\":{\"id\":9,\"email\":null},"
        "\"people\":[{\"id\":1,\"email\":\"a@b.c\"}],\"tags\":[\"x\"],\"ids\":[1,2],"
        "\"extra\":{\"k\":[1.50]},\"raw\":{\"a\":[ ]},\"note\":\"n\",\"secret\":\"12345678\","
        "\"number\":0}",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct json_problem *problems;
        struct order o;

        assert_int_equal(json_decode(*state, &ORDER, parse(*state, texts[i]), &o, &problems),
                         ERR_OK);
        assert_string_equal(encode(*state, &ORDER, &o), texts[i]);
    }
}

static void test_zero_may_count_as_absent(void **state)
{
    struct order o;

    json_set_absent(&ORDER, &o);
    assert_null(strstr(encode(*state, &ORDER, &o), "\"id\""));
    o.number = o.id = 0;
    assert_null(strstr(encode(*state, &ORDER, &o), "\"id\""));
    assert_non_null(strstr(encode(*state, &ORDER, &o), "\"number\":0"));
    o.id = 1;
    assert_non_null(strstr(encode(*state, &ORDER, &o), "\"id\":1"));
}

#define PAIR(n, v)                                                                                 \
    {                                                                                              \
        STR(n), STR(v)                                                                             \
    }

static void test_pairs(void **state)
{
    static const struct json_pair pairs[] = {
        PAIR("subject", "first"),
        PAIR("subject", "last"),
        PAIR("prio", "low"),
        PAIR("count", "12"),
        PAIR("price", "1.5"),
        PAIR("urgent", "Yes"),
        PAIR("due", "2026-01-12T10:30:00Z"),
        PAIR("tags", "a, b"),
        PAIR("other", "x"),
        PAIR("tags", "c,,"),
        PAIR("ids", "1,2"),
        PAIR("note", ""),
        PAIR("raw", "a\"b"),
    };
    struct json_problem *problems;
    struct order o;

    assert_int_equal(
        json_decode_pairs(*state, &ORDER, pairs, sizeof pairs / sizeof pairs[0], &o, &problems),
        ERR_OK);
    assert_true(str_eq(o.subject, STR("last")));
    assert_true(str_eq(o.priority, STR("Low")));
    assert_int_equal(o.count, 12);
    assert_true(o.price == 1.5);
    assert_int_equal(o.urgent, JSON_TRUE);
    assert_int_equal(o.due, 1768213800000000);
    assert_int_equal(o.tags.count, 3);
    assert_true(str_eq(((struct str *)o.tags.items)[1], STR("b")));
    assert_int_equal(o.ids.count, 2);
    assert_int_equal(((int64_t *)o.ids.items)[1], 2);
    assert_null(o.note.p);
    assert_true(str_eq(o.raw, STR("\"a\\\"b\"")));
}

static void test_pair_problems(void **state)
{
    static const struct {
        struct json_pair pair;
        enum err rc;
        const char *problems;
    } cases[] = {
        {PAIR("count", "x"), ERR_INVALID_INPUT, "!count: must be a whole number"},
        {PAIR("count", "1e999"), ERR_INVALID_INPUT, "!count: must be a whole number"},
        {PAIR("count", "[1]"), ERR_INVALID_INPUT, "!count: must be a whole number"},
        {PAIR("count", "-3"), ERR_VALIDATION_ERROR, "count: must be at least 1"},
        {PAIR("urgent", "maybe"), ERR_INVALID_INPUT, "!urgent: must be true or false"},
        {PAIR("ids", "1,b"), ERR_INVALID_INPUT, "!ids[1]: must be a whole number"},
        {PAIR("owner", "1"), ERR_INVALID_INPUT, "!owner: must be an object"},
        {PAIR("note", "\xFF"), ERR_INVALID_INPUT, "!note: must be UTF-8 text"},
        {PAIR("note", "a\0b"), ERR_INVALID_INPUT, "!note: must be UTF-8 text"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct json_pair pairs[] = {PAIR("subject", "abc"), cases[i].pair};
        struct json_problem *problems;
        struct order o;

        assert_int_equal(json_decode_pairs(*state, &ORDER, pairs, 2, &o, &problems), cases[i].rc);
        assert_string_equal(problem_text(*state, problems), cases[i].problems);
    }
}

static void test_describes_itself(void **state)
{
    static const char *const want =
        "{\"type\":\"object\",\"properties\":{"
        "\"subject\":{\"type\":\"string\",\"minLength\":3,\"maxLength\":10,"
        "\"description\":\"What it is about\"},"
        "\"priority\":{\"type\":[\"string\",\"null\"],\"enum\":[\"Low\",\"Medium\",\"High\",null]},"
        "\"count\":{\"type\":[\"integer\",\"null\"],\"format\":\"int64\",\"minimum\":1},"
        "\"price\":{\"type\":[\"number\",\"null\"],\"minimum\":-5,\"maximum\":5},"
        "\"urgent\":{\"type\":[\"boolean\",\"null\"]},"
        "\"due\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},"
        "\"owner\":{\"type\":[\"object\",\"null\"],\"properties\":{"
        "\"id\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1,\"maximum\":1000},"
        "\"email\":{\"type\":[\"string\",\"null\"],\"format\":\"email\"}},\"required\":[\"id\"]},"
        "\"people\":{\"type\":\"array\",\"minItems\":0,\"maxItems\":3,"
        "\"items\":{\"type\":\"object\",\"properties\":{"
        "\"id\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1,\"maximum\":1000},"
        "\"email\":{\"type\":[\"string\",\"null\"],\"format\":\"email\"}},\"required\":[\"id\"]}},"
        "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
        "\"ids\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},"
        "\"extra\":{},\"raw\":{},"
        "\"note\":{\"type\":\"string\",\"minLength\":1},"
        "\"secret\":{\"type\":\"string\",\"format\":\"password\",\"writeOnly\":true,"
        "\"minLength\":8,\"maxLength\":8},"
        "\"number\":{\"type\":\"integer\",\"format\":\"int64\"},"
        "\"id\":{\"type\":\"integer\",\"format\":\"int64\"}},"
        "\"required\":[\"subject\"]}";
    struct json_writer w;
    struct buf b;

    buf_init(&b, *state);
    jw_init(&w, &b);
    json_schema_describe(&w, &ORDER);
    assert_string_equal(buf_cstr(&b), want);
    buf_clear(&b);
    json_schema_describe(&w, &STRICT);
    assert_non_null(strstr(buf_cstr(&b), "\"additionalProperties\":false"));
}

struct tree {
    struct json_array children;
};
extern const struct json_schema TREE;
static const struct json_field tree_fields[] = {
    {"children", JK_ARRAY, offsetof(struct tree, children), .sub = &TREE},
};
JSON_SCHEMA(TREE, "Tree", struct tree, tree_fields);

static void test_schema_may_contain_itself(void **state)
{
    static const char text[] =
        "{\"children\":[{\"children\":[{\"children\":[]}]},{\"children\":[]}]}";
    struct json_problem *problems;
    struct json_writer w;
    struct buf b;
    struct tree t;

    assert_int_equal(json_decode(*state, &TREE, parse(*state, text), &t, &problems), ERR_OK);
    assert_string_equal(encode(*state, &TREE, &t), text);
    buf_init(&b, *state);
    jw_init(&w, &b);
    json_schema_describe(&w, &TREE);
    assert_non_null(parse(*state, buf_cstr(&b)));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_decodes_every_kind),
        CASE(test_absent_fields_get_their_marks),
        CASE(test_problems),
        CASE(test_closed_schema_names_unknown_members),
        CASE(test_emails),
        CASE(test_limits),
        CASE(test_foreign_depth),
        CASE(test_round_trips),
        CASE(test_zero_may_count_as_absent),
        CASE(test_pairs),
        CASE(test_pair_problems),
        CASE(test_describes_itself),
        CASE(test_schema_may_contain_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
