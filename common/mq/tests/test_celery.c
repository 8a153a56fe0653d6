#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "celery.h"
#include "clock.h"
#include "headers.h"

#define EMBED "{\"callbacks\":null,\"errbacks\":null,\"chain\":null,\"chord\":null}"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* What Celery 5.2 sends, as headers in JSON for brevity. */
static struct mq_message message(const char *headers, const char *body)
{
    struct mq_message m = {.content_type = STR("application/json"),
                           .content_encoding = STR("utf-8"),
                           .body = str_from(body)};
    const char *why = "";
    assert_int_equal(headers_from_json(arena, str_from(headers), &m.headers, &m.header_count, &why),
                     ERR_OK);
    return m;
}

#define HEADERS                                                                                    \
    "{\"lang\":\"py\",\"task\":\"update_ticket_owner\",\"id\":\"7e1c\",\"shadow\":null,"           \
    "\"eta\":null,\"expires\":null,\"group\":null,\"retries\":0,\"root_id\":\"7e1c\","             \
    "\"parent_id\":null,\"argsrepr\":\"('TX1', 5)\",\"kwargsrepr\":\"{}\"}"

static void test_positional(void **state)
{
    (void)state;
    struct mq_message m = message(HEADERS, "[[\"TX1\",5],{}," EMBED "]");
    struct celery_task t;
    const char *why = "";
    assert_int_equal(celery_decode(arena, &m, &t, &why), ERR_OK);
    assert_true(str_eq(t.name, STR("update_ticket_owner")));
    assert_true(str_eq(t.id, STR("7e1c")));
    assert_int_equal(t.retries, 0);
    assert_true(t.eta_us == INT64_MIN && t.expires_us == INT64_MIN);
    int64_t owner = 0;
    assert_true(str_eq(json_str(celery_arg(&t, 0, "ticket_number")), STR("TX1")));
    assert_true(json_int(celery_arg(&t, 1, "owner_id"), &owner));
    assert_int_equal(owner, 5);
    assert_null(celery_arg(&t, 2, "missing"));
}

static void test_keyword(void **state)
{
    (void)state;
    struct mq_message m =
        message(HEADERS, "[[\"TX2\"],{\"owner_id\":9,\"ticket_number\":\"no\"}," EMBED "]");
    struct celery_task t;
    const char *why = "";
    assert_int_equal(celery_decode(arena, &m, &t, &why), ERR_OK);
    int64_t owner = 0;
    assert_true(json_int(celery_arg(&t, 1, "owner_id"), &owner));
    assert_int_equal(owner, 9);
    assert_true(str_eq(json_str(celery_arg(&t, 0, "ticket_number")), STR("TX2")));
}

static void test_times(void **state)
{
    (void)state;
    struct mq_message m =
        message("{\"task\":\"t\",\"id\":\"1\",\"retries\":2,"
                "\"eta\":\"2026-01-12T10:30:00.250000+00:00\",\"expires\":\"2026-01-12T12:00:00\"}",
                "[[],{},{}]");
    struct celery_task t;
    const char *why = "";
    int64_t eta, expires;
    assert_true(time_parse(STR("2026-01-12T10:30:00.25Z"), &eta));
    assert_true(time_parse(STR("2026-01-12T12:00:00Z"), &expires));
    assert_int_equal(celery_decode(arena, &m, &t, &why), ERR_OK);
    assert_int_equal(t.eta_us, eta);
    assert_int_equal(t.expires_us, expires);
    assert_int_equal(t.retries, 2);
}

