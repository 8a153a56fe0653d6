#include "proxy/exchange.h"

#include "clock.h"
#include "plugins/token.h"
#include "proxy/client.h"
#include "proxy/stream.h"
#include "ws/tunnel.h"

/* The rest of a refused body is read so that the client gets to see the answer, up to here. */
#define DISCARD_MAX (1024 * 1024)
#define DISCARD_MS 5000
/* How long a plugin may wait; its own calls end earlier. */
#define POLICY_MS 15000
/* How long a closing connection waits for the client's own end. */
#define LINGER_MS 2000

static void give_up_discarding(struct exchange *x)
{
    x->must_close = true;
    exchange_finish(x);
}

static void on_client_eof(struct exchange *x)
{
    x->is_client_eof = true;
    switch (x->state) {
    case EXCHANGE_HEAD:
        exchange_close(x);
        return;
    case EXCHANGE_DISCARD:
        give_up_discarding(x);
        return;
    case EXCHANGE_POLICY:
    case EXCHANGE_CONNECT:
    case EXCHANGE_FORWARD:
    case EXCHANGE_TUNNEL:
    case EXCHANGE_CLOSE:
        /* A client may close its sending side and still want its answer. */
        return;
    }
}

static void on_timeout_before_request(struct exchange *x)
{
    if (!x->has_begun) {
        client_kill(x->client);
        return;
    }
    x->must_close = true;
    x->failure = "the request's head took too long";
    exchange_fail(x, ERR_REQUEST_TIMEOUT, NULL);
}

static void on_discard(struct exchange *x, enum exchange_event event)
{
    struct evbuffer *in = bufferevent_get_input(x->client->bev);
    enum err rc = http_body_read(&x->in, in, NULL, -1);
    if (rc == ERR_OK && x->in.done)
        exchange_finish(x);
    else if (rc || event == EXCHANGE_TIMEOUT || x->in.received > DISCARD_MAX)
        give_up_discarding(x);
}

void exchange_close(struct exchange *x)
{
    x->state = EXCHANGE_CLOSE;
    x->is_end_timed = false;
}

/* Flushes, closes the sending side and waits for the client to do the same: closing with unread
 * input would reset the connection and could destroy the answer on its way. */
static void on_close(struct exchange *x, enum exchange_event event)
{
    struct bufferevent *bev = x->client->bev;
    struct evbuffer *in = bufferevent_get_input(bev);
    evbuffer_drain(in, evbuffer_get_length(in));
    stream_flush(bev);
    if (event == EXCHANGE_TIMEOUT) {
        client_kill(x->client);
        return;
    }
    if (stream_pending(bev))
        return;
    if (x->is_client_eof || !x->must_linger)
        client_kill(x->client);
    else if (!x->is_shut)
        stream_shut(bev);
    x->is_shut = true;
}

static void on_policy(struct exchange *x, enum exchange_event event)
{
    if (event == EXCHANGE_RESUMED) {
        exchange_resume_access(x);
    } else if (event == EXCHANGE_TIMEOUT) {
        token_lookup_leave(x);
        x->failure = "a plugin got no answer";
        x->is_fault = true;
        exchange_fail(x, ERR_SERVICE_UNAVAILABLE, NULL);
    }
}

static void transition(struct exchange *x, enum exchange_event event)
{
    switch (x->state) {
    case EXCHANGE_HEAD:
        if (event == EXCHANGE_TIMEOUT)
            on_timeout_before_request(x);
        else
            exchange_read_head(x);
        return;
    case EXCHANGE_POLICY:
        on_policy(x, event);
        return;
    case EXCHANGE_CONNECT:
        exchange_on_connect(x, event);
        return;
    case EXCHANGE_FORWARD:
        exchange_on_forward(x, event);
        return;
    case EXCHANGE_TUNNEL:
        tunnel_on(x, event);
        return;
    case EXCHANGE_DISCARD:
        on_discard(x, event);
        return;
    case EXCHANGE_CLOSE:
        on_close(x, event);
        return;
    }
}

