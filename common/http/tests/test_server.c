#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service.h"

/* Sends one request on a connection of its own and takes the reply. */
static struct raw_reply ask(const char *wire)
{
    struct raw c = dial();
    struct raw_reply reply;
    raw_send(&c, str_from(wire));
    if (!raw_reply(&c, &reply, false))
        fail_msg("no reply to %s", wire);
    raw_close(&c);
    return reply;
}

static bool contains(struct str s, const char *needle)
{
    return str_find(s, str_from(needle)) >= 0;
}

/* ---- replies ------------------------------------------------------------------------------ */

static void test_plain_reply(void **state)
{
    struct raw_reply r = ask("GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-ID: abc-1\r\n\r\n");
    assert_int_equal(r.head.status, 200);
    assert_true(str_eq(r.head.reason, STR("OK")));
    assert_true(str_eq(r.body, STR("hello")));
    assert_true(str_eq(raw_header(&r, "Content-Type"), STR("text/plain")));
    assert_true(str_eq(raw_header(&r, "X-Request-ID"), STR("abc-1")));
    assert_int_equal(raw_header(&r, "X-Trace-Id").len, 32);
    assert_int_equal(raw_header(&r, "Date").len, 29);
    assert_null(raw_header(&r, "Server").p);
    assert_null(raw_header(&r, "Connection").p);
    assert_int_equal(seen.last_bytes, 5);
    arena_free(r.arena);
}

static void test_identifiers(void **state)
{
    static const char *const traced =
        "GET /fail/CONFLICT HTTP/1.1\r\nHost: a\r\nX-Request-ID: no blanks\r\n"
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
    struct raw_reply r = ask(traced);
    assert_true(str_eq(raw_header(&r, "X-Trace-Id"), STR("0af7651916cd43dd8448eb211c80319c")));
    assert_true(contains(r.body, "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\""));
    assert_int_equal(raw_header(&r, "X-Request-ID").len, 32);
    arena_free(r.arena);

    static const char *const bad[] = {
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c80319c",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char wire[300];
        snprintf(wire, sizeof wire, "GET /hello HTTP/1.1\r\nHost: a\r\ntraceparent: %s\r\n\r\n",
                 bad[i]);
        r = ask(wire);
        assert_int_equal(raw_header(&r, "X-Trace-Id").len, 32);
        assert_false(
            str_ieq(raw_header(&r, "X-Trace-Id"), STR("0af7651916cd43dd8448eb211c80319c")));
        assert_false(str_eq(raw_header(&r, "X-Trace-Id"), STR("00000000000000000000000000000000")));
        arena_free(r.arena);
    }
}

static void test_request_parts(void **state)
{
    struct raw_reply r =
        ask("GET /items/7/a%2Fb%20c/?x=1&q=d+e%26&q=2 HTTP/1.1\r\nHost: a\r\n"
            "Cookie: b=1; c=\"two\"\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.1.2.3\r\n\r\n");
    assert_true(str_eq(r.body, STR("{\"id\":\"7\",\"part\":\"a/b c\",\"q\":\"d e&\","
                                   "\"cookie\":\"two\",\"peer\":\"2.2.2.2\",\"is_int\":true}")));
    arena_free(r.arena);
    r = ask("GET http://a/items/-7/x HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: nonsense\r\n\r\n");
    assert_true(str_eq(r.body, STR("{\"id\":\"-7\",\"part\":\"x\",\"q\":null,\"cookie\":null,"
                                   "\"peer\":\"127.0.0.1\",\"is_int\":false}")));
    arena_free(r.arena);
}

static void test_headers_are_safe(void **state)
{
    struct raw_reply r = ask(GET("/headers"));
    assert_int_equal(r.head.status, 204);
    assert_int_equal(r.head.content_length, -1);
    assert_true(str_eq(raw_header(&r, "ETag"), STR("\"2\"")));
    assert_true(contains(r.text, "Set-Cookie: a=b\r\n"));
    assert_true(contains(r.text, "Set-Cookie: c=d  Evil: yes\r\n"));
    assert_null(raw_header(&r, "Evil").p);
    arena_free(r.arena);
}

