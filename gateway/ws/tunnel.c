#include "ws/tunnel.h"

#include <sys/socket.h>

#include "proxy/client.h"
#include "proxy/stream.h"

/* Moves what there is room for. true when nothing is left to move. */
static bool move(struct bufferevent *from, struct bufferevent *to, int64_t *bytes)
{
    struct evbuffer *in = bufferevent_get_input(from), *out = bufferevent_get_output(to);
    size_t n = evbuffer_get_length(in), used = evbuffer_get_length(out);
    size_t room = used < STREAM_HIGH ? STREAM_HIGH - used : 0;
    if (n > room)
        n = room;
    if (n == evbuffer_get_length(in))
        evbuffer_add_buffer(out, in);
    else if (n)
        evbuffer_remove_buffer(in, out, n);
    *bytes += (int64_t)n;
    return !evbuffer_get_length(in);
}

/* Once one side has ended and everything of it has been written, the other side is told. */
static void pass_end(bool is_ended, struct bufferevent *to, bool *is_told)
{
    if (!is_ended || *is_told)
        return;
    stream_flush(to);
    if (stream_pending(to))
        return;
    shutdown(bufferevent_getfd(to), SHUT_WR);
    *is_told = true;
}

static void pump(struct exchange *x)
{
    struct bufferevent *client = x->client->bev, *up = x->up->bev;
    bool is_client_empty = move(client, up, &x->in.received);
    bool is_up_empty = move(up, client, &x->out.received);
    pass_end(x->is_client_eof && is_client_empty, up, &x->is_up_shut);
    pass_end(x->is_up_eof && is_up_empty, client, &x->is_shut);
    if (x->is_up_shut && x->is_shut)
        exchange_abort(x, NULL);
}

void tunnel_begin(struct exchange *x)
{
    x->state = EXCHANGE_TUNNEL;
    x->must_close = true;
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
