#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service.h"

#define QUICK_TEST(f) cmocka_unit_test_setup_teardown(f, set_up_quick, tear_down)

static int set_up_quick(void **state)
{
    start_server(&QUICK);
    return 0;
}

static int set_up_impatient(void **state)
{
    struct http_server_config cfg = HTTP_SERVER_DEFAULTS;
    cfg.bind = "127.0.0.1";
    cfg.request_timeout_ms = 100;
    start_server(&cfg);
    return 0;
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

static void test_retire(void **state)
{
    struct raw kept = dial();
    raw_send(&kept, STR(GET("/hello")));
    expect_status(&kept, 200);
    http_server_retire(server);
    struct raw late = dial();
    struct raw *clients[] = {&kept, &late};
    for (int i = 0; i < 2; i++) {
        struct raw_reply r;
        raw_send(clients[i], STR(GET("/hello")));
        assert_true(raw_reply(clients[i], &r, false));
        assert_int_equal(r.head.status, 200);
        assert_true(str_eq(raw_header(&r, "Connection"), STR("close")));
        arena_free(r.arena);
        raw_expect_eof(clients[i]);
        raw_close(clients[i]);
    }
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
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw c = dial();
        raw_send(&c, str_from(cases[i].wire));
        if (cases[i].status)
            expect_status(&c, cases[i].status);
        raw_expect_eof(&c);
        raw_close(&c);
    }
    assert_int_equal(seen.stream_rc, ERR_REQUEST_TIMEOUT);
}

static void test_request_timeout(void **state)
{
    struct raw c = dial();
    raw_send(&c, STR(GET("/wait")));
    expect_status(&c, 504);
    raw_close(&c);
    assert_int_equal(seen.timed_out, 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pipelining),
        TEST(test_pipelined_after_close),
        TEST(test_http_1_0),
        TEST(test_half_close),
        TEST(test_oversized_heads),
        TEST(test_client_gone_cancels),
        TEST(test_many_connections),
        TEST(test_retire),
        TEST(test_drain),
        TEST(test_drain_during_stream),
        TEST(test_drain_after_stream),
        QUICK_TEST(test_timeouts),
        cmocka_unit_test_setup_teardown(test_request_timeout, set_up_impatient, tear_down),
        QUICK_TEST(test_slow_head),
        QUICK_TEST(test_reader_that_does_not_read),
        TEST(test_streaming_replies),
        TEST(test_broken_streams),
        TEST(test_streaming_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
