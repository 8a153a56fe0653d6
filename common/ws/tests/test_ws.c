#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

/* ---- handshake ---------------------------------------------------------------------------- */

static void test_handshake(void **state)
{
    struct raw c = dial();
    struct raw_reply r;
    raw_send(&c, STR(UPGRADE "Sec-WebSocket-Protocol: bearer, abc.def\r\n\r\n"));
    assert_true(raw_reply(&c, &r, false));
    assert_int_equal(r.head.status, 101);
    /* The example of RFC 6455 §1.3. */
    assert_true(
        str_eq(raw_header(&r, "Sec-WebSocket-Accept"), STR("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    assert_true(str_eq(raw_header(&r, "Upgrade"), STR("websocket")));
    assert_true(str_eq(raw_header(&r, "Connection"), STR("Upgrade")));
    assert_true(str_eq(raw_header(&r, "Sec-WebSocket-Protocol"), STR("bearer")));
    assert_int_equal(r.head.content_length, -1);
    arena_free(r.arena);
    assert_int_equal(ws_count(), 1);
    assert_int_equal(http_server_connections(server), 0);
    raw_close(&c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.close_code, 1006);
}

static void test_refused_handshakes(void **state)
{
    static const struct {
        const char *wire;
        int status;
    } cases[] = {
        {"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", 426},
        {"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 426},
        {"GET /ws HTTP/1.0\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         426},
        {"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         426},
        {"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\n\r\n",
         400},
        {"POST /ws HTTP/1.1\r\nHost: a\r\n\r\n", 405},
    };
    struct raw c = dial();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw_reply r;
        raw_send(&c, str_from(cases[i].wire));
        assert_true(raw_reply(&c, &r, false));
        assert_int_equal(r.head.status, cases[i].status);
        if (r.head.status == 426)
            assert_true(str_eq(raw_header(&r, "Sec-WebSocket-Version"), STR("13")));
        arena_free(r.arena);
    }
    raw_close(&c);
}

/* ---- messages ----------------------------------------------------------------------------- */

static void test_messages(void **state)
{
    struct raw c = dial_ws();
    send_frame(&c, 0x81, STR("hi"));
    expect_text(&c, "<hi>");
    send_frame(&c, 0x81, STR(""));
    expect_text(&c, "<>");
    /* Control frames come between fragments. */
    send_frame(&c, 0x01, STR("k\xc3"));
    send_frame(&c, 0x89, STR("you there?"));
    expect_frame(&c, 0x8a, STR("you there?"));
    send_frame(&c, 0x00, STR("\xb6"));
    send_frame(&c, 0x8a, STR("unasked"));
    send_frame(&c, 0x00, STR(""));
    send_frame(&c, 0x80, STR("nnen"));
    expect_text(&c, "<k\xc3\xb6nnen>");
    raw_close(&c);
}

static void test_lengths(void **state)
{
    static const size_t sizes[] = {125, 126, 4096, 65535, 65536};
    static char text[65537 + 2];
    struct raw c = dial_ws();
    memset(text, 'x', sizeof text);
    limits.max_backlog = 1 << 20;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int first;
        send_frame(&c, 0x81, str_n(text, sizes[i]));
        struct str p = receive_frame(&c, &first);
        assert_int_equal(first, 0x81);
        assert_int_equal(p.len, sizes[i] + 2);
        free((char *)(uintptr_t)p.p);
    }
    raw_close(&c);
}

/* The same frames cut anywhere; the first bytes may come with the handshake. */
static void test_split_everywhere(void **state)
{
    struct buf b;
    buf_init(&b, NULL);
    add_frame(&b, 0x01, STR("ab\xe2\x82"));
    add_frame(&b, 0x89, STR("p"));
    add_frame(&b, 0x80, STR("\xac"));
    add_frame(&b, 0x81, STR("slow"));
    add_frame(&b, 0x81, STR("cd"));
    struct raw c = dial_ws();
    for (size_t cut = 0; cut <= b.len; cut++) {
        raw_send(&c, str_n(b.p, cut));
        loop_turn(loop, 0);
        raw_send(&c, str_n(b.p + cut, b.len - cut));
        expect_frame(&c, 0x8a, STR("p"));
        expect_text(&c, "<ab\xe2\x82\xac>");
        expect_text(&c, "<slow>");
        expect_text(&c, "<cd>");
    }
    raw_close(&c);
    struct buf early;
    buf_init(&early, NULL);
    BUF_LIT(&early, UPGRADE "\r\n");
    buf_add_str(&early, buf_str(&b));
    c = dial();
    raw_send(&c, buf_str(&early));
    struct raw_reply r;
    assert_true(raw_reply(&c, &r, false));
    assert_int_equal(r.head.status, 101);
    arena_free(r.arena);
    expect_frame(&c, 0x8a, STR("p"));
    expect_text(&c, "<ab\xe2\x82\xac>");
    raw_close(&c);
    buf_release(&early);
    buf_release(&b);
}

static const struct violation {
    const char *name;
    struct str wire;
    int code;
} VIOLATIONS[] = {
    {"unmasked", STR("\x81\x02hi"), 1002},
    {"reserved bit", STR("\xc1\x80mask"), 1002},
    {"unknown opcode", STR("\x83\x80mask"), 1002},
    {"continuation of nothing", STR("\x80\x80mask"), 1002},
    {"text inside a message", STR("\x01\x80mask\x81\x80mask"), 1002},
    {"fragmented ping", STR("\x09\x80mask"), 1002},
    {"binary", STR("\x82\x80mask"), 1003},
    {"bad UTF-8", STR("\x81\x81\0\0\0\0\xff"), 1007},
    {"bad UTF-8 before the end", STR("\x01\x82\0\0\0\0\xc3("), 1007},
    {"half a character at the end", STR("\x81\x81\0\0\0\0\xc3"), 1007},
    {"too long", STR("\x81\xff\0\0\0\0\0\x01\0\x01mask"), 1009},
    {"absurdly long", STR("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask"), 1009},
    {"too long in pieces", STR("\x01\x81\0\0\0\0a\x80\xff\0\0\0\0\0\x01\0\0mask"), 1009},
    {"close of one byte", STR("\x88\x81\0\0\0\0a"), 1002},
    {"close with a reserved code", STR("\x88\x82\0\0\0\0\x03\xed"), 1002},
    {"close with a bad reason", STR("\x88\x83\0\0\0\0\x03\xe8\xff"), 1007},
};

static void test_violations(void **state)
{
    for (size_t i = 0; i < sizeof VIOLATIONS / sizeof *VIOLATIONS; i++) {
        const struct violation *t = &VIOLATIONS[i];
        struct raw c = dial_ws();
        raw_send(&c, t->wire);
        raw_send(&c, STR("\x81\x80mask")); /* no longer heard */
        expect_close(&c, t->code);
        raw_expect_eof(&c);
        raw_close(&c);
        WAIT_FOR(loop, ws_count() == 0);
        if (seen.close_code != t->code || seen.messages)
            fail_msg("%s: %d", t->name, seen.close_code);
    }
}

static void test_empty_fragments_count(void **state)
{
    limits.messages_per_s = 3;
    struct raw c = dial_ws();
    send_frame(&c, 0x01, STR("a"));
    for (int i = 0; i < 4; i++)
        send_frame(&c, 0x00, STR(""));
    expect_close(&c, 1008);
    raw_close(&c);
}

static void test_rate(void **state)
{
    limits.messages_per_s = 3;
    struct raw c = dial_ws();
    for (int i = 0; i < 4; i++)
        send_frame(&c, 0x81, STR("x"));
    for (int i = 0; i < 3; i++)
        expect_text(&c, "<x>");
    expect_close(&c, 1008);
    raw_close(&c);
}

/* ---- closing ------------------------------------------------------------------------------ */

static void test_peer_closes(void **state)
{
    struct raw c = dial_ws();
    send_frame(&c, 0x88, STR("\x0f\xa0why"));
    expect_close(&c, 4000);
    raw_expect_eof(&c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.close_code, 4000);
    raw_close(&c);
    c = dial_ws();
    send_frame(&c, 0x88, STR(""));
    expect_frame(&c, 0x88, STR(""));
    raw_expect_eof(&c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.close_code, 1005);
    raw_close(&c);
}

static void test_server_closes(void **state)
{
    struct raw c = dial_ws();
    send_frame(&c, 0x81, STR("close"));
    send_frame(&c, 0x81, STR("ignored"));
    expect_frame(&c, 0x88,
                 STR("\x03\xf0"
                     "as you wish"));
    send_frame(&c, 0x88, STR("\x03\xf0"));
    raw_expect_eof(&c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.messages, 1);
    assert_int_equal(seen.close_code, WS_POLICY);
    raw_close(&c);
    /* A peer that never answers is given up. */
    c = dial_ws();
    ws_close_all(WS_GOING_AWAY);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.close_code, WS_GOING_AWAY);
    expect_close(&c, 1001);
    raw_close(&c);
}

/* The rest of a frame that had begun is no violation. */
static void test_server_closes_within_a_frame(void **state)
{
    struct raw c = dial_ws();
    raw_send(&c, STR("\x81\x84\0\0\0\0ab"));
    loop_turn(loop, 1);
    ws_close(seen.last, WS_GOING_AWAY, STR(""));
    expect_close(&c, 1001);
    raw_send(&c, STR("cd\x88\x82\0\0\0\0\x03\xe9"));
    raw_expect_eof(&c);
    assert_int_equal(ws_count(), 0); /* both halves of the handshake were seen */
    assert_int_equal(seen.close_code, WS_GOING_AWAY);
    assert_int_equal(seen.messages, 0);
    raw_close(&c);
}

static void test_peer_gone_while_handling(void **state)
{
    struct raw c = dial_ws();
    send_frame(&c, 0x81, STR("wait"));
    WAIT_FOR(loop, seen.messages == 1);
    raw_close(&c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.cancelled, 1);
}

static void test_silence(void **state)
{
    limits.ping_interval_ms = 200;
    struct raw c = dial_ws();
    expect_frame(&c, 0x89, STR(""));
    send_frame(&c, 0x8a, STR(""));
    expect_frame(&c, 0x89, STR(""));
    raw_expect_eof(&c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.close_code, 1006);
    raw_close(&c);
}

/* ---- many sockets ------------------------------------------------------------------------- */

static void test_fan_out(void **state)
{
    struct raw c[50];
    for (int i = 0; i < 50; i++)
        c[i] = dial_ws();
    struct ws_frame *f = ws_frame_text(STR("news"));
    for (int i = 0; i < 50; i++)
        ws_send_frame(seen.sockets[i], f);
    ws_frame_unref(f);
    for (int i = 0; i < 50; i++) {
        expect_text(&c[i], "news");
        raw_close(&c[i]);
    }
    WAIT_FOR(loop, ws_count() == 0);
}

/* What a slow reader has not taken waits in order, up to the limit. */
static void test_slow_reader(void **state)
{
    static char text[20000];
    memset(text, 't', sizeof text);
    struct raw c = dial_ws();
    struct ws *ws = seen.last;
    struct ws_frame *f = ws_frame_text(str_n(text, sizeof text));
    int sent = 0;
    while (seen.closed == 0 && sent < 5000) {
        ws_send_frame(ws, f);
        sent++;
        if (sent % 100 == 0)
            loop_turn(loop, 0);
    }
    ws_frame_unref(f);
    int texts = 0, first;
    for (;;) {
        struct str p = receive_frame(&c, &first);
        bool is_text = first == 0x81;
        if (is_text)
            assert_true(str_eq(p, str_n(text, sizeof text)));
        else
            assert_int_equal((uint8_t)p.p[0] << 8 | (uint8_t)p.p[1], WS_TRY_AGAIN);
        free((char *)(uintptr_t)p.p);
        if (!is_text)
            break;
        texts++;
    }
    assert_in_range(texts, 10, 4999);
    raw_close(&c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.close_code, WS_TRY_AGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_handshake),
        TEST(test_refused_handshakes),
        TEST(test_messages),
        TEST(test_lengths),
        TEST(test_split_everywhere),
        TEST(test_violations),
        TEST(test_empty_fragments_count),
        TEST(test_rate),
        TEST(test_peer_closes),
        TEST(test_server_closes),
        TEST(test_server_closes_within_a_frame),
        TEST(test_peer_gone_while_handling),
        TEST(test_silence),
        TEST(test_fan_out),
        TEST(test_slow_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