static const struct status_case {
    const char *wire;
    int status;
    const char *code, *header, *value;
} STATUS_CASES[] = {
    {GET("/nope"), 404, "NOT_FOUND", NULL, NULL},
    {"DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405, "METHOD_NOT_ALLOWED", "Allow", "GET, HEAD"},
    {"BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501, "NOT_IMPLEMENTED", NULL, NULL},
    {"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505, "VERSION_NOT_SUPPORTED", "Connection", "close"},
    {"GET /hello HTTP/1.1\r\n\r\n", 400, "INVALID_INPUT", "Connection", "close"},
    {"GET /hello HTTP/1.1\nHost: a\n\n", 400, "INVALID_INPUT", "Connection", "close"},
    {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "INVALID_INPUT", NULL, NULL},
    {GET("/items/%/x"), 400, "INVALID_INPUT", NULL, NULL},
    {GET("/items/a%00/x"), 400, "INVALID_INPUT", NULL, NULL},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
     "NOT_IMPLEMENTED", "Connection", "close"},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\nx", 417,
     "EXPECTATION_FAILED", NULL, NULL},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", 413, "PAYLOAD_TOO_LARGE",
     "Connection", "close"},
    {"POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413, "PAYLOAD_TOO_LARGE",
     NULL, NULL},
    {"POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n",
     413, "PAYLOAD_TOO_LARGE", "Connection", "close"},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n", 400,
     "INVALID_INPUT", "Connection", "close"},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 415,
     "UNSUPPORTED_MEDIA_TYPE", NULL, NULL},
    {"POST /private HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 401, "UNAUTHENTICATED",
     "WWW-Authenticate", "Bearer"},
    {"POST /private HTTP/1.1\r\nHost: a\r\nAuthorization: guest\r\n\r\n", 403, "FORBIDDEN", NULL,
     NULL},
    {GET("/fail/SERVICE_UNAVAILABLE"), 503, "SERVICE_UNAVAILABLE", "Retry-After", "5"},
    {GET("/fail/LIMIT"), 429, "RATE_LIMIT_EXCEEDED", "Retry-After", "30"},
    {GET("/fail/NOTHING"), 500, "INTERNAL_ERROR", NULL, NULL},
    {GET("/page?page=0"), 422, "VALIDATION_ERROR", NULL, NULL},
    {GET("/page?page=%zz"), 400, "INVALID_INPUT", NULL, NULL},
};

static void test_statuses(void **state)
{
    for (size_t i = 0; i < sizeof STATUS_CASES / sizeof *STATUS_CASES; i++) {
        const struct status_case *t = &STATUS_CASES[i];
        struct raw_reply r = ask(t->wire);
        if (r.head.status != t->status)
            fail_msg("%s: %d", t->wire, r.head.status);
        char code[64];
        snprintf(code, sizeof code, "\"code\":\"%s\"", t->code);
        if (!contains(r.body, code))
            fail_msg("%s: %.*s", t->wire, STR_ARG(r.body));
        if (t->header && !str_eq(raw_header(&r, t->header), str_from(t->value)))
            fail_msg("%s: %s is %.*s", t->wire, t->header, STR_ARG(raw_header(&r, t->header)));
        assert_true(str_eq(raw_header(&r, "Content-Type"), STR("application/json")));
        assert_int_equal(seen.last_status, t->status);
        arena_free(r.arena);
    }
    assert_int_equal(seen.finished, sizeof STATUS_CASES / sizeof *STATUS_CASES);
}

static void test_envelope(void **state)
{
    struct raw_reply r = ask(GET("/fail/FIELDS"));
    const struct json *v;
    const char *why;
    assert_int_equal(r.head.status, 422);
    assert_int_equal(json_parse(r.arena, r.body, &v, &why), ERR_OK);
    assert_true(str_eq(json_str(json_get(v, "status")), STR("error")));
    assert_true(str_eq(json_str(json_get(v, "message")), json_str(json_get(v, "error"))));
    const struct json *details = json_get(v, "details");
    assert_true(str_eq(json_str(json_get(details, "trace_id")), raw_header(&r, "X-Trace-Id")));
    assert_true(str_eq(json_str(json_get(details, "hint")), STR("look")));
    const struct json *fields = json_get(details, "fields");
    assert_true(str_eq(json_str(json_get(fields, "age")), STR("is \"negative\"")));
    assert_int_equal(json_count(fields), 2);
    int64_t at;
    assert_true(time_parse(json_str(json_get(v, "timestamp")), &at));
    arena_free(r.arena);

    r = ask(GET("/fail/TEXT"));
    assert_true(contains(r.body, "\"message\":\"7 is taken\",\"error\":\"7 is taken\""));
    arena_free(r.arena);
    r = ask(GET("/text/NOT_FOUND"));
    assert_true(contains(r.body, "\"message\":\"no such thing here\""));
    arena_free(r.arena);
}