static void test_refused(void **state)
{
    static const struct {
        const char *headers, *body;
    } CASES[] = {
        {"{\"id\":\"1\"}", "[[],{},{}]"},
        {"{\"task\":\"t\"}", "[[],{},{}]"},
        {"{\"task\":\"t\",\"id\":null}", "[[],{},{}]"},
        {"{\"task\":\"t\",\"id\":\"1\",\"retries\":\"x\"}", "[[],{},{}]"},
        {"{\"task\":\"t\",\"id\":\"1\",\"retries\":-1}", "[[],{},{}]"},
        {"{\"task\":\"t\",\"id\":\"1\",\"eta\":\"soon\"}", "[[],{},{}]"},
        {"{\"task\":\"t\",\"id\":\"1\"}", ""},
        {"{\"task\":\"t\",\"id\":\"1\"}", "{}"},
        {"{\"task\":\"t\",\"id\":\"1\"}", "[[]]"},
        {"{\"task\":\"t\",\"id\":\"1\"}", "[{},{},{}]"},
        {"{\"task\":\"t\",\"id\":\"1\"}", "[[],[],{}]"},
        {"{\"task\":\"t\",\"id\":\"1\"}", "[[],{},{}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct mq_message m = message(CASES[i].headers, CASES[i].body);
        struct celery_task t;
        const char *why = NULL;
        assert_int_equal(celery_decode(arena, &m, &t, &why), ERR_INVALID_PAYLOAD);
        assert_non_null(why);
    }
}

static void test_content_type_refused(void **state)
{
    (void)state;
    struct mq_message m = message(HEADERS, "[[],{},{}]");
    struct celery_task t;
    const char *why = NULL;
    m.content_type = STR("application/x-python-serialize");
    assert_int_equal(celery_decode(arena, &m, &t, &why), ERR_INVALID_PAYLOAD);
    m.content_type = STR_NULL;
    m.content_encoding = STR("base64");
    assert_int_equal(celery_decode(arena, &m, &t, &why), ERR_INVALID_PAYLOAD);
}

static void test_round_trip(void **state)
{
    (void)state;
    const struct log_context log = {.trace_id = STR("0af7651916cd43dd8448eb211c80319c"),
                                    .span_id = STR("b7ad6b7169203331"),
                                    .trace_state = STR("vendor=1")};
    struct str headers = celery_headers(arena, "tts.tasks.process_ticket", STR("abc"), &log,
                                        STR("2026-01-12T10:30:00.000Z"));
    assert_true(str_find(headers, STR("\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-"
                                      "b7ad6b7169203331-01\",\"tracestate\":\"vendor=1\"")) > 0);
    struct str body = celery_body(arena, STR("[{\"a\":\"\\u00e4\"}]"), STR_NULL);
    struct mq_message m = message(str_cstr(arena, headers), str_cstr(arena, body));
    struct celery_task t;
    const char *why = "";
    assert_int_equal(celery_decode(arena, &m, &t, &why), ERR_OK);
    assert_true(str_eq(t.name, STR("tts.tasks.process_ticket")));
    assert_true(str_eq(t.id, STR("abc")));
    assert_true(str_eq(json_str(json_get(celery_arg(&t, 0, "x"), "a")), STR("ä")));
    assert_true(str_eq(mq_header_get(&m, "x-tts-time"), STR("2026-01-12T10:30:00.000Z")));
    /* Members that workers of one version or another insist on. */
    static const char *const NAMES[] = {"lang",   "task",      "id",      "root_id",
                                        "group",  "parent_id", "retries", "argsrepr",
                                        "origin", "eta",       "expires", "kwargsrepr"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        bool is_there = false;
        for (size_t j = 0; j < m.header_count; j++)
            is_there |= str_eq(m.headers[j].name, str_from(NAMES[i]));
        assert_true(is_there);
    }
}

static void test_headers_from_json(void **state)
{
    (void)state;
    const struct mq_header *h;
    size_t n = 7;
    const char *why = "";
    assert_int_equal(headers_from_json(arena, STR_NULL, &h, &n, &why), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(
        headers_from_json(arena, STR("{\"s\":\"x\",\"i\":-5,\"b\":true,\"n\":null}"), &h, &n, &why),
        ERR_OK);
    assert_int_equal(n, 4);
    assert_int_equal(h[1].kind, MQ_HEADER_INT);
    assert_true(str_eq(h[1].value, STR("-5")));
    assert_int_equal(h[2].kind, MQ_HEADER_BOOL);
    assert_true(str_eq(h[2].value, STR("true")));
    assert_int_equal(h[3].kind, MQ_HEADER_NULL);
    static const char *const BAD[] = {"[]", "{\"a\":[1]}", "{\"a\":{}}", "{\"a\":1.5}", "{"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_int_equal(headers_from_json(arena, str_from(BAD[i]), &h, &n, &why),
                         ERR_INVALID_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positional),
        cmocka_unit_test(test_keyword),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_content_type_refused),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_headers_from_json),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
