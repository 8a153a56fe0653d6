/* What comes in: frames, put together to messages, each handled in a coroutine. */
#include <stdlib.h>

#include "clock.h"
#include "deflate.h"
#include "mem.h"
#include "socket.h"

#define PIECE_SIZE (16 * 1024)
#define HANDLER_TIMEOUT_US (30 * US_PER_S)

/* ---- messages ----------------------------------------------------------------------------- */

struct message {
    struct ws *ws;
    struct buf text;
};

static void CO_FN handle_message(void *arg)
{
    struct message m = *(struct message *)arg;
    struct ws *ws = m.ws;
    struct arena *a = arena_new();
    ws->co = co_self();
    co_set_deadline(co_self(), clock_mono_us() + HANDLER_TIMEOUT_US);
    ws->handlers->on_text(ws, ws->arg, a, buf_str(&m.text));
    arena_free(a);
    buf_release(&m.text);
    ws->co = NULL;
    ws->is_busy = false;
    if (!ws->is_turning)
        socket_schedule(ws);
}

static bool is_too_fast(struct ws *ws)
{
    int64_t now = clock_mono_us();
    if (now - ws->rate_us >= US_PER_S) {
        ws->rate_us = now;
        ws->rate_count = 0;
    }
    return ws->limits.messages_per_s && ++ws->rate_count > ws->limits.messages_per_s;
}

/* Replaces what has arrived by its text. 0, or the code to fail with. */
static int inflate_text(struct partial *p, int64_t max)
{
    struct buf text;
    buf_init(&text, NULL);
    int error = ws_inflate(buf_str(&p->text), (size_t)max, &text);
    if (!error && !str_is_utf8(buf_str(&text)))
        error = WS_BAD_DATA;
    buf_release(&p->text);
    p->text = text;
    return error;
}

static void finish_message(struct ws *ws)
{
    int error = 0;
    if (is_too_fast(ws))
        error = WS_POLICY;
    else if (ws->partial->is_deflated)
        error = inflate_text(ws->partial, ws->limits.max_message);
    else if (!utf8_is_complete(&ws->partial->utf8))
        error = WS_BAD_DATA;
    if (error) {
        socket_fail(ws, error);
        return;
    }
    struct message m = {ws, ws->partial->text};
    free(ws->partial);
    ws->partial = NULL;
    ws->is_busy = true;
    co_start(ws->loop, handle_message, &m, "websocket message");
}

static void on_control(struct ws *ws, enum ws_opcode op, struct str payload)
{
    if (op == WS_OP_CLOSE) {
        socket_peer_closed(ws, payload);
        return;
    }
    if (is_too_fast(ws)) {
        socket_fail(ws, WS_POLICY);
        return;
    }
    /* A peer that does not read its pongs gets no more of them (RFC 6455 §5.5.3). */
    if (op == WS_OP_PING && ws->state == WS_OPEN &&
        (int64_t)socket_backlog(ws) < ws->limits.max_backlog)
        socket_send_control(ws, WS_OP_PONG, payload);
}

void socket_drop_partial(struct ws *ws)
{
    if (!ws->partial)
        return;
    buf_release(&ws->partial->text);
    free(ws->partial);
    ws->partial = NULL;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* A control frame is small: it is taken when it is whole. */
static bool read_control(struct ws *ws, struct evbuffer *in, const struct ws_frame_head *h)
{
    uint8_t frame[WS_MAX_HEAD + WS_MAX_CONTROL];
    size_t len = h->head_len + (size_t)h->payload_len;
    if (evbuffer_get_length(in) < len)
        return false;
    evbuffer_remove(in, frame, len);
    ws_unmask(frame + h->head_len, (size_t)h->payload_len, h->mask, 0);
    on_control(ws, h->opcode, str_n((char *)frame + h->head_len, (size_t)h->payload_len));
    return true;
}

/* What compressing may add to a text that cannot be compressed. */
static int64_t max_deflated(int64_t max)
{
    return max + max / 64 + 16;
}

/* Whether the frame may come now, within a message or as the first of one. */
static bool begin_frame(struct ws *ws, const struct ws_frame_head *h)
{
    bool is_continued = ws->partial && ws->partial->is_in_message;
    bool is_deflated = is_continued ? ws->partial->is_deflated : h->is_deflated;
    int64_t max = is_deflated ? max_deflated(ws->limits.max_message) : ws->limits.max_message;
    int error = 0;
    if (h->opcode == WS_OP_BINARY)
        error = WS_UNSUPPORTED;
    else if (is_continued != (h->opcode == WS_OP_CONTINUATION))
        error = WS_PROTOCOL_ERROR;
    else if (h->payload_len > max ||
             (is_continued && h->payload_len + (int64_t)ws->partial->text.len > max))
        error = WS_TOO_BIG;
    else if (is_continued && !h->is_final && h->payload_len == 0 && is_too_fast(ws))
        error = WS_POLICY;
    if (error) {
        socket_fail(ws, error);
        return false;
    }
    if (!ws->partial)
        ws->partial = MEM_NEW(struct partial);
    ws->partial->frame = *h;
    ws->partial->frame_read = 0;
    ws->partial->is_in_frame = ws->partial->is_in_message = true;
    ws->partial->is_deflated = is_deflated;
    return true;
}

/* Takes what has arrived of a data frame's payload; false while more is to come. */
static bool read_payload(struct ws *ws, struct evbuffer *in)
{
    struct partial *p = ws->partial;
    while (p->frame_read < p->frame.payload_len) {
        int64_t left = p->frame.payload_len - p->frame_read;
        size_t n = evbuffer_get_length(in);
        if (n == 0)
            return false;
        if ((int64_t)n > left)
            n = (size_t)left;
        if (n > PIECE_SIZE)
            n = PIECE_SIZE;
        uint8_t *at = (uint8_t *)buf_reserve(&p->text, n);
        evbuffer_remove(in, at, n);
        ws_unmask(at, n, p->frame.mask, (uint64_t)p->frame_read);
        if (ws->state == WS_OPEN && !p->is_deflated && !utf8_check(&p->utf8, at, n)) {
            socket_fail(ws, WS_BAD_DATA);
            return false;
        }
        p->text.len += n;
        p->frame_read += (int64_t)n;
    }
    p->is_in_frame = false;
    return true;
}

bool socket_read(struct ws *ws)
{
    struct evbuffer *in = bufferevent_get_input(ws->bev);
    if (!ws->partial || !ws->partial->is_in_frame) {
        uint8_t start[WS_MAX_HEAD];
        struct ws_frame_head h;
        ev_ssize_t n = evbuffer_copyout(in, start, sizeof start);
        int got = ws_parse_head(start, n > 0 ? (size_t)n : 0, ws->window_bits > 0, &h);
        if (got < 0)
            socket_fail(ws, WS_PROTOCOL_ERROR);
        if (got <= 0)
            return false;
        if (ws_is_control(h.opcode))
            return read_control(ws, in, &h);
        if (!begin_frame(ws, &h))
            return false;
        evbuffer_drain(in, h.head_len);
    }
    if (!read_payload(ws, in))
        return false;
    if (!ws->partial->frame.is_final)
        return true;
    if (ws->state == WS_OPEN)
        finish_message(ws);
    else
        socket_drop_partial(ws);
    return true;
}
