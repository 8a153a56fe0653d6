#include "tls/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "gateway.h"
#include "mem.h"
#include "metrics.h"
#include "proxy/stream.h"
#include "tls/identity.h"

#define RECORD_MAX 16384
/* Plain bytes that wait for the other side at most, in each direction; for a large head more, but
 * with a record on top less than an exchange moves at once. */
#define HELD_MAX (64 * 1024)
#define HELD_HEAD_MAX (STREAM_HIGH - 2 * RECORD_MAX)

struct tls_conn {
    struct tls_identity *identity;  /* referenced */
    struct bufferevent *near, *far; /* our end of the pair, and the exchange's */
    struct event *readable, *writable;
    struct timer timer; /* of the handshake */
    int fd;
    size_t untaken_max;
    size_t write_len; /* of a record that is half sent: it must be asked for again */
    bool is_up, is_failed, is_in_eof, is_out_eof, is_shut;
    mbedtls_ssl_context ssl;
};

static struct metric handshakes = {
    .name = "gateway_tls_handshakes_total",
    .help = "TLS handshakes by their result.",
    .kind = METRIC_COUNTER,
    .labels = "result",
};

static void count_handshake(const char *result)
{
    struct str label = str_from(result);
    metric_add(metric_series(&handshakes, &label), 1);
}

/* ---- the socket ----------------------------------------------------------------------------- */

