/* The life of a socket: opening, its turns, its end, and the sweep that looks after all of them. */
#include "ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "accept.h"
#include "clock.h"
#include "loop.h"
#include "mem.h"
#include "socket.h"

/* Input is not read beyond this while a message is being handled. */
#define INPUT_HIGH (64 * 1024)
/* For the peer's part of the closing handshake, and to read what it was told. */
#define CLOSE_TIMEOUT_US (2 * US_PER_S)
#define CLOSED_ABNORMALLY 1006

const struct ws_limits WS_DEFAULT_LIMITS = {
    .max_message = 64 * 1024,
    .max_backlog = 256 * 1024,
    .ping_interval_ms = 30000,
    .messages_per_s = 50,
    .deflate_from = 512,
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

/* Frees a dead socket once nobody uses it. */
static void settle(struct ws *ws)
{
    if (ws->state != WS_DEAD || ws->is_busy || ws->is_turning || ws->is_scheduled)
        return;
    delist(ws);
    socket_drop_partial(ws);
    ws->handlers->on_close(ws, ws->arg, ws->code);
    free(ws);
}

void socket_die(struct ws *ws)
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

void socket_schedule(struct ws *ws)
{
    if (ws->is_scheduled)
        return;
    ws->is_scheduled = true;
    loop_defer(ws->loop, on_scheduled, ws);
}

/* ---- turns -------------------------------------------------------------------------------- */

/* All is said: the connection ends when the output is empty. */
static void finish_when_sent(struct ws *ws)
{
    if (ws->state == WS_DEAD || socket_backlog(ws) > 0)
        return;
    if (ws->is_peer_closed)
        socket_die(ws);
    else if (ws->state == WS_FAILED)
        shutdown(ws->fd, SHUT_WR);
}

static void turn(struct ws *ws)
{
    ws->is_turning = true;
    while ((ws->state == WS_OPEN || ws->state == WS_CLOSE_SENT) && !ws->is_busy &&
           !ws->is_peer_closed && socket_read(ws))
        ;
    if (ws->state == WS_FAILED) {
        struct evbuffer *in = bufferevent_get_input(ws->bev);
        evbuffer_drain(in, evbuffer_get_length(in));
        socket_drop_partial(ws);
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
    if (socket_backlog(ws) > 0)
        return;
    ws->has_backlog = false;
    bufferevent_disable(bev, EV_WRITE);
    finish_when_sent(ws);
    settle(ws);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct ws *ws = arg;
    socket_die(ws);
    settle(ws);
}

/* ---- time --------------------------------------------------------------------------------- */

static void check(struct ws *ws, int64_t now)
{
    int64_t interval = ws->limits.ping_interval_ms * US_PER_MS;
    if (ws->state == WS_CLOSE_SENT || ws->state == WS_FAILED) {
        if (now - ws->closing_us > CLOSE_TIMEOUT_US)
            socket_die(ws);
    } else if (ws->is_busy) {
        /* Its pong may wait behind the message being handled. */
        ws->seen_us = now;
    } else if (ws->pinged_us && now - ws->pinged_us > interval) {
        socket_die(ws);
    } else if (!ws->pinged_us && now - ws->seen_us > interval) {
        ws->pinged_us = now;
        socket_send_control(ws, WS_OP_PING, STR(""));
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

/* The socket outlives the request. */
static void keep_identity(struct ws *ws, const struct log_context *log)
{
    snprintf(ws->trace_id, sizeof ws->trace_id, "%.*s", STR_ARG(log->trace_id));
    snprintf(ws->span_id, sizeof ws->span_id, "%.*s", STR_ARG(log->span_id));
    ws->user_id = log->user_id;
    ws->is_unsampled = log->is_unsampled;
}

enum err ws_accept(struct req *r, const struct ws_handlers *h, const struct ws_limits *limits,
                   void *arg, struct ws **out)
{
    struct bufferevent *bev = NULL;
    int window_bits = 0;
    enum err rc = ws_handshake(r, &bev, &window_bits);
    *out = NULL;
    if (rc)
        return rc;
    struct ws *ws = MEM_NEW(struct ws);
    ws->loop = r->loop;
    ws->bev = bev;
    ws->window_bits = window_bits;
    ws->handlers = h;
    ws->limits = *limits;
    ws->arg = arg;
    ws->code = CLOSED_ABNORMALLY;
    ws->seen_us = clock_mono_us();
    keep_identity(ws, &r->log);
    bufferevent_setcb(bev, on_read, on_write, on_event, ws);
    bufferevent_setwatermark(bev, EV_READ, 0, INPUT_HIGH);
    ws->fd = bufferevent_getfd(bev);
    ws->has_backlog = evbuffer_get_length(bufferevent_get_output(bev)) > 0;
    if (!ws->has_backlog)
        bufferevent_disable(bev, EV_WRITE);
    enlist(ws);
    socket_schedule(ws);
    *out = ws;
    return ERR_OK;
}
