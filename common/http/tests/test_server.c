#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <stdio.h>

#include "raw.h"
#include "server.h"

/* ---- the service under test --------------------------------------------------------------- */

struct person {
    struct str name;
    int64_t age;
};

static const struct json_field PERSON_FIELDS[] = {
    {.name = "name",
     .kind = JK_STR,
     .offset = offsetof(struct person, name),
     .flags = JF_REQUIRED,
     .max = 10},
    {.name = "age", .kind = JK_INT, .offset = offsetof(struct person, age), .min = 0, .max = 150},
};
static JSON_SCHEMA(PERSON, "Person", struct person, PERSON_FIELDS);

struct page {
    int64_t page;
};
static const struct json_field PAGE_FIELDS[] = {
    {.name = "page", .kind = JK_INT, .offset = offsetof(struct page, page), .min = 1, .max = 99},
};
static JSON_SCHEMA(PAGE, "Page", struct page, PAGE_FIELDS);

static struct state {
    int cancelled, timed_out, finished, last_status, calls;
    int64_t last_bytes, streamed;
    enum err stream_rc;
} seen;

static enum err say_hello(struct req *r)
{
    seen.calls++;
    return req_reply(r, 200, "text/plain", STR("hello"));
}

static enum err echo(struct req *r)
{
    seen.calls++;
    req_set_header(r, "X-Length", str_printf(r->arena, "%zu", req_body_text(r).len));
    return req_reply(r, 200, "text/plain", req_body_text(r));
}

static enum err show_item(struct req *r)
{
    struct json_writer *w = req_json_begin(r);
    jw_object(w);
    JW_STR(w, "id", req_param(r, "id"));
    JW_STR(w, "part", req_param(r, "part"));
    JW_STR(w, "q", req_query(r, "q"));
    JW_STR(w, "cookie", req_cookie(r, "c"));
    JW_STR(w, "peer", r->peer);
    int64_t id;
    JW_BOOL(w, "is_int", req_param_int(r, "id", &id));
    jw_end_object(w);
    return req_json_end(r, 200);
}

static enum err add_person(struct req *r)
{
    seen.calls++;
    if (!r->body)
        return req_reply_empty(r, 204);
    return req_reply_json(r, 201, &PERSON, r->body);
}

static enum err show_page(struct req *r)
{
    const struct page *p = r->query_args;
    return req_reply_json(r, 200, &PAGE, p);
}

static enum err CO_FN wait_long(struct req *r)
{
    enum err rc = co_sleep_ms(60000);
    seen.cancelled += rc == ERR_CANCELLED;
    seen.timed_out += rc == ERR_TIMEOUT;
    return rc;
}

static enum err CO_FN wait_briefly(struct req *r)
{
    enum err rc = co_sleep_ms(2);
    return rc ? rc : say_hello(r);
}

static enum err CO_FN stream_out(struct req *r)
{
    char piece[8192];
    memset(piece, 'x', sizeof piece);
    seen.streamed = 0;
    int64_t length = -1;
    struct str declared = req_query(r, "length");
    if (declared.p)
        (void)str_to_i64(declared, &length);
    enum err rc = req_stream_begin(r, 200, "text/plain", length);
    int64_t pieces = 512;
    struct str wanted = req_query(r, "pieces");
    if (wanted.p)
        assert_true(str_to_i64(wanted, &pieces));
    for (int64_t i = 0; i < pieces && rc == ERR_OK; i++) {
        rc = req_stream_write(r, str_n(piece, sizeof piece));
        seen.streamed += (int64_t)sizeof piece;
    }
    if (rc == ERR_OK && !req_query(r, "break").p)
        rc = req_stream_end(r);
    seen.stream_rc = rc;
    return rc;
}

static enum err CO_FN take_stream(struct req *r)
{
    struct str piece;
    int64_t total = 0;
    enum err rc;
    while (!(rc = req_body_next(r, &piece)) && piece.p)
        total += (int64_t)piece.len;
    seen.stream_rc = rc;
    if (rc)
        return rc;
    return req_reply(r, 200, "text/plain", str_printf(r->arena, "%lld", (long long)total));
}

static enum err ignore_stream(struct req *r)
{
    return say_hello(r);
}

