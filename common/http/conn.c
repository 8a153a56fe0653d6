/* One client connection: what has arrived, what is to be sent, and when to give up on it. */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "clock.h"
#include "mem.h"

/* Pipelined requests served in one turn before others get theirs. */
#define TURN_REQUESTS 32
/* A client that was told off gets this long to read it. */
#define LINGER_US (2 * US_PER_S)
/* One that has not spoken yet when the server drains may have a request on its way. */
#define NEWCOMER_US US_PER_S

static void conn_turn(struct http_conn *c);

static void unref(struct http_conn *c)
{
    if (--c->refs == 0)
        free(c);
}

struct evbuffer *conn_input(struct http_conn *c)
{
    return bufferevent_get_input(c->bev);
}

struct evbuffer *conn_output(struct http_conn *c)
{
    return bufferevent_get_output(c->bev);
}

static size_t input_len(struct http_conn *c)
{
    return evbuffer_get_length(conn_input(c));
}

static size_t output_len(struct http_conn *c)
{
    return evbuffer_get_length(conn_output(c));
}

static void detach(struct http_conn *c)
{
    c->bev = NULL;
    list_remove(&c->node);
    server_forget(c->server, c);
}

void conn_close(struct http_conn *c)
{
    if (!c->bev)
        return;
    bufferevent_free(c->bev);
    detach(c);
    if (c->co)
        co_cancel(c->co);
    unref(c);
}

struct bufferevent *conn_hand_over(struct http_conn *c)
{
    struct bufferevent *bev = c->bev;
    if (!bev)
        return NULL;
    detach(c);
    bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
    bufferevent_setwatermark(bev, EV_READ | EV_WRITE, 0, 0);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    unref(c);
    return bev;
}

/* ---- output ------------------------------------------------------------------------------- */

void conn_queued(struct http_conn *c, size_t n)
{
    c->queued += (int64_t)n;
}

/* The last reply has been written. */
static void finish(struct http_conn *c)
{
    if (!c->must_linger || c->is_eof) {
        conn_close(c);
        return;
    }
    c->state = CONN_LINGER;
    c->since_us = clock_mono_us();
    shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    evbuffer_drain(conn_input(c), input_len(c));
}

/*
 * Writing at once instead of asking the loop for writability saves two epoll_ctl calls a reply: the
 * socket nearly always takes it. EV_WRITE is enabled only while it does not.
 */
void conn_flush(struct http_conn *c)
{
    if (!c->bev || (bufferevent_get_enabled(c->bev) & EV_WRITE))
        return;
    struct evbuffer *out = conn_output(c);
    if (evbuffer_get_length(out)) {
        evbuffer_unfreeze(out, 1);
        int n = evbuffer_write(out, bufferevent_getfd(c->bev));
        int error = errno;
        evbuffer_freeze(out, 1);
        if (n < 0 && error != EAGAIN && error != EINTR) {
            conn_close(c);
            return;
        }
        if (evbuffer_get_length(out)) {
            bufferevent_enable(c->bev, EV_WRITE);
            return;
        }
    }
    if (c->state == CONN_FLUSH)
        finish(c);
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct http_conn *c = arg;
    if (c->writer && output_len(c) <= CONN_OUTPUT_LOW)
        co_wake(c->writer, ERR_OK);
    if (output_len(c) > 0)
        return;
    bufferevent_disable(bev, EV_WRITE);
    if (c->state == CONN_FLUSH)
        finish(c);
    else if (c->state == CONN_HEAD && input_len(c) > 0)
        conn_turn(c);
}

enum err CO_FN conn_wait_output(struct http_conn *c)
{
    struct co_wait w;
    co_wait_init(&w);
    if (!c->bev)
        return ERR_CANCELLED;
    c->writer = &w;
    enum err rc = co_wait(&w, -1);
    c->writer = NULL;
    return rc;
}

/* ---- input -------------------------------------------------------------------------------- */

enum err CO_FN conn_wait_input(struct http_conn *c)
{
    struct co_wait w;
    co_wait_init(&w);
    if (!c->bev || c->is_eof)
        return ERR_CANCELLED;
    c->reader = &w;
    enum err rc = co_wait(&w, c->server->config.body_timeout_ms);
    c->reader = NULL;
    int64_t deadline = co_deadline(co_self());
    if (rc == ERR_TIMEOUT && (!deadline || clock_mono_us() < deadline))
        return ERR_REQUEST_TIMEOUT;
    return rc;
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct http_conn *c = arg;
    switch (c->state) {
    case CONN_HEAD:
    case CONN_DISCARD:
        conn_turn(c);
        break;
    case CONN_BUSY:
        if (c->reader)
            co_wake(c->reader, ERR_OK);
        break;
    case CONN_FLUSH:
        break;
    case CONN_LINGER:
        evbuffer_drain(conn_input(c), input_len(c));
        break;
    }
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct http_conn *c = arg;
    bool is_sending = c->state == CONN_BUSY || (c->state != CONN_LINGER && output_len(c) > 0);
    if (!(what & BEV_EVENT_EOF) || !is_sending) {
        conn_close(c);
        return;
    }
    /* It may have closed one direction only, so an answer that is ready is still sent. */
    c->is_eof = true;
    c->must_close = true;
    if (c->co)
        co_cancel(c->co);
    else
        c->state = CONN_FLUSH;
}

/* ---- the turn of a connection ------------------------------------------------------------- */

static void on_scheduled(void *arg)
{
    struct http_conn *c = arg;
    c->is_scheduled = false;
    if (c->bev)
        conn_turn(c);
    unref(c);
}

