#pragma once
/* The service that the server's tests talk to, and the server itself: one a test. */
#include <stdio.h>

#include <event2/event.h>

#include "raw.h"
#include "server.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

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
    .request_timeout_ms = 20000,
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