static enum err fail_with(struct req *r)
{
    struct str code = req_param(r, "code");
    if (str_eq(code, STR("FIELDS"))) {
        req_field_error(r, "subject", "is required");
        req_field_error(r, "age", "is \"negative\"");
        req_detail_str(r, "hint", STR("look"));
        return req_fail(r, ERR_VALIDATION_ERROR);
    }
    if (str_eq(code, STR("TEXT")))
        return req_failf(r, ERR_CONFLICT, "%d is taken", 7);
    if (str_eq(code, STR("NOTHING")))
        return ERR_OK;
    if (str_eq(code, STR("LIMIT")))
        req_retry_after(r, 30);
    return err_from_code(
        str_cstr(r->arena, str_eq(code, STR("LIMIT")) ? STR("RATE_LIMIT_EXCEEDED") : code));
}

static enum err set_headers(struct req *r)
{
    req_set_header(r, "ETag", STR("\"1\""));
    req_set_header(r, "etag", STR("\"2\""));
    req_add_header(r, "Set-Cookie", STR("a=b"));
    req_add_header(r, "Set-Cookie", STR("c=d\r\nEvil: yes"));
    return req_reply_empty(r, 204);
}

static const struct route_text TEXTS[] = {{ERR_NOT_FOUND, "no such thing here"}, {0}};

static const struct route ROUTES[] = {
    {.method = "GET", .pattern = "/hello", .handler = say_hello},
    {.method = "POST", .pattern = "/echo", .handler = echo},
    {.method = "POST", .pattern = "/small", .handler = echo, .max_body = 4},
    {.method = "GET", .pattern = "/items/{id}/{part}", .handler = show_item},
    {.method = "POST", .pattern = "/people", .handler = add_person, .body = &PERSON},
    {.method = "POST",
     .pattern = "/maybe",
     .handler = add_person,
     .body = &PERSON,
     .flags = ROUTE_BODY_OPTIONAL},
    {.method = "GET", .pattern = "/page", .handler = show_page, .query = &PAGE},
    {.method = "GET", .pattern = "/wait", .handler = wait_long},
    {.method = "GET", .pattern = "/brief", .handler = wait_briefly},
    {.method = "GET", .pattern = "/stream", .handler = stream_out},
    {.method = "POST",
     .pattern = "/upload",
     .handler = take_stream,
     .flags = ROUTE_STREAM,
     .max_body = 1 << 20},
    {.method = "POST", .pattern = "/ignore", .handler = ignore_stream, .flags = ROUTE_STREAM},
    {.method = "GET", .pattern = "/fail/{code}", .handler = fail_with},
    {.method = "GET", .pattern = "/text/{code}", .handler = fail_with, .texts = TEXTS},
    {.method = "GET", .pattern = "/headers", .handler = set_headers},
    {.method = "POST", .pattern = "/private", .handler = echo, .auth = AUTH_USER},
    {0},
};

static enum err authenticate(struct req *r)
{
    return r->route->auth == AUTH_USER && !req_header(r, "Authorization").p ? ERR_UNAUTHENTICATED
                                                                            : ERR_OK;
}

static enum err authorise(struct req *r)
{
    return str_eq(req_header(r, "Authorization"), STR("guest")) ? ERR_FORBIDDEN : ERR_OK;
}

static void note_finished(struct req *r, int status, int64_t duration_us, int64_t bytes)
{
    seen.finished++;
    seen.last_status = status;
    seen.last_bytes = bytes;
    assert_true(duration_us >= 0);
    assert_true(r->log.trace_id.len == 32);
}

/* ---- fixture ------------------------------------------------------------------------------ */

static struct loop *loop;
static struct route_table *table;
static struct http_server *server;

static const struct http_server_config QUICK = {
    .bind = "127.0.0.1",
    .max_connections = 100,
    .max_head_bytes = 1000,
    .max_body_bytes = 100000,
    .head_timeout_ms = 80,
    .body_timeout_ms = 80,
    .idle_timeout_ms = 120,
    .write_timeout_ms = 120,
    .request_timeout_ms = 100,
    .trusted_proxies = {"127.0.0.1, 10.0.0.0/8", 21},
};

static void start_server(const struct http_server_config *cfg)
{
    static const struct http_server_hooks hooks = {authenticate, authorise, note_finished};
    const struct route *const arrays[] = {ROUTES};
    seen = (struct state){0};
    loop = loop_new();
    table = route_table_new(arrays, 1);
    server = http_server_new(loop, cfg, table, &hooks, NULL);
    assert_true(http_server_listen(server));
}

