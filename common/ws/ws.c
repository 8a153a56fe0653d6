/* The life of a socket: reading, sending, closing, and the sweep that looks after all of them. */
#include "ws.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "accept.h"
#include "buf.h"
#include "clock.h"
#include "frame.h"
#include "list.h"
#include "loop.h"
#include "mem.h"

/* Input is not read beyond this while a message is being handled. */
#define INPUT_HIGH (64 * 1024)
#define PIECE_SIZE (16 * 1024)
/* For the peer's part of the closing handshake, and to read what it was told. */
#define CLOSE_TIMEOUT_US (2 * US_PER_S)
#define HANDLER_TIMEOUT_US (30 * US_PER_S)
#define CLOSED_ABNORMALLY 1006

const struct ws_limits WS_DEFAULT_LIMITS = {
    .max_message = 64 * 1024,
    .max_backlog = 256 * 1024,
    .ping_interval_ms = 30000,
    .messages_per_s = 50,
};

enum ws_state {
    WS_OPEN,
    WS_CLOSE_SENT, /* frames are read on until the peer's close */
    WS_FAILED,     /* nothing is read on: a close is on its way, then the socket ends */
    WS_DEAD,       /* no connection any more */
};

/* A message of which only a part has arrived. */
struct partial {
    struct buf text; /* on the heap */
    struct utf8_check utf8;
    struct ws_frame_head frame; /* the frame being read */
    int64_t frame_read;
    bool is_in_frame, is_in_message;
};

struct ws {
    struct list node; /* in the list of all */
    struct loop *loop;
    struct bufferevent *bev; /* owned; NULL when dead */
    const struct ws_handlers *handlers;
    struct ws_limits limits;
    void *arg;
    struct partial *partial; /* NULL between messages */
    struct co *co;           /* handles a message */
    int64_t seen_us, pinged_us, closing_us, rate_us;
    int rate_count;
    int code; /* for on_close */
    enum ws_state state;
    bool is_busy, is_turning, is_scheduled, is_peer_closed;
};

/* ---- every socket of the process ---------------------------------------------------------- */

static struct {
    struct list sockets;
    int count, sweep_ms;
    struct timer sweep;
} all = {.sockets = {&all.sockets, &all.sockets}};

static void on_sweep(void *unused);

static void enlist(struct ws *ws)
{
    list_append(&all.sockets, &ws->node);
    int ms = ws->limits.ping_interval_ms / 8;
    ms = ms < 10 ? 10 : ms > 1000 ? 1000 : ms;
    if (all.count++ == 0) {
        timer_init(&all.sweep, ws->loop, on_sweep, NULL);
        all.sweep_ms = ms;
        timer_start(&all.sweep, ms);
    } else if (ms < all.sweep_ms) {
        all.sweep_ms = ms;
    }
}

static void delist(struct ws *ws)
{
    list_remove(&ws->node);
    if (--all.count == 0)
        timer_release(&all.sweep);
}

int ws_count(void)
{
    return all.count;
}

/* ---- the end of a socket ------------------------------------------------------------------ */

static void partial_free(struct ws *ws)
{
    if (!ws->partial)
        return;
    buf_release(&ws->partial->text);
    free(ws->partial);
    ws->partial = NULL;
}

/* Frees a dead socket once nobody uses it. */
static void settle(struct ws *ws)
{
    if (ws->state != WS_DEAD || ws->is_busy || ws->is_turning || ws->is_scheduled)
        return;
    delist(ws);
    partial_free(ws);
    ws->handlers->on_close(ws, ws->arg, ws->code);
    free(ws);
}

static void die(struct ws *ws)
{
    if (ws->state == WS_DEAD)
        return;
    ws->state = WS_DEAD;
    bufferevent_free(ws->bev);
    ws->bev = NULL;
    if (ws->co)
        co_cancel(ws->co);
}

static void turn(struct ws *ws);

static void on_scheduled(void *arg)
{
    struct ws *ws = arg;
    ws->is_scheduled = false;
    turn(ws);
}

/* Goes on after whoever is on the stack now. */
static void schedule(struct ws *ws)
{
    if (ws->is_scheduled)
        return;
    ws->is_scheduled = true;
    loop_defer(ws->loop, on_scheduled, ws);
}

/* ---- sending ------------------------------------------------------------------------------ */

struct ws_frame {
    int refs;
    size_t len;
    uint8_t bytes[];
};

struct ws_frame *ws_frame_text(struct str text)
{
    uint8_t head[10];
    size_t head_len = ws_write_head(head, WS_OP_TEXT, text.len);
    struct ws_frame *f = mem_alloc(sizeof *f + head_len + text.len);
    f->refs = 1;
    f->len = head_len + text.len;
    memcpy(f->bytes, head, head_len);
    if (text.len)
        memcpy(f->bytes + head_len, text.p, text.len);
    return f;
}

