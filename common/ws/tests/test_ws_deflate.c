#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>

#include "deflate.h"
#include "peer.h"

static void test_answer(void **state)
{
    /* Headers that come in pieces are one list. */
    struct raw c = dial();
    struct raw_reply r;
    raw_send(&c,
             STR("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n"
                 "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Extensions: foo\r\n"
                 "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n"
                 "\r\n"));
    assert_true(raw_reply(&c, &r, false));
    assert_int_equal(r.head.status, 101);
    assert_true(str_eq(raw_header(&r, "Sec-WebSocket-Extensions"),
                       STR("permessage-deflate; server_no_context_takeover; "
                           "client_no_context_takeover; server_max_window_bits=12")));
    arena_free(r.arena);
    raw_close(&c);
}

/* Receives a text that must be compressed. */
static void expect_deflated(struct raw *c, struct str text)
{
    int first;
    struct buf got;
    struct str p = receive_frame(c, &first);
    buf_init(&got, NULL);
    assert_int_equal(first, 0xc1);
    assert_int_equal(ws_inflate(p, text.len, &got), 0);
    assert_true(str_eq(buf_str(&got), text));
    buf_release(&got);
    free((char *)(uintptr_t)p.p);
}

static void test_messages(void **state)
{
    static char text[20000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "<abcdefgh"[i % 7];
    text[sizeof text - 1] = '>';
    struct str inner = {text + 1, sizeof text - 2};
    struct buf payload;
    buf_init(&payload, NULL);
    struct raw c = dial_deflate();
    assert_true(ws_deflate(inner, &payload));
    send_frame(&c, 0xc1, buf_str(&payload));
    expect_deflated(&c, str_n(text, sizeof text));
    /* In pieces, with a ping between; compression is for each message to choose. */
    send_frame(&c, 0x41, str_n(payload.p, 5));
    send_frame(&c, 0x89, STR("p"));
    expect_frame(&c, 0x8a, STR("p"));
    send_frame(&c, 0x00, STR(""));
    send_frame(&c, 0x80, str_n(payload.p + 5, payload.len - 5));
    expect_deflated(&c, str_n(text, sizeof text));
    send_frame(&c, 0x81, inner);
    expect_deflated(&c, str_n(text, sizeof text));
    send_frame(&c, 0x81, STR("short"));
    expect_text(&c, "<short>");
    send_frame(&c, 0xc1, STR("\xf2\x48\xcd\xc9\xc9\x07\x00"));
    expect_text(&c, "<Hello>");
    send_frame(&c, 0xc1, STR("\x00"));
    expect_text(&c, "<>");
    raw_close(&c);
    /* A window that the text does not fit in. */
    c = dial_offering(
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n");
    send_frame(&c, 0x81, inner);
    expect_frame(&c, 0x81, str_n(text, sizeof text));
    raw_close(&c);
    buf_release(&payload);
}

static void expect_violation(struct raw *c, struct str wire, int code)
{
    raw_send(c, wire);
    expect_close(c, code);
    raw_expect_eof(c);
    raw_close(c);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.close_code, code);
}

static void test_violations(void **state)
{
    static const struct {
        const char *name;
        struct str wire;
        int code;
    } cases[] = {
        {"not DEFLATE", STR("\xc1\x81\0\0\0\0\x06"), 1007},
        {"cut off", STR("\xc1\x83\0\0\0\0\xf2\x48\xcd"), 1007},
        {"not UTF-8", STR("\xc1\x87\0\0\0\0\x00\x01\x00\xfe\xff\xff\x00"), 1007},
        {"binary", STR("\xc2\x80mask"), 1003},
        {"RSV1 on a continuation", STR("\x41\x80mask\xc0\x80mask"), 1002},
        {"RSV1 on a ping", STR("\xc9\x80mask"), 1002},
        {"RSV2", STR("\xe1\x80mask"), 1002},
        {"RSV3", STR("\xd1\x80mask"), 1002},
        {"too long before it is inflated", STR("\xc1\xff\0\0\0\0\0\x02\0\0mask"), 1009},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct raw c = dial_deflate();
        print_message("%s\n", cases[i].name);
        expect_violation(&c, cases[i].wire, cases[i].code);
    }
    static char zeros[1 << 20];
    struct buf bomb, wire;
    buf_init(&bomb, NULL);
    buf_init(&wire, NULL);
    assert_true(ws_deflate(str_n(zeros, sizeof zeros), &bomb));
    assert_true(bomb.len < 65536);
    add_frame(&wire, 0xc1, buf_str(&bomb));
    struct raw c = dial_deflate();
    expect_violation(&c, buf_str(&wire), 1009);
    assert_int_equal(seen.messages, 0);
    buf_release(&bomb);
    buf_release(&wire);
}

/* Some want it compressed, others not: one frame for all. */
static void test_fan_out(void **state)
{
    static char text[2001];
    memset(text, 'n', sizeof text - 1);
    struct raw c[20];
    for (int i = 0; i < 20; i++)
        c[i] = i % 2 ? dial_deflate() : dial_ws();
    struct ws_frame *f = ws_frame_text(str_from(text));
    for (int i = 0; i < 20; i++)
        ws_send_frame(seen.sockets[i], f);
    ws_frame_unref(f);
    for (int i = 0; i < 20; i++) {
        if (i % 2)
            expect_deflated(&c[i], str_from(text));
        else
            expect_text(&c[i], text);
        raw_close(&c[i]);
    }
    WAIT_FOR(loop, ws_count() == 0);
}

#if !defined(__SANITIZE_ADDRESS__)
/* A compressed message each way. */
static void exchange_deflated(struct raw *c)
{
    static char text[1002];
    memset(text, 'x', sizeof text);
    text[0] = '<';
    text[sizeof text - 1] = '>';
    struct buf payload;
    buf_init(&payload, NULL);
    assert_true(ws_deflate(str_n(text + 1, sizeof text - 2), &payload));
    send_frame(c, 0xc1, buf_str(&payload));
    expect_deflated(c, str_n(text, sizeof text));
    buf_release(&payload);
}

static void test_idle_memory(void **state)
{
    enum { WARM = 20, MEASURED = 1000 };
    static struct raw c[WARM + MEASURED];
    for (int i = 0; i < WARM; i++) {
        c[i] = dial_deflate();
        exchange_deflated(&c[i]);
    }
    size_t client = mallinfo2().uordblks;
    for (int i = 0; i < MEASURED; i++) {
        struct evbuffer *b = evbuffer_new();
        c[WARM + i].in = b;
    }
    client = mallinfo2().uordblks - client;
    for (int i = 0; i < MEASURED; i++)
        evbuffer_free(c[WARM + i].in);
    size_t before = mallinfo2().uordblks;
    for (int i = WARM; i < WARM + MEASURED; i++) {
        c[i] = dial_deflate();
        exchange_deflated(&c[i]);
    }
    size_t each = (mallinfo2().uordblks - before - client) / MEASURED;
    print_message("one idle socket holds %zu bytes\n", each);
    assert_in_range(each, 1, 2048);
    for (int i = 0; i < WARM + MEASURED; i++)
        raw_close(&c[i]);
    WAIT_FOR(loop, ws_count() == 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answer),
        TEST(test_messages),
        TEST(test_violations),
        TEST(test_fan_out),
#if !defined(__SANITIZE_ADDRESS__)
        TEST(test_idle_memory),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
