#pragma once
/* A server with one route that echoes texts in angle brackets, and a client that sends raw frames.
 */
#include <stdio.h>

#include "../../http/tests/raw.h"
#include "buf.h"
#include "server.h"
#include "ws.h"

/* ---- the service under test --------------------------------------------------------------- */

static struct {
    struct ws *last;
    struct ws *sockets[1200];
    int opened, closed, close_code, messages, cancelled;
    int overlaps; /* messages of one socket are handled one at a time */
    bool is_handling;
} seen;

static inline void CO_FN on_text(struct ws *ws, void *arg, struct arena *a, struct str text)
{
    seen.overlaps += seen.is_handling || arg != &seen;
    seen.is_handling = true;
    seen.messages++;
    if (str_eq(text, STR("wait")))
        seen.cancelled += co_sleep_ms(60000) == ERR_CANCELLED;
    else if (str_eq(text, STR("slow")))
        seen.cancelled += co_sleep_ms(5) == ERR_CANCELLED;
    else if (str_eq(text, STR("close")))
        ws_close(ws, WS_POLICY, STR("as you wish"));
    ws_send_text(ws, str_printf(a, "<%.*s>", STR_ARG(text)));
    seen.is_handling = false;
}

static inline void on_close(struct ws *ws, void *arg, int code)
{
    seen.closed++;
    seen.close_code = code;
}

static const struct ws_handlers HANDLERS = {on_text, on_close};
static struct ws_limits limits;

static inline enum err open_socket(struct req *r)
{
    enum err rc = ws_accept(r, &HANDLERS, &limits, &seen, &seen.last);
    if (rc == ERR_OK)
        seen.sockets[seen.opened++] = seen.last;
    return rc;
}

static const struct route ROUTES[] = {
    {.method = "GET", .pattern = "/ws", .handler = open_socket, .flags = ROUTE_UPGRADE},
    {0},
};

static struct loop *loop;
static struct route_table *table;
static struct http_server *server;

static inline int set_up(void **state)
{
    struct http_server_config cfg = HTTP_SERVER_DEFAULTS;
    const struct route *const arrays[] = {ROUTES};
    cfg.bind = "127.0.0.1";
    memset(&seen, 0, sizeof seen);
    limits = WS_DEFAULT_LIMITS;
    limits.messages_per_s = 0;
    loop = loop_new();
    table = route_table_new(arrays, 1);
    server = http_server_new(loop, &cfg, table, NULL, NULL);
    assert_true(http_server_listen(server));
    return 0;
}

static inline int tear_down(void **state)
{
    ws_close_all(WS_GOING_AWAY);
    WAIT_FOR(loop, ws_count() == 0);
    assert_int_equal(seen.closed, seen.opened);
    assert_int_equal(seen.overlaps, 0);
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

/* ---- a client ----------------------------------------------------------------------------- */

#define UPGRADE                                                                                    \
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"     \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static inline struct raw dial(void)
{
    return raw_open(loop, http_server_port(server));
}

static inline struct raw dial_offering(const char *extensions)
{
    struct raw c = dial();
    struct raw_reply r;
    char request[1000];
    snprintf(request, sizeof request, UPGRADE "%s\r\n", extensions);
    raw_send(&c, str_from(request));
    assert_true(raw_reply(&c, &r, false));
    assert_int_equal(r.head.status, 101);
    assert_int_equal(raw_header(&r, "Sec-WebSocket-Extensions").len > 0, *extensions != 0);
    arena_free(r.arena);
    return c;
}

static inline struct raw dial_ws(void)
{
    return dial_offering("");
}

static inline struct raw dial_deflate(void)
{
    return dial_offering(
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
}

/* A masked frame: first byte (FIN and opcode), payload. */
static inline void add_frame(struct buf *b, int first, struct str payload)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    buf_add_char(b, (char)first);
    if (payload.len < 126) {
        buf_add_char(b, (char)(0x80 | payload.len));
    } else if (payload.len < 65536) {
        buf_add_char(b, (char)(0x80 | 126));
        buf_add_char(b, (char)(payload.len >> 8));
        buf_add_char(b, (char)payload.len);
    } else {
        buf_add_char(b, (char)(0x80 | 127));
        for (int i = 7; i >= 0; i--)
            buf_add_char(b, (char)((uint64_t)payload.len >> (8 * i)));
    }
    buf_add(b, mask, 4);
    for (size_t i = 0; i < payload.len; i++)
        buf_add_char(b, (char)((uint8_t)payload.p[i] ^ mask[i & 3]));
}

static inline void send_frame(struct raw *c, int first, struct str payload)
{
    struct buf b;
    buf_init(&b, NULL);
    add_frame(&b, first, payload);
    raw_send(c, buf_str(&b));
    buf_release(&b);
}

static inline void need(struct raw *c, size_t n)
{
    int64_t until = clock_mono_us() + RAW_PATIENCE_US;
    while (evbuffer_get_length(c->in) < n) {
        assert_true(clock_mono_us() < until);
        if (c->is_eof)
            fail_msg("the server hung up");
        loop_turn(c->loop, 1);
        raw_receive(c);
    }
}

/* Receives one frame; the payload is malloced. */
static inline struct str receive_frame(struct raw *c, int *first)
{
    uint8_t head[10];
    need(c, 2);
    evbuffer_remove(c->in, head, 2);
    *first = head[0];
    assert_false(head[1] & 0x80);
    uint64_t len = head[1];
    int more = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (more) {
        need(c, (size_t)more);
        evbuffer_remove(c->in, head, (size_t)more);
        len = 0;
        for (int i = 0; i < more; i++)
            len = len << 8 | head[i];
    }
    need(c, (size_t)len);
    char *payload = malloc((size_t)len + 1);
    evbuffer_remove(c->in, payload, (size_t)len);
    return str_n(payload, (size_t)len);
}

static inline void expect_frame(struct raw *c, int first, struct str payload)
{
    int got;
    struct str p = receive_frame(c, &got);
    if (got != first || !str_eq(p, payload))
        fail_msg("frame %x \"%.*s\" instead of %x \"%.*s\"", got, STR_ARG(p), first,
                 STR_ARG(payload));
    free((char *)(uintptr_t)p.p);
}

static inline void expect_text(struct raw *c, const char *text)
{
    expect_frame(c, 0x81, str_from(text));
}

/* The server's close frame with that code, then the end of the connection. */
static inline void expect_close(struct raw *c, int code)
{
    int first;
    struct str p = receive_frame(c, &first);
    if (first != 0x88 || p.len < 2)
        fail_msg("frame %x instead of a close", first);
    assert_int_equal((uint8_t)p.p[0] << 8 | (uint8_t)p.p[1], code);
    free((char *)(uintptr_t)p.p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