static void schedule_turn(struct http_conn *c)
{
    if (c->is_scheduled)
        return;
    c->is_scheduled = true;
    c->refs++;
    loop_defer(c->server->loop, on_scheduled, c);
}

/* Drops the rest of an answered request's body; false while there is more to come. */
static bool discard(struct http_conn *c)
{
    int64_t before = c->body.received;
    if (http_body_read(&c->body, conn_input(c), NULL, -1)) {
        conn_close(c);
        return false;
    }
    if (c->body.received != before)
        c->since_us = clock_mono_us();
    if (!c->body.done)
        return false;
    c->state = c->server->is_draining ? CONN_FLUSH : CONN_HEAD;
    c->since_us = clock_mono_us();
    return true;
}

/* Starts the next request when its head is complete or hopeless; false when there is none. */
static bool start_request(struct http_conn *c)
{
    struct evbuffer *in = conn_input(c);
    size_t limit = (size_t)c->server->config.max_head_bytes;
    bool was_begun = c->scanned > 0;
    size_t len = http_head_find(in, &c->scanned);
    if (len > limit || (len == 0 && evbuffer_get_length(in) > limit)) {
        bool has_line = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF).pos >= 0;
        serve_request(c, 0, has_line ? ERR_HEADERS_TOO_LARGE : ERR_URI_TOO_LONG, NULL);
        return true;
    }
    if (len == 0) {
        if (!was_begun && c->scanned > 0)
            c->since_us = clock_mono_us();
        return false;
    }
    c->scanned = 0;
    serve_request(c, len, ERR_OK, NULL);
    return true;
}

static void conn_turn(struct http_conn *c)
{
    c->refs++;
    c->is_turning = true;
    for (int n = 0; c->bev; n++) {
        if (c->state == CONN_DISCARD && !discard(c))
            break;
        if (c->state != CONN_HEAD || output_len(c) > CONN_OUTPUT_HIGH)
            break;
        if (n == TURN_REQUESTS) {
            schedule_turn(c);
            break;
        }
        if (!start_request(c))
            break;
    }
    c->is_turning = false;
    conn_flush(c);
    unref(c);
}

void conn_request_ended(struct http_conn *c)
{
    c->co = NULL;
    if (c->bev) {
        c->since_us = clock_mono_us();
        if (!c->must_close && !c->body.done)
            c->state = CONN_DISCARD;
        else
            c->state = c->must_close || c->server->is_draining ? CONN_FLUSH : CONN_HEAD;
        if (!c->is_turning) {
            conn_flush(c);
            if (c->bev && (c->state == CONN_HEAD || c->state == CONN_DISCARD) && input_len(c) > 0)
                schedule_turn(c);
        }
    }
    unref(c);
}

/* ---- time --------------------------------------------------------------------------------- */

/* Whether the output has stood still for too long. */
static bool is_stalled(struct http_conn *c, int64_t now)
{
    size_t left = output_len(c);
    int64_t written = c->queued - (int64_t)left;
    if (left == 0 || written != c->written_seen || c->write_since_us == 0) {
        c->written_seen = written;
        c->write_since_us = left ? now : 0;
        return false;
    }
    return now - c->write_since_us > c->server->config.write_timeout_ms * US_PER_MS;
}

void conn_check(struct http_conn *c, int64_t now)
{
    const struct http_server_config *cfg = &c->server->config;
    int64_t age = now - c->since_us;
    if (is_stalled(c, now)) {
        conn_close(c);
        return;
    }
    switch (c->state) {
    case CONN_HEAD:
        if (output_len(c) > 0)
            c->since_us = now; /* not idle: the last reply is still being read */
        else if (c->scanned > 0 && age > cfg->head_timeout_ms * US_PER_MS)
            serve_request(c, 0, ERR_REQUEST_TIMEOUT, NULL);
        else if (c->scanned == 0 && age > cfg->idle_timeout_ms * US_PER_MS)
            conn_close(c);
        break;
    case CONN_DISCARD:
        if (age > cfg->body_timeout_ms * US_PER_MS)
            conn_close(c);
        break;
    case CONN_LINGER:
        if (age > LINGER_US)
            conn_close(c);
        break;
    case CONN_BUSY:
    case CONN_FLUSH:
        break;
    }
}

void conn_retire(struct http_conn *c)
{
    int64_t grace = c->server->config.idle_timeout_ms * US_PER_MS - NEWCOMER_US;
    if (c->state != CONN_HEAD || c->scanned > 0)
        return;
    if (output_len(c) > 0)
        c->state = CONN_FLUSH;
    else if (c->has_served)
        conn_close(c);
    else if (grace > 0)
        c->since_us = clock_mono_us() - grace;
}

void conn_open(struct http_server *s, int fd, const char *peer)
{
    struct http_conn *c = MEM_NEW(struct http_conn);
    c->server = s;
    c->refs = 1;
    c->since_us = clock_mono_us();
    c->body.done = true;
    snprintf(c->peer, sizeof c->peer, "%s", peer);
    c->is_trusted = trust_list_has(s->trusted, str_from(c->peer));
    c->bev = bufferevent_socket_new(loop_base(s->loop), fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c->bev)
        abort();
    list_append(&s->conns, &c->node);
    bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, CONN_INPUT_HIGH);
    bufferevent_setwatermark(c->bev, EV_WRITE, CONN_OUTPUT_LOW, 0);
    bufferevent_disable(c->bev, EV_WRITE);
    bufferevent_enable(c->bev, EV_READ);
}