/* Timeouts that a test does not reach even on a busy machine. */
static int set_up(void **state)
{
    struct http_server_config cfg = QUICK;
    cfg.head_timeout_ms = cfg.body_timeout_ms = cfg.idle_timeout_ms = cfg.write_timeout_ms =
        cfg.request_timeout_ms = 20000;
    start_server(&cfg);
    return 0;
}

static int set_up_quick(void **state)
{
    start_server(&QUICK);
    return 0;
}

static int tear_down(void **state)
{
    http_server_drain(server);
    WAIT_FOR(loop, http_server_active(server) == 0);
    http_server_free(server);
    loop_turn(loop, 0);
    loop_turn(loop, 0);
    assert_int_equal(co_count(), 0);
    route_table_free(table);
    loop_free(loop);
    return 0;
}

static struct raw dial(void)
{
    return raw_open(loop, http_server_port(server));
}

static void expect_status(struct raw *c, int status)
{
    struct raw_reply reply;
    if (!raw_reply(c, &reply, false))
        fail_msg("no reply, wanted %d", status);
    if (reply.head.status != status)
        fail_msg("%d instead of %d: %.*s", reply.head.status, status, STR_ARG(reply.body));
    arena_free(reply.arena);
}

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

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

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

/* ---- connections -------------------------------------------------------------------------- */

static void test_pipelining(void **state)
{
    struct raw c = dial();
    raw_send(&c, STR(GET("/brief") GET("/items/1/x") GET("/brief") GET("/nope") GET("/hello")));
    static const int statuses[] = {200, 200, 200, 404, 200};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        expect_status(&c, statuses[i]);
    /* More than one turn serves. */
    for (int i = 0; i < 100; i++)
        raw_send(&c, STR(GET("/hello")));
    for (int i = 0; i < 100; i++)
        expect_status(&c, 200);
    assert_int_equal(http_server_connections(server), 1);
    raw_close(&c);
    WAIT_FOR(loop, http_server_connections(server) == 0);
}

static void test_pipelined_after_close(void **state)
{
    struct raw c = dial();
    raw_send(&c, STR("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/hello")));
    expect_status(&c, 200);
    raw_expect_eof(&c);
    assert_int_equal(seen.calls, 1);
    raw_close(&c);
}

