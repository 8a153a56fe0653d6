#include "proxy/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>

#include <event2/buffer.h>

/* What one read of libevent brings at most; less means that the socket is empty. */
#define LIBEVENT_READ 4096

/* One of a pair (TLS) has its socket elsewhere; only a socket of its own can be hurried along. */
static bool is_socket(struct bufferevent *bev)
{
    return !bufferevent_pair_get_partner(bev);
}

void stream_init(struct bufferevent *bev, bufferevent_data_cb on_read, bufferevent_data_cb on_write,
                 bufferevent_event_cb on_event, void *arg)
{
    if (is_socket(bev))
        bufferevent_disable(bev, EV_WRITE);
    bufferevent_setwatermark(bev, EV_WRITE, STREAM_LOW, 0);
    bufferevent_setcb(bev, on_read, on_write, on_event, arg);
    int fd = bufferevent_getfd(bev), on = 1;
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd >= 0 || !is_socket(bev))
        bufferevent_enable(bev, EV_READ);
}

struct bufferevent *stream_new(struct event_base *base, int fd, bufferevent_data_cb on_read,
                               bufferevent_data_cb on_write, bufferevent_event_cb on_event,
                               void *arg)
{
    struct bufferevent *bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (bev)
        stream_init(bev, on_read, on_write, on_event, arg);
    return bev;
}

void stream_flush(struct bufferevent *bev)
{
    struct evbuffer *out = bufferevent_get_output(bev);
    if (!evbuffer_get_length(out) || (bufferevent_get_enabled(bev) & EV_WRITE) || !is_socket(bev))
        return;
    evbuffer_unfreeze(out, 1);
    (void)evbuffer_write(out, bufferevent_getfd(bev));
    evbuffer_freeze(out, 1);
    /* After an error the loop's own write meets it again and reports it. */
    if (evbuffer_get_length(out))
        bufferevent_enable(bev, EV_WRITE);
}

void stream_written(struct bufferevent *bev)
{
    if (is_socket(bev) && !evbuffer_get_length(bufferevent_get_output(bev)))
        bufferevent_disable(bev, EV_WRITE);
}

void stream_fill(struct bufferevent *bev)
{
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t have = evbuffer_get_length(in);
    if (have < LIBEVENT_READ || have >= STREAM_INPUT_MAX || !is_socket(bev))
        return;
    struct evbuffer_iovec vec[2];
    evbuffer_unfreeze(in, 0);
    int n = evbuffer_reserve_space(in, (ev_ssize_t)(STREAM_INPUT_MAX - have), vec, 2);
    struct iovec iov[2];
    for (int i = 0; i < n; i++)
        iov[i] = (struct iovec){vec[i].iov_base, vec[i].iov_len};
    ssize_t got = n > 0 ? readv(bufferevent_getfd(bev), iov, n) : 0;
    for (int i = 0; i < n; i++) {
        size_t part = got > 0 && (size_t)got < vec[i].iov_len ? (size_t)got : vec[i].iov_len;
        vec[i].iov_len = got > 0 ? part : 0;
        got -= got > 0 ? (ssize_t)part : 0;
    }
    if (n > 0)
        evbuffer_commit_space(in, vec, n);
    evbuffer_freeze(in, 0);
}

/* Not by libevent's high-water mark: at that it calls the read callback over and over. */
void stream_pace(struct bufferevent *bev, size_t max)
{
    bool is_read = bufferevent_get_enabled(bev) & EV_READ;
    bool has_room = evbuffer_get_length(bufferevent_get_input(bev)) < max;
    if (is_read && !has_room)
        bufferevent_disable(bev, EV_READ);
    else if (!is_read && has_room)
        bufferevent_enable(bev, EV_READ);
}

size_t stream_pending(struct bufferevent *bev)
{
    size_t n = evbuffer_get_length(bufferevent_get_output(bev));
    struct bufferevent *partner = bufferevent_pair_get_partner(bev);
    return partner ? n + evbuffer_get_length(bufferevent_get_input(partner)) : n;
}

void stream_shut(struct bufferevent *bev)
{
    if (is_socket(bev))
        shutdown(bufferevent_getfd(bev), SHUT_WR);
    else
        bufferevent_flush(bev, EV_WRITE, BEV_FINISHED);
}
