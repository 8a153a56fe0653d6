/* What goes out: frames, and the two halves of the closing handshake. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "clock.h"
#include "deflate.h"
#include "mem.h"
#include "socket.h"

/* ---- sending ------------------------------------------------------------------------------ */

struct ws_frame {
    struct ws_frame *deflated; /* owned; NULL while nobody wanted it, or when it is no shorter */
    bool is_deflate_tried;
    int refs;
    size_t head_len, len;
    uint8_t bytes[];
};

static struct ws_frame *frame_new(enum ws_opcode op, bool is_deflated, struct str payload)
{
    uint8_t head[10];
    size_t head_len = ws_write_head(head, op, is_deflated, payload.len);
    struct ws_frame *f = mem_alloc(sizeof *f + head_len + payload.len);
    *f = (struct ws_frame){.refs = 1, .head_len = head_len, .len = head_len + payload.len};
    memcpy(f->bytes, head, head_len);
    if (payload.len)
        memcpy(f->bytes + head_len, payload.p, payload.len);
    return f;
}

struct ws_frame *ws_frame_text(struct str text)
{
    return frame_new(WS_OP_TEXT, false, text);
}

void ws_frame_unref(struct ws_frame *f)
{
    if (!f || --f->refs > 0)
        return;
    ws_frame_unref(f->deflated);
    free(f);
}

static void try_to_deflate(struct ws_frame *f, struct str text)
{
    struct buf payload;
    buf_init(&payload, NULL);
    if (ws_deflate(text, &payload))
        f->deflated = frame_new(WS_OP_TEXT, true, buf_str(&payload));
    buf_release(&payload);
    f->is_deflate_tried = true;
}

/* The frame as that socket gets it. Within a text shorter than the peer's window nothing can refer
 * back too far. */
static struct ws_frame *frame_for(const struct ws *ws, struct ws_frame *f)
{
    struct str text = {(const char *)f->bytes + f->head_len, f->len - f->head_len};
    bool is_within_window = ws->window_bits >= WS_DEFLATE_BITS ||
                            (ws->window_bits && text.len <= (size_t)1 << ws->window_bits);
    if (!is_within_window || text.len < (size_t)ws->limits.deflate_from)
        return f;
    if (!f->is_deflate_tried)
        try_to_deflate(f, text);
    return f->deflated ? f->deflated : f;
}

static void unref_sent(const void *data, size_t len, void *arg)
{
    (void)data, (void)len;
    ws_frame_unref(arg);
}

size_t socket_backlog(const struct ws *ws)
{
    return ws->has_backlog ? evbuffer_get_length(bufferevent_get_output(ws->bev)) : 0;
}

/*
 * The socket nearly always takes a frame whole, which costs no buffer and no epoll_ctl. What it
 * does not take is added by reference. An error is left to a later turn, so that whoever sends to
 * many sockets is not interrupted by a handler.
 */
static void transmit(struct ws *ws, struct ws_frame *f)
{
    size_t sent = 0;
    if (!ws->has_backlog) {
        ssize_t n = send(ws->fd, f->bytes, f->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            socket_die(ws);
            socket_schedule(ws);
            return;
        }
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent == f->len)
        return;
    f->refs++;
    ws->has_backlog = true;
    evbuffer_add_reference(bufferevent_get_output(ws->bev), f->bytes + sent, f->len - sent,
                           unref_sent, f);
    bufferevent_enable(ws->bev, EV_WRITE);
}

void socket_send_control(struct ws *ws, enum ws_opcode op, struct str payload)
{
    struct ws_frame *f = frame_new(op, false, payload);
    transmit(ws, f);
    ws_frame_unref(f);
}

void ws_send_frame(struct ws *ws, struct ws_frame *f)
{
    if (ws->state != WS_OPEN)
        return;
    f = frame_for(ws, f);
    if ((int64_t)(socket_backlog(ws) + f->len) > ws->limits.max_backlog) {
        ws_close(ws, WS_TRY_AGAIN, STR("too slow"));
        return;
    }
    transmit(ws, f);
}

void ws_send_text(struct ws *ws, struct str text)
{
    struct ws_frame *f = ws_frame_text(text);
    ws_send_frame(ws, f);
    ws_frame_unref(f);
}

int64_t ws_backlog(const struct ws *ws)
{
    return ws->state == WS_OPEN ? (int64_t)socket_backlog(ws) : 0;
}

/* ---- closing ------------------------------------------------------------------------------ */

static void send_close(struct ws *ws, int code, struct str reason)
{
    char payload[WS_MAX_CONTROL];
    size_t n = 0;
    if (reason.len > WS_MAX_CONTROL - 2)
        reason.len = WS_MAX_CONTROL - 2;
    if (ws_is_close_code(code)) {
        payload[0] = (char)(code >> 8);
        payload[1] = (char)code;
        memcpy(payload + 2, reason.len ? reason.p : "", reason.len);
        n = 2 + reason.len;
    }
    ws->closing_us = clock_mono_us();
    socket_send_control(ws, WS_OP_CLOSE, str_n(payload, n));
}

void ws_close(struct ws *ws, int code, struct str reason)
{
    if (ws->state != WS_OPEN)
        return;
    ws->state = WS_CLOSE_SENT;
    ws->code = code;
    send_close(ws, code, reason);
}

void socket_fail(struct ws *ws, int code)
{
    if (ws->state == WS_OPEN) {
        ws->code = code;
        ws->state = WS_FAILED;
        send_close(ws, code, STR(""));
    } else if (ws->state == WS_CLOSE_SENT) {
        ws->state = WS_FAILED;
    }
}

void socket_peer_closed(struct ws *ws, struct str payload)
{
    int code, error;
    if (!ws_parse_close(payload, &code, &error)) {
        socket_fail(ws, error);
        return;
    }
    ws->is_peer_closed = true;
    if (ws->state != WS_OPEN)
        return;
    ws->code = code;
    ws->state = WS_FAILED;
    send_close(ws, code, STR(""));
}