static void test_http_1_0(void **state)
{
    struct raw c = dial();
    struct raw_reply r;
    raw_send(&c, STR("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    assert_true(raw_reply(&c, &r, false));
    assert_true(str_eq(raw_header(&r, "Connection"), STR("keep-alive")));
    arena_free(r.arena);
    raw_send(&c, STR("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    assert_true(raw_reply(&c, &r, false));
    assert_false(r.head.is_chunked);
    assert_int_equal(r.head.content_length, -1);
    assert_int_equal(r.body.len, 512 * 8192);
    arena_free(r.arena);
    raw_expect_eof(&c);
    raw_close(&c);
    c = dial();
    raw_send(&c, STR("GET /hello HTTP/1.0\r\n\r\n"));
    expect_status(&c, 200);
    raw_expect_eof(&c);
    raw_close(&c);
}

static void test_half_close(void **state)
{
    struct raw c = dial();
    raw_send(&c, STR(GET("/hello")));
    shutdown(c.fd, SHUT_WR);
    expect_status(&c, 200);
    raw_expect_eof(&c);
    raw_close(&c);
}

static void test_oversized_heads(void **state)
{
    char wire[3000];
    struct raw c = dial();
    memset(wire, 'a', sizeof wire);
    memcpy(wire, "GET /", 5);
    raw_send(&c, str_n(wire, sizeof wire));
    expect_status(&c, 414);
    raw_expect_eof(&c);
    raw_close(&c);
    c = dial();
    raw_send(&c, STR("GET / HTTP/1.1\r\nHost: a\r\nX: "));
    raw_send(&c, str_n(wire, sizeof wire));
    expect_status(&c, 431);
    raw_expect_eof(&c);
    raw_close(&c);
    c = dial();
    raw_send(&c, STR("GET / HTTP/1.1\r\nHost: a\r\n"));
    for (int i = 0; i < 200; i++)
        raw_send(&c, STR("A: b\r\n"));
    raw_send(&c, STR("\r\n"));
    expect_status(&c, 431);
    raw_close(&c);
}

static void test_client_gone_cancels(void **state)
{
    struct raw c = dial();
    raw_send(&c, STR(GET("/wait")));
    WAIT_FOR(loop, http_server_active(server) == 1);
    raw_close(&c);
    WAIT_FOR(loop, http_server_active(server) == 0);
    assert_int_equal(seen.cancelled, 1);
    assert_int_equal(seen.last_status, 499);
    /* In the middle of a body: the handler is not called. */
    c = dial();
    raw_send(&c, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"));
    WAIT_FOR(loop, http_server_active(server) == 1);
    raw_close(&c);
    WAIT_FOR(loop, http_server_active(server) == 0);
    assert_int_equal(seen.calls, 0);
    WAIT_FOR(loop, http_server_connections(server) == 0);
}

static void test_many_connections(void **state)
{
    struct raw c[150]; /* more than the server takes at a time */
    for (int i = 0; i < 150; i++) {
        c[i] = dial();
        raw_send(&c[i], STR("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    }
    for (int i = 0; i < 150; i++) {
        expect_status(&c[i], 200);
        raw_close(&c[i]);
    }
}

static void test_drain(void **state)
{
    struct raw idle = dial(), busy = dial(), late = dial();
    raw_send(&idle, STR(GET("/hello")));
    expect_status(&idle, 200);
    raw_send(&busy, STR(GET("/brief")));
    WAIT_FOR(loop, http_server_active(server) == 1);
    /* late waits in the backlog or has been accepted: either way it is served. */
    http_server_drain(server);
    raw_expect_eof(&idle);
    struct raw_reply r;
    assert_true(raw_reply(&busy, &r, false));
    assert_int_equal(r.head.status, 200);
    assert_true(str_eq(raw_header(&r, "Connection"), STR("close")));
    arena_free(r.arena);
    raw_expect_eof(&busy);
    raw_send(&late, STR(GET("/hello")));
    expect_status(&late, 200);
    raw_expect_eof(&late);
    WAIT_FOR(loop, http_server_connections(server) == 0);
    raw_close(&idle);
    raw_close(&busy);
    raw_close(&late);
}

/* A reply that began before the server drains promises to go on; the connection ends all the same,
 * but not before the reply has been sent. */
static void drain_with_reply_under_way(int until_finished)
{
    struct raw c = dial();
    struct raw_reply r;
    /* More than the kernel holds, and read slowly, so that the server's buffer is full at its end.
     */
    raw_send(&c, STR(GET("/stream?pieces=4096")));
    while (seen.finished < until_finished || seen.streamed == 0) {
        loop_turn(loop, 1);
        if (until_finished)
            raw_receive(&c);
    }
    http_server_drain(server);
    assert_true(raw_reply(&c, &r, false));
    assert_int_equal(r.body.len, 4096 * 8192);
    arena_free(r.arena);
    raw_expect_eof(&c);
    raw_close(&c);
}

static void test_drain_during_stream(void **state)
{
    drain_with_reply_under_way(0);
}

static void test_drain_after_stream(void **state)
{
    drain_with_reply_under_way(1);
}

/* ---- timeouts ----------------------------------------------------------------------------- */

static void test_timeouts(void **state)
{
    static const struct {
        const char *wire;
        int status; /* 0: closed without a word */
    } cases[] = {
        {"", 0},
        {"GET /hello HTT", 408},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", 408},
        {"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", 408},
        {GET("/wait"), 504},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw c = dial();
        raw_send(&c, str_from(cases[i].wire));
        if (cases[i].status)
            expect_status(&c, cases[i].status);
        raw_expect_eof(&c);
        raw_close(&c);
    }
    assert_int_equal(seen.timed_out, 1);
    assert_int_equal(seen.stream_rc, ERR_REQUEST_TIMEOUT);
}

/* A head that grows by a byte now and then does not get more time. */
static void test_slow_head(void **state)
{
    struct raw c = dial();
    int64_t until = clock_mono_us() + RAW_PATIENCE_US;
    raw_send(&c, STR("GET / HTTP/1.1\r\nX: "));
    for (int64_t next = 0; !raw_receive(&c) && !c.is_eof; loop_turn(loop, 1)) {
        int64_t now = clock_mono_us();
        assert_true(now < until);
        if (now < next)
            continue;
        next = now + 5 * US_PER_MS;
        if (send(c.fd, "a", 1, MSG_NOSIGNAL) < 0)
            break;
    }
    expect_status(&c, 408);
    raw_close(&c);
}

static void test_reader_that_does_not_read(void **state)
{
    struct raw c = dial();
    raw_send(&c, STR(GET("/stream?pieces=1000000")));
    WAIT_FOR(loop, http_server_active(server) == 1);
    WAIT_FOR(loop, http_server_connections(server) == 0);
    WAIT_FOR(loop, http_server_active(server) == 0);
    assert_int_equal(seen.stream_rc, ERR_CANCELLED);
    raw_close(&c);
}

/* ---- streams ------------------------------------------------------------------------------ */

static void test_streaming_replies(void **state)
{
    struct raw c = dial();
    struct raw_reply r;
    raw_send(&c, STR(GET("/stream") GET("/stream?length=4194304")));
    assert_true(raw_reply(&c, &r, false));
    assert_true(r.head.is_chunked);
    assert_int_equal(r.body.len, 512 * 8192);
    arena_free(r.arena);
    assert_true(raw_reply(&c, &r, false));
    assert_int_equal(r.head.content_length, 512 * 8192);
    assert_int_equal(r.body.len, 512 * 8192);
    arena_free(r.arena);
    raw_close(&c);
}

/* A reply that was not finished must not look complete. */
static void test_broken_streams(void **state)
{
    static const char *const wires[] = {
        GET("/stream?break=1"),
        GET("/stream?length=4194305"),
        GET("/stream?length=4194303"),
    };
    for (size_t i = 0; i < sizeof wires / sizeof *wires; i++) {
        struct raw c = dial();
        raw_send(&c, str_from(wires[i]));
        int64_t until = clock_mono_us() + RAW_PATIENCE_US;
        while (!c.is_eof) {
            assert_true(clock_mono_us() < until);
            loop_turn(loop, 1);
            while (raw_receive(&c))
                ;
        }
        assert_int_equal(evbuffer_search(c.in, "\r\n0\r\n\r\n", 7, NULL).pos, -1);
        assert_true(evbuffer_get_length(c.in) < 512 * 8192 + 40000);
        raw_close(&c);
    }
}

static void test_streaming_bodies(void **state)
{
    static char body[1 << 20];
    struct raw c = dial();
    struct raw_reply r;
    raw_send(&c, STR("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n"));
    raw_send(&c, str_n(body, sizeof body));
    assert_true(raw_reply(&c, &r, false));
    assert_true(str_eq(r.body, STR("1048576")));
    arena_free(r.arena);
    raw_send(&c, STR("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    raw_send(&c, STR("100000\r\n"));
    raw_send(&c, str_n(body, sizeof body));
    raw_send(&c, STR("\r\n0\r\n\r\n"));
    assert_true(raw_reply(&c, &r, false));
    assert_true(str_eq(r.body, STR("1048576")));
    arena_free(r.arena);
    raw_send(&c, STR("POST /upload HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(raw_reply(&c, &r, false));
    assert_true(str_eq(r.body, STR("0")));
    arena_free(r.arena);
    raw_send(&c, STR("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    raw_send(&c, STR("100001\r\n"));
    raw_send(&c, str_n(body, sizeof body));
    raw_send(&c, STR("x\r\n0\r\n\r\n"));
    expect_status(&c, 413);
    raw_expect_eof(&c);
    raw_close(&c);
    c = dial();
    raw_send(&c,
             STR("POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"));
    expect_status(&c, 400);
    raw_expect_eof(&c);
    raw_close(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define QUICK_TEST(f) cmocka_unit_test_setup_teardown(f, set_up_quick, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain_reply),
        TEST(test_identifiers),
        TEST(test_request_parts),
        TEST(test_headers_are_safe),
        TEST(test_statuses),
        TEST(test_envelope),
        TEST(test_problem),
        TEST(test_options_and_head),
        TEST(test_json_bodies),
        TEST(test_split_everywhere),
        TEST(test_byte_by_byte),
        TEST(test_large_body),
        TEST(test_unread_bodies),
        TEST(test_refusal_while_sending),
        TEST(test_expect_continue),
        TEST(test_pipelining),
        TEST(test_pipelined_after_close),
        TEST(test_http_1_0),
        TEST(test_half_close),
        TEST(test_oversized_heads),
        TEST(test_client_gone_cancels),
        TEST(test_many_connections),
        TEST(test_drain),
        TEST(test_drain_during_stream),
        TEST(test_drain_after_stream),
        QUICK_TEST(test_timeouts),
        QUICK_TEST(test_slow_head),
        QUICK_TEST(test_reader_that_does_not_read),
        TEST(test_streaming_replies),
        TEST(test_broken_streams),
        TEST(test_streaming_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
