#include "ws/tunnel.h"

#include "proxy/client.h"
#include "proxy/spans.h"
#include "proxy/stream.h"

#define MAX_PIECES 64

/* How much can be moved now: what has arrived, as far as there is room. */
static size_t movable(struct bufferevent *from, struct bufferevent *to)
{
    size_t n = evbuffer_get_length(bufferevent_get_input(from)), used = stream_pending(to);
    size_t room = used < STREAM_HIGH ? STREAM_HIGH - used : 0;
    return n < room ? n : room;
}

static void move(struct bufferevent *from, struct bufferevent *to, size_t n)
{
    struct evbuffer *in = bufferevent_get_input(from), *out = bufferevent_get_output(to);
    if (n == evbuffer_get_length(in))
        evbuffer_add_buffer(out, in);
    else if (n)
        evbuffer_remove_buffer(in, out, n);
}

/* Returns how much of the next n bytes it looked at. */
static size_t follow_frames(struct exchange *x, size_t n)
{
    struct evbuffer_iovec pieces[MAX_PIECES];
    struct evbuffer *in = bufferevent_get_input(x->up->bev);
    int count = evbuffer_peek(in, (ev_ssize_t)n, NULL, pieces, MAX_PIECES);
    size_t seen = 0;
    for (int i = 0; i < count && i < MAX_PIECES && seen < n; i++) {
        size_t len = pieces[i].iov_len < n - seen ? pieces[i].iov_len : n - seen;
        ws_position_advance(&x->ws, pieces[i].iov_base, len);
        seen += len;
    }
    return seen;
}

static bool move_to_client(struct exchange *x)
{
    struct bufferevent *client = x->client->bev, *up = x->up->bev;
    struct evbuffer *in = bufferevent_get_input(up);
    if (x->is_going_away) {
        /* Nothing may follow the close frame. */
        evbuffer_drain(in, evbuffer_get_length(in));
        return true;
    }
    size_t n;
    while ((n = follow_frames(x, movable(up, client))) > 0) {
        x->out.received += (int64_t)n;
        move(up, client, n);
    }
    bool is_empty = !evbuffer_get_length(in);
    if (x->is_ending && ws_position_is_boundary(&x->ws)) {
        evbuffer_add(bufferevent_get_output(client), WS_GOING_AWAY, sizeof WS_GOING_AWAY - 1);
        x->is_going_away = true;
    }
    return is_empty;
}

/* Once one side has ended and everything of it has been written, the other side is told. */
static void pass_end(bool is_ended, struct bufferevent *to, bool *is_told)
{
    if (!is_ended || *is_told)
        return;
    stream_flush(to);
    if (stream_pending(to))
        return;
    stream_shut(to);
    *is_told = true;
}

static void pump(struct exchange *x)
{
    struct bufferevent *client = x->client->bev, *up = x->up->bev;
    size_t n = movable(client, up);
    x->in.received += (int64_t)n;
    move(client, up, n);
    bool is_client_empty = !evbuffer_get_length(bufferevent_get_input(client));
    bool is_up_empty = move_to_client(x);
    pass_end(x->is_client_eof && is_client_empty, up, &x->is_up_shut);
    pass_end(x->is_up_eof && is_up_empty, client, &x->is_shut);
    if (x->is_up_shut && x->is_shut)
        exchange_abort(x, NULL);
}

void tunnel_begin(struct exchange *x)
{
    x->state = EXCHANGE_TUNNEL;
    x->must_close = true;
    /* What goes through it may take days and belongs to other requests. */
    spans_end_hop(x);
    spans_end_request(x);
    pump(x);
}

void tunnel_end(struct exchange *x)
{
    x->is_ending = true;
    pump(x);
}

void tunnel_on(struct exchange *x, enum exchange_event event)
{
    if (event == EXCHANGE_UP_ERROR) {
        exchange_abort(x, "the upstream's connection broke");
        return;
    }
    if (event == EXCHANGE_TIMEOUT) {
        exchange_abort(x, "nothing was said for too long");
        return;
    }
    if (event == EXCHANGE_UP_EOF)
        x->is_up_eof = true;
    pump(x);
}