void ws_frame_unref(struct ws_frame *f)
{
    if (f && --f->refs == 0)
        free(f);
}

static void unref_sent(const void *data, size_t len, void *arg)
{
    (void)data, (void)len;
    ws_frame_unref(arg);
}

static size_t backlog(const struct ws *ws)
{
    return evbuffer_get_length(bufferevent_get_output(ws->bev));
}

/*
 * The socket nearly always takes a frame whole, which costs no buffer and no epoll_ctl. What it
 * does not take is added by reference. An error is left to a later turn, so that whoever sends to
 * many sockets is not interrupted by a handler.
 */
static void transmit(struct ws *ws, struct ws_frame *f)
{
    size_t sent = 0;
    if (backlog(ws) == 0) {
        ssize_t n = send(bufferevent_getfd(ws->bev), f->bytes, f->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            die(ws);
            schedule(ws);
            return;
        }
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent == f->len)
        return;
    f->refs++;
    evbuffer_add_reference(bufferevent_get_output(ws->bev), f->bytes + sent, f->len - sent,
                           unref_sent, f);
    bufferevent_enable(ws->bev, EV_WRITE);
}

static void send_control(struct ws *ws, enum ws_opcode op, struct str payload)
{
    struct ws_frame *f = mem_alloc(sizeof *f + 2 + payload.len);
    f->refs = 1;
    f->len = ws_write_head(f->bytes, op, payload.len) + payload.len;
    if (payload.len)
        memcpy(f->bytes + 2, payload.p, payload.len);
    transmit(ws, f);
    ws_frame_unref(f);
}