static int on_send(void *arg, const unsigned char *p, size_t n)
{
    const struct tls_conn *t = arg;
    ssize_t sent = send(t->fd, p, n, MSG_NOSIGNAL);
    if (sent >= 0)
        return (int)sent;
    return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
                                             : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int on_receive(void *arg, unsigned char *p, size_t n)
{
    const struct tls_conn *t = arg;
    ssize_t got = recv(t->fd, p, n, 0);
    if (got >= 0)
        return (int)got;
    return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
                                             : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static void fail(struct tls_conn *t)
{
    if (t->is_failed)
        return;
    if (!t->is_up)
        count_handshake("failed");
    t->is_failed = true;
    timer_stop(&t->timer);
    event_del(t->readable);
    event_del(t->writable);
    bufferevent_trigger_event(t->far, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

/* ---- towards the client --------------------------------------------------------------------- */

/* What the exchange has ended is ended for the client once all of it is out. */
static void pass_end(struct tls_conn *t)
{
    if (!t->is_out_eof || t->is_shut)
        return;
    t->is_shut = true;
    (void)mbedtls_ssl_close_notify(&t->ssl);
    shutdown(t->fd, SHUT_WR);
}

/* false: the socket is full, or the connection is lost. */
static bool write_record(struct tls_conn *t, struct evbuffer *from)
{
    size_t have = evbuffer_get_length(from), n = have < RECORD_MAX ? have : RECORD_MAX;
    if (t->write_len)
        n = t->write_len;
    int rc = mbedtls_ssl_write(&t->ssl, evbuffer_pullup(from, (ev_ssize_t)n), n);
    if (rc >= 0) {
        t->write_len = 0;
        evbuffer_drain(from, (size_t)rc);
        return true;
    }
    t->write_len = n;
    if (rc == MBEDTLS_ERR_SSL_WANT_WRITE)
        event_add(t->writable, NULL);
    else
        fail(t);
    return false;
}

static void push(struct tls_conn *t)
{
    struct evbuffer *from = bufferevent_get_input(t->near);
    if (!t->is_up || t->is_failed || t->is_shut)
        return;
    bool had_some = evbuffer_get_length(from) > 0;
    while (evbuffer_get_length(from))
        if (!write_record(t, from))
            break;
    if (t->is_failed)
        return;
    size_t left = evbuffer_get_length(from);
    bool is_taking = bufferevent_get_enabled(t->near) & EV_READ;
    if (is_taking && left >= HELD_MAX)
        bufferevent_disable(t->near, EV_READ);
    else if (!is_taking && left < HELD_MAX)
        bufferevent_enable(t->near, EV_READ);
    if (evbuffer_get_length(from))
        return;
    pass_end(t);
    /* Only now is nothing pending for the exchange. */
    if (had_some)
        bufferevent_trigger(t->far, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

/* ---- from the client ------------------------------------------------------------------------ */

static void pass_client_end(struct tls_conn *t)
{
    t->is_in_eof = true;
    event_del(t->readable);
    bufferevent_flush(t->near, EV_WRITE, BEV_FINISHED);
}

/* Plain bytes that the exchange has not taken. It moves what it has been given only when it is
 * given more or its target drains, so it must not be given more than fits there. */
static size_t untaken(const struct tls_conn *t)
{
    return evbuffer_get_length(bufferevent_get_output(t->near)) +
           evbuffer_get_length(bufferevent_get_input(t->far));
}

static void pull(struct tls_conn *t)
{
    static unsigned char piece[RECORD_MAX];
    struct evbuffer *to = bufferevent_get_output(t->near);
    while (!t->is_in_eof && untaken(t) < t->untaken_max) {
        int rc = mbedtls_ssl_read(&t->ssl, piece, sizeof piece);
        if (rc > 0) {
            evbuffer_add(to, piece, (size_t)rc);
        } else if (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE) {
            return;
        } else if (rc == 0 || rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
                   rc == MBEDTLS_ERR_SSL_CONN_EOF) {
            pass_client_end(t);
            return;
        } else {
            fail(t);
            return;
        }
    }
    /* The exchange has enough; on_taken goes on. */
    event_del(t->readable);
}

static void shake_hands(struct tls_conn *t)
{
    int rc = mbedtls_ssl_handshake(&t->ssl);
    if (rc == MBEDTLS_ERR_SSL_WANT_READ)
        return;
    if (rc == MBEDTLS_ERR_SSL_WANT_WRITE) {
        event_add(t->writable, NULL);
        return;
    }
    if (rc) {
        fail(t);
        return;
    }
    t->is_up = true;
    timer_stop(&t->timer);
    count_handshake("ok");
    pull(t);
}

/* ---- events --------------------------------------------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct tls_conn *t = arg;
    if (t->is_up)
        pull(t);
    else
        shake_hands(t);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct tls_conn *t = arg;
    if (t->is_up)
        push(t);
    else
        shake_hands(t);
}

static void on_plain(struct bufferevent *bev, void *arg)
{
    (void)bev;
    push(arg);
}

/* The exchange has taken some. What mbedTLS has already read makes no socket readable, so the event
 * is made to happen. */
static void on_taken(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
    (void)in;
    struct tls_conn *t = arg;
    if (!info->n_deleted || !t->is_up || t->is_failed || t->is_in_eof ||
        untaken(t) >= t->untaken_max || event_pending(t->readable, EV_READ, NULL))
        return;
    event_add(t->readable, NULL);
    event_active(t->readable, EV_READ, 0);
}

static void on_plain_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    struct tls_conn *t = arg;
    if (!(what & BEV_EVENT_EOF))
        return;
    t->is_out_eof = true;
    push(t);
}

static void on_timer(void *arg)
{
    fail(arg);
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool open_pair(struct tls_conn *t, struct event_base *base)
{
    struct bufferevent *pair[2];
    if (bufferevent_pair_new(base, 0, pair) < 0)
        return false;
    t->near = pair[0];
    t->far = pair[1];
    bufferevent_setcb(t->near, on_plain, NULL, on_plain_event, t);
    bufferevent_enable(t->near, EV_READ | EV_WRITE);
    evbuffer_add_cb(bufferevent_get_input(t->far), on_taken, t);
    return true;
}

static size_t untaken_max_of(const struct gateway_settings *s)
{
    size_t head = (size_t)s->max_head_bytes + 1;
    if (head <= HELD_MAX)
        return HELD_MAX;
    return head < HELD_HEAD_MAX ? head : HELD_HEAD_MAX;
}

struct tls_conn *tls_conn_new(struct gateway *gw, int fd, struct tls_identity *identity,
                              int64_t handshake_ms, struct bufferevent **plain)
{
    struct event_base *base = loop_base(gw->loop);
    struct tls_conn *t = MEM_NEW(struct tls_conn);
    int on = 1;
    mbedtls_ssl_init(&t->ssl);
    if (mbedtls_ssl_setup(&t->ssl, tls_identity_config(identity)) != 0 || !open_pair(t, base)) {
        mbedtls_ssl_free(&t->ssl);
        close(fd);
        free(t);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    t->fd = fd;
    t->untaken_max = untaken_max_of(gw->settings);
    t->identity = tls_identity_ref(identity);
    t->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, t);
    t->writable = event_new(base, fd, EV_WRITE, on_writable, t);
    mbedtls_ssl_set_bio(&t->ssl, t, on_send, on_receive, NULL);
    event_add(t->readable, NULL);
    timer_init(&t->timer, gw->loop, on_timer, t);
    timer_start(&t->timer, handshake_ms);
    *plain = t->far;
    return t;
}

void tls_conn_free(struct tls_conn *t)
{
    if (!t)
        return;
    if (t->is_up && !t->is_shut && !t->is_failed)
        (void)mbedtls_ssl_close_notify(&t->ssl);
    timer_release(&t->timer);
    event_free(t->readable);
    event_free(t->writable);
    evbuffer_remove_cb(bufferevent_get_input(t->far), on_taken, t);
    bufferevent_free(t->far);
    bufferevent_free(t->near);
    mbedtls_ssl_free(&t->ssl);
    tls_identity_unref(t->identity);
    close(t->fd);
    free(t);
}