static void test_problem(void **state)
{
    static const struct {
        const char *accept;
        bool is_problem;
    } cases[] = {
        {"application/problem+json", true},
        {"text/html, application/problem+json;q=0.5", true},
        {"application/problem+json, application/json", true},
        {"application/json, application/problem+json;q=0.9", false},
        {"application/problem+json;q=0", false},
        {"application/problem+json;q=x", false},
        {"application/json;q=0.8, application/problem+json;q=0.81", true},
        {"*/*", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char wire[200];
        snprintf(wire, sizeof wire, "GET /fail/TEXT HTTP/1.1\r\nHost: a\r\nAccept: %s\r\n\r\n",
                 cases[i].accept);
        struct raw_reply r = ask(wire);
        struct str type = raw_header(&r, "Content-Type");
        if (str_eq(type, STR("application/problem+json")) != cases[i].is_problem)
            fail_msg("%s: %.*s", cases[i].accept, STR_ARG(type));
        if (cases[i].is_problem)
            assert_true(contains(r.body, "\"status\":409,\"detail\":\"7 is taken\""));
        arena_free(r.arena);
    }
}

static void test_options_and_head(void **state)
{
    struct raw_reply r = ask("OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(r.head.status, 204);
    assert_true(str_eq(raw_header(&r, "Allow"), STR("GET, HEAD")));
    arena_free(r.arena);
    r = ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(r.head.status, 204);
    arena_free(r.arena);

    struct raw c = dial();
    raw_send(&c, STR("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" GET("/hello")));
    assert_true(raw_reply(&c, &r, true));
    assert_int_equal(r.head.status, 200);
    assert_int_equal(r.head.content_length, 5);
    arena_free(r.arena);
    expect_status(&c, 200); /* no body stood between the two */
    raw_send(&c,
             STR("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\nHEAD /nope HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (int i = 0; i < 2; i++) {
        assert_true(raw_reply(&c, &r, true));
        arena_free(r.arena);
    }
    loop_turn(loop, 1);
    assert_false(raw_receive(&c));
    raw_close(&c);
}

/* ---- bodies ------------------------------------------------------------------------------- */

static const struct json_case {
    const char *path, *type, *body;
    int status;
    const char *part; /* of the reply */
} JSON_CASES[] = {
    {"/people", "application/json", "{\"name\":\"Ann\",\"age\":3}", 201,
     "{\"name\":\"Ann\",\"age\":3}"},
    {"/people", "application/json; charset=utf-8", "{\"name\":\"Ann\"}", 201, "\"age\":null"},
    {"/people", "application/merge-patch+json", "{\"name\":\"Ann\"}", 201, "Ann"},
    {"/people", "text/plain", "{\"name\":\"Ann\"}", 415, "UNSUPPORTED_MEDIA_TYPE"},
    {"/people", "application/jsonp", "{\"name\":\"Ann\"}", 415, "UNSUPPORTED_MEDIA_TYPE"},
    {"/people", "application/json", "{\"name\":", 400, "Malformed JSON"},
    {"/people", "application/json", "[1]", 400, "must be a JSON object"},
    {"/people", "application/json", "  ", 400, "JSON body is required"},
    {"/people", "application/json", "{}", 400, "\"fields\":{\"name\":"},
    {"/people", "application/json", "{\"name\":7,\"age\":1000}", 400, "\"age\":"},
    {"/people", "application/json", "{\"name\":\"01234567890\",\"age\":-1}", 422, "\"age\":"},
    {"/maybe", "application/json", "", 204, ""},
    {"/maybe", "application/json", "{\"age\":1}", 400, "\"name\":"},
};

static void test_json_bodies(void **state)
{
    for (size_t i = 0; i < sizeof JSON_CASES / sizeof *JSON_CASES; i++) {
        const struct json_case *t = &JSON_CASES[i];
        char wire[400];
        snprintf(wire, sizeof wire,
                 "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                 t->path, t->type, strlen(t->body), t->body);
        struct raw_reply r = ask(wire);
        if (r.head.status != t->status || !contains(r.body, t->part))
            fail_msg("%s: %d %.*s", t->body, r.head.status, STR_ARG(r.body));
        arena_free(r.arena);
    }
    struct raw_reply r = ask(GET("/page?page=3&other=%20"));
    assert_true(str_eq(r.body, STR("{\"page\":3}")));
    arena_free(r.arena);
}

/* The same bytes, cut anywhere, mean the same. */
static void test_split_everywhere(void **state)
{
    static const char wire[] =
        "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n"
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nfgh" GET("/hello");
    struct raw c = dial();
    for (size_t cut = 1; cut < sizeof wire - 1; cut++) {
        raw_send(&c, str_n(wire, cut));
        loop_turn(loop, 0);
        raw_send(&c, str_n(wire + cut, sizeof wire - 1 - cut));
        static const char *const bodies[] = {"abcde", "fgh", "hello"};
        for (int i = 0; i < 3; i++) {
            struct raw_reply r;
            assert_true(raw_reply(&c, &r, false));
            assert_int_equal(r.head.status, 200);
            assert_true(str_eq(r.body, str_from(bodies[i])));
            arena_free(r.arena);
        }
    }
    raw_close(&c);
}

static void test_byte_by_byte(void **state)
{
    static const char wire[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    struct raw c = dial();
    for (size_t i = 0; i < sizeof wire - 1; i++) {
        raw_send(&c, str_n(wire + i, 1));
        loop_turn(loop, 0);
    }
    expect_status(&c, 200);
    raw_close(&c);
}

static void test_large_body(void **state)
{
    static char body[100000];
    memset(body, 'b', sizeof body);
    struct raw c = dial();
    raw_send(&c, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"));
    raw_send(&c, str_n(body, sizeof body));
    struct raw_reply r;
    assert_true(raw_reply(&c, &r, false));
    assert_true(str_eq(r.body, str_n(body, sizeof body)));
    arena_free(r.arena);
    raw_close(&c);
}

/* A refused request's small body is dropped and the connection goes on; a large one ends it. */
static void test_unread_bodies(void **state)
{
    struct raw c = dial();
    raw_send(&c, STR("POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"));
    expect_status(&c, 404);
    raw_send(&c, STR("abc" GET("/hello")));
    expect_status(&c, 200);
    raw_send(&c,
             STR("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET("/hello")));
    expect_status(&c, 200);
    expect_status(&c, 200);
    raw_send(&c, STR("POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\nabc"));
    expect_status(&c, 404);
    raw_expect_eof(&c);
    raw_close(&c);
}

/* The refusal reaches a client that is still sending: no reset destroys it. */
static void test_refusal_while_sending(void **state)
{
    static char body[200000];
    struct raw c = dial();
    raw_send(&c, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"));
    raw_send(&c, str_n(body, sizeof body));
    expect_status(&c, 413);
    raw_close(&c);
}

static void test_expect_continue(void **state)
{
    struct raw c = dial();
    struct raw_reply r;
    const struct str head = STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                                "Expect: 100-continue\r\n\r\n");
    raw_send(&c, head);
    expect_status(&c, 100);
    raw_send(&c, STR("abc"));
    expect_status(&c, 200);
    /* Whoever does not wait is not told. */
    raw_send(&c, head);
    raw_send(&c, STR(""));
    expect_status(&c, 100);
    raw_send(&c, STR("abc"));
    expect_status(&c, 200);
    raw_send(&c, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                     "Expect: 100-continue\r\n\r\nabc"));
    expect_status(&c, 200);
    raw_send(&c, STR("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                     "Expect: 100-continue\r\n\r\n"));
    expect_status(&c, 100);
    raw_send(&c, STR("abc"));
    expect_status(&c, 200);
    /* A refusal comes instead of the go-ahead, and ends the connection. */
    raw_send(&c, STR("POST /private HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                     "Expect: 100-continue\r\n\r\n"));
    assert_true(raw_reply(&c, &r, false));
    assert_int_equal(r.head.status, 401);
    assert_true(str_eq(raw_header(&r, "Connection"), STR("close")));
    arena_free(r.arena);
    raw_expect_eof(&c);
    raw_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain_reply),     TEST(test_identifiers),
        TEST(test_request_parts),   TEST(test_headers_are_safe),
        TEST(test_statuses),        TEST(test_envelope),
        TEST(test_problem),         TEST(test_options_and_head),
        TEST(test_json_bodies),     TEST(test_split_everywhere),
        TEST(test_byte_by_byte),    TEST(test_large_body),
        TEST(test_unread_bodies),   TEST(test_refusal_while_sending),
        TEST(test_expect_continue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