void ws_send_frame(struct ws *ws, struct ws_frame *f)
{
    if (ws->state != WS_OPEN)
        return;
    if ((int64_t)(backlog(ws) + f->len) > ws->limits.max_backlog) {
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
    return ws->state == WS_OPEN ? (int64_t)backlog(ws) : 0;
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
    send_control(ws, WS_OP_CLOSE, str_n(payload, n));
}

void ws_close(struct ws *ws, int code, struct str reason)
{
    if (ws->state != WS_OPEN)
        return;
    ws->state = WS_CLOSE_SENT;
    ws->code = code;
    partial_free(ws);
    send_close(ws, code, reason);
}

/* A violation: says so, and reads nothing more. */
static void fail_socket(struct ws *ws, int code)
{
    if (ws->state == WS_OPEN) {
        ws->code = code;
        ws->state = WS_FAILED;
        send_close(ws, code, STR(""));
    } else if (ws->state == WS_CLOSE_SENT) {
        ws->state = WS_FAILED;
    }
}

/* All is said: the connection ends when the output is empty. */
static void finish_when_sent(struct ws *ws)
{
    if (ws->state == WS_DEAD || backlog(ws) > 0)
        return;
    if (ws->is_peer_closed)
        die(ws);
    else if (ws->state == WS_FAILED)
        shutdown(bufferevent_getfd(ws->bev), SHUT_WR);
}

static void on_peer_close(struct ws *ws, struct str payload)
{
    int code, error;
    if (!ws_parse_close(payload, &code, &error)) {
        fail_socket(ws, error);
        return;
    }
    ws->is_peer_closed = true;
    if (ws->state != WS_OPEN)
        return;
    ws->code = code;
    ws->state = WS_FAILED;
    send_close(ws, code, STR(""));
}

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
        schedule(ws);
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

static void finish_message(struct ws *ws)
{
    if (!utf8_is_complete(&ws->partial->utf8)) {
        fail_socket(ws, WS_BAD_DATA);
        return;
    }
    if (is_too_fast(ws)) {
        fail_socket(ws, WS_POLICY);
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
        on_peer_close(ws, payload);
        return;
    }
    if (is_too_fast(ws)) {
        fail_socket(ws, WS_POLICY);
        return;
    }
    /* A peer that does not read its pongs gets no more of them (RFC 6455 §5.5.3). */
    if (op == WS_OP_PING && ws->state == WS_OPEN && (int64_t)backlog(ws) < ws->limits.max_backlog)
        send_control(ws, WS_OP_PONG, payload);
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

/* Whether the frame may come now, within a message or as the first of one. */
static bool begin_frame(struct ws *ws, const struct ws_frame_head *h)
{
    bool is_continued = ws->partial && ws->partial->is_in_message;
    int error = 0;
    if (h->opcode == WS_OP_BINARY)
        error = WS_UNSUPPORTED;
    else if (is_continued != (h->opcode == WS_OP_CONTINUATION))
        error = WS_PROTOCOL_ERROR;
    else if (h->payload_len > ws->limits.max_message ||
             (is_continued &&
              h->payload_len + (int64_t)ws->partial->text.len > ws->limits.max_message))
        error = WS_TOO_BIG;
    if (error) {
        fail_socket(ws, error);
        return false;
    }
    if (!ws->partial)
        ws->partial = MEM_NEW(struct partial);
    ws->partial->frame = *h;
    ws->partial->frame_read = 0;
    ws->partial->is_in_frame = ws->partial->is_in_message = true;
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
        if (ws->state == WS_OPEN && !utf8_check(&p->utf8, at, n)) {
            fail_socket(ws, WS_BAD_DATA);
            return false;
        }
        p->text.len += n;
        p->frame_read += (int64_t)n;
    }
    p->is_in_frame = false;
    return true;
}

/* One frame, or a part of one; false when there is nothing more to do now. */
static bool read_some(struct ws *ws)
{
    struct evbuffer *in = bufferevent_get_input(ws->bev);
    if (!ws->partial || !ws->partial->is_in_frame) {
        uint8_t start[WS_MAX_HEAD];
        struct ws_frame_head h;
        ev_ssize_t n = evbuffer_copyout(in, start, sizeof start);
        int got = ws_parse_head(start, n > 0 ? (size_t)n : 0, &h);
        if (got < 0)
            fail_socket(ws, WS_PROTOCOL_ERROR);
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
        partial_free(ws);
    return true;
}

static void turn(struct ws *ws)
{
    ws->is_turning = true;
    while ((ws->state == WS_OPEN || ws->state == WS_CLOSE_SENT) && !ws->is_busy &&
           !ws->is_peer_closed && read_some(ws))
        ;
    if (ws->state == WS_FAILED) {
        struct evbuffer *in = bufferevent_get_input(ws->bev);
        evbuffer_drain(in, evbuffer_get_length(in));
        partial_free(ws);
    }
    finish_when_sent(ws);
    ws->is_turning = false;
    settle(ws);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct ws *ws = arg;
    ws->seen_us = clock_mono_us();
    ws->pinged_us = 0;
    if (!ws->is_busy)
        turn(ws);
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct ws *ws = arg;
    if (backlog(ws) > 0)
        return;
    bufferevent_disable(bev, EV_WRITE);
    finish_when_sent(ws);
    settle(ws);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct ws *ws = arg;
    die(ws);
    settle(ws);
}

/* ---- time --------------------------------------------------------------------------------- */

static void check(struct ws *ws, int64_t now)
{
    int64_t interval = ws->limits.ping_interval_ms * US_PER_MS;
    if (ws->state == WS_CLOSE_SENT || ws->state == WS_FAILED) {
        if (now - ws->closing_us > CLOSE_TIMEOUT_US)
            die(ws);
    } else if (ws->is_busy) {
        /* Its pong may wait behind the message being handled. */
        ws->seen_us = now;
    } else if (ws->pinged_us && now - ws->pinged_us > interval) {
        die(ws);
    } else if (!ws->pinged_us && now - ws->seen_us > interval) {
        ws->pinged_us = now;
        send_control(ws, WS_OP_PING, STR(""));
    }
    settle(ws);
}

/* One timer for all sockets instead of one each. */
static void on_sweep(void *unused)
{
    int64_t now = clock_mono_us();
    timer_start(&all.sweep, all.sweep_ms);
    LIST_EACH(it, &all.sockets)
    {
        struct ws *ws = LIST_ENTRY(it, struct ws, node);
        if (ws->state != WS_DEAD)
            check(ws, now);
    }
}

void ws_close_all(int code)
{
    LIST_EACH(it, &all.sockets)
    {
        ws_close(LIST_ENTRY(it, struct ws, node), code, STR(""));
    }
}

enum err ws_accept(struct req *r, const struct ws_handlers *h, const struct ws_limits *limits,
                   void *arg, struct ws **out)
{
    struct bufferevent *bev = NULL;
    enum err rc = ws_handshake(r, &bev);
    *out = NULL;
    if (rc)
        return rc;
    struct ws *ws = MEM_NEW(struct ws);
    ws->loop = r->loop;
    ws->bev = bev;
    ws->handlers = h;
    ws->limits = *limits;
    ws->arg = arg;
    ws->code = CLOSED_ABNORMALLY;
    ws->seen_us = clock_mono_us();
    bufferevent_setcb(bev, on_read, on_write, on_event, ws);
    bufferevent_setwatermark(bev, EV_READ, 0, INPUT_HIGH);
    if (backlog(ws) == 0)
        bufferevent_disable(bev, EV_WRITE);
    enlist(ws);
    schedule(ws);
    *out = ws;
    return ERR_OK;
}