void exchange_on(struct exchange *x, enum exchange_event event)
{
    if (event == EXCHANGE_CLIENT_ERROR) {
        exchange_abort(x, "the client's connection broke");
        return;
    }
    if (event == EXCHANGE_STOP) {
        x->must_close = true;
        if (x->state == EXCHANGE_TUNNEL)
            tunnel_end(x);
        return;
    }
    bool was_closing = x->state == EXCHANGE_CLOSE;
    if (event == EXCHANGE_CLIENT_EOF)
        on_client_eof(x);
    transition(x, event);
    /* The next pipelined request may have arrived; an answered one may be ready to close. */
    while (x->is_fresh && !x->client->is_dead) {
        x->is_fresh = false;
        transition(x, EXCHANGE_CLIENT_READABLE);
    }
    if (x->state == EXCHANGE_CLOSE && !was_closing && !x->client->is_dead)
        on_close(x, EXCHANGE_CLIENT_DRAINED);
}

/*
 * A body may pause as long as the time-out says, but pauses use up what its bytes earn at the
 * minimum rate: who sends a byte now and then to stay below the time-out is given up too.
 */
static int64_t body_timeout_ms(struct exchange *x)
{
    const struct gateway_settings *s = x->gw->settings;
    int64_t now = clock_mono_us(), latest = now + s->body_timeout_s * US_PER_S;
    if (!s->client_min_rate)
        return s->body_timeout_s * 1000;
    int64_t earned = (x->in.received - x->paced) * US_PER_S / s->client_min_rate;
    x->paced = x->in.received;
    x->slow_due_us = x->slow_due_us ? x->slow_due_us + earned : latest;
    if (x->slow_due_us > latest)
        x->slow_due_us = latest;
    return x->slow_due_us > now ? (x->slow_due_us - now + US_PER_MS - 1) / US_PER_MS : 0;
}

static int64_t forward_timeout_ms(struct exchange *x)
{
    const struct kong_service *service = x->route->service;
    bool is_target_slow = stream_pending(x->up->bev);
    if (x->is_response_begun && stream_pending(x->client->bev) >= STREAM_HIGH)
        return x->gw->settings->write_timeout_s * 1000;
    if (!x->is_request_sent && !is_target_slow)
        return body_timeout_ms(x);
    x->slow_due_us = 0;
    return is_target_slow ? service->write_timeout : service->read_timeout;
}

void exchange_arm(struct exchange *x)
{
    const struct gateway_settings *s = x->gw->settings;
    struct client *c = x->client;
    switch (x->state) {
    case EXCHANGE_HEAD:
        /* A head has one deadline, however slowly its bytes come. */
        if (x->has_begun && !x->is_head_timed)
            client_set_deadline(c, s->head_timeout_s * 1000);
        else if (!x->has_begun)
            client_set_deadline(c, s->idle_timeout_s * 1000);
        x->is_head_timed = x->has_begun;
        return;
    case EXCHANGE_POLICY:
        if (!x->is_policy_timed)
            client_set_deadline(c, POLICY_MS);
        x->is_policy_timed = true;
        return;
    case EXCHANGE_CONNECT:
        if (!x->is_connect_timed)
            client_set_deadline(c, x->route->service->connect_timeout);
        x->is_connect_timed = true;
        return;
    case EXCHANGE_FORWARD:
        client_set_deadline(c, forward_timeout_ms(x));
        return;
    case EXCHANGE_TUNNEL:
        if (!x->is_ending)
            client_set_deadline(c, x->route->service->read_timeout);
        else if (!x->is_end_timed)
            client_set_deadline(c, LINGER_MS);
        x->is_end_timed = x->is_ending;
        return;
    case EXCHANGE_DISCARD:
        if (!x->is_end_timed)
            client_set_deadline(c, DISCARD_MS);
        x->is_end_timed = true;
        return;
    case EXCHANGE_CLOSE:
        if (stream_pending(c->bev)) {
            client_set_deadline(c, s->write_timeout_s * 1000);
        } else if (!x->is_end_timed) {
            client_set_deadline(c, LINGER_MS);
            x->is_end_timed = true;
        }
        return;
    }
}
