#include "proxy/exchange.h"

#include <stdio.h>

#include "clock.h"
#include "plugins/plugin.h"
#include "proxy/client.h"
#include "proxy/forward.h"
#include "proxy/stream.h"
#include "ws/tunnel.h"

#define MAX_RESPONSE_HEAD STREAM_INPUT_MAX
#define MAX_INTERIM 8
/* Of a body, in memory, so that the request can be sent again. A piece more may come on top. */
#define KEEP_MAX (16 * 1024)

static void send_head(struct gateway *gw, struct bufferevent *to)
{
    evbuffer_add(bufferevent_get_output(to), gw->scratch.p, gw->scratch.len);
}

/* ---- a target that fails -------------------------------------------------------------------- */

static void upstream_lost(struct exchange *x, enum err e, const char *why)
{
    struct endpoint *endpoint = x->up->endpoint;
    bool was_reused = x->up->is_reused;
    x->failure = why;
    x->is_fault = true;
    if (x->is_response_begun) {
        exchange_abort(x, why);
        return;
    }
    if (!was_reused && e != ERR_GATEWAY_TIMEOUT)
        endpoint_failed(endpoint, clock_mono_us());
    if (!was_reused || e == ERR_GATEWAY_TIMEOUT)
        upstream_report(x->route->service->upstream, endpoint,
                        e == ERR_GATEWAY_TIMEOUT ? HEALTH_TIMEOUT : HEALTH_TCP_FAILURE);
    bool may_resend = exchange_may_resend(x) && e != ERR_GATEWAY_TIMEOUT;
    exchange_drop_upstream(x);
    if (may_resend && was_reused) {
        /* The pool's connection had been closed by the target; a new one may well work. */
        endpoint_close_idle(endpoint);
        endpoint_unref(x->tried[--x->tried_count]);
        exchange_connect(x);
    } else if (may_resend && exchange_has_other_target(x)) {
        exchange_connect(x);
    } else {
        exchange_fail(x, e,
                      e == ERR_GATEWAY_TIMEOUT
                          ? "The upstream server is timing out"
                          : "An invalid response was received from the upstream server");
    }
}

/* ---- request -------------------------------------------------------------------------------- */

static void add_chunk(struct evbuffer *out, struct evbuffer *payload)
{
    evbuffer_add_printf(out, "%zx\r\n", evbuffer_get_length(payload));
    evbuffer_add_buffer(out, payload);
    evbuffer_add(out, "\r\n", 2);
}

/* Moves payload as far as there is room, in chunk frames when asked. kept, if any, gets a copy. */
static enum err move_body(struct gateway *gw, struct http_body *body, struct bufferevent *from,
                          struct bufferevent *to, bool is_chunked, struct buf *kept)
{
    struct evbuffer *in = bufferevent_get_input(from), *out = bufferevent_get_output(to);
    bool is_direct = !is_chunked && !kept;
    while (!body->done && evbuffer_get_length(out) < STREAM_HIGH && evbuffer_get_length(in)) {
        int64_t room = (int64_t)(STREAM_HIGH - evbuffer_get_length(out)), before = body->received;
        enum err rc = http_body_read(body, in, is_direct ? out : gw->payload, room);
        size_t n = evbuffer_get_length(gw->payload);
        if (kept && n) {
            evbuffer_copyout(gw->payload, buf_reserve(kept, n), n);
            kept->len += n;
        }
        if (n && is_chunked)
            add_chunk(out, gw->payload);
        else if (n)
            evbuffer_add_buffer(out, gw->payload);
        if (rc)
            return rc;
        if (body->received == before)
            break;
    }
    return ERR_OK;
}

/* An idempotent request can be sent to another target as long as all that went to the first is
 * still here. */
static struct buf *kept_body(struct exchange *x)
{
    if (!exchange_is_idempotent(x) || x->in.received > KEEP_MAX)
        return NULL;
    if (!x->has_sent_body)
        buf_init(&x->kept, x->arena);
    return &x->kept;
}

/* The target never gets the end of such a body, so it cannot act on it. */
static void refuse_body(struct exchange *x, enum err e, const char *text)
{
    exchange_drop_upstream(x);
    x->must_close = x->must_linger = true;
    x->failure = text;
    if (x->is_response_begun)
        exchange_abort(x, text);
    else
        exchange_fail(x, e, text);
}

static void end_request(struct exchange *x)
{
    if (x->in.framing == HTTP_BODY_CHUNKED)
        evbuffer_add(bufferevent_get_output(x->up->bev), "0\r\n\r\n", 5);
    x->is_request_sent = true;
    x->sent_us = clock_mono_us();
}

static void pump_request(struct exchange *x)
{
    if (x->is_request_sent)
        return;
    struct bufferevent *client = x->client->bev, *up = x->up->bev;
    bool is_chunked = x->in.framing == HTTP_BODY_CHUNKED;
    enum err rc = move_body(x->gw, &x->in, client, up, is_chunked, kept_body(x));
    x->has_sent_body |= x->in.received > 0;
    if (rc) {
        refuse_body(x, rc, "malformed chunk");
        return;
    }
    if (x->max_body && x->in.received > x->max_body) {
        refuse_body(x, ERR_PAYLOAD_TOO_LARGE, "Request size limit exceeded");
        return;
    }
    if (x->in.done) {
        end_request(x);
    } else if (x->is_client_eof && !evbuffer_get_length(bufferevent_get_input(client))) {
        exchange_abort(x, "the client left before its request was complete");
    }
}

static void send_kept(struct exchange *x)
{
    evbuffer_add(x->gw->payload, x->kept.p, x->kept.len);
    struct evbuffer *out = bufferevent_get_output(x->up->bev);
    if (x->in.framing == HTTP_BODY_CHUNKED)
        add_chunk(out, x->gw->payload);
    else
        evbuffer_add_buffer(out, x->gw->payload);
}

void exchange_begin_forward(struct exchange *x)
{
    x->state = EXCHANGE_FORWARD;
    buf_clear(&x->gw->scratch);
    forward_request_head(x, x->up->endpoint, &x->gw->scratch);
    send_head(x->gw, x->up->bev);
    x->sent_us = clock_mono_us();
    x->is_request_sent = false;
    if (x->has_sent_body)
        send_kept(x);
    if (x->in.done)
        end_request(x);
    else
        pump_request(x);
}

/* ---- response ------------------------------------------------------------------------------- */

static void init_response_body(struct exchange *x)
{
    const struct http_head *h = &x->response_head;
    bool is_bodiless = x->method == KONG_HEAD || h->status == 204 || h->status == 304;
    if (is_bodiless)
        http_body_init(&x->out, HTTP_BODY_NONE, 0);
    else if (h->is_chunked)
        http_body_init(&x->out, HTTP_BODY_CHUNKED, 0);
    else if (h->content_length >= 0)
        http_body_init(&x->out, HTTP_BODY_LENGTH, h->content_length);
    else
        http_body_init(&x->out, HTTP_BODY_UNTIL_CLOSE, 0);
    bool has_no_length =
        x->out.framing == HTTP_BODY_CHUNKED || x->out.framing == HTTP_BODY_UNTIL_CLOSE;
    x->is_response_chunked = has_no_length && x->head.minor_version == 1;
    x->must_close |= has_no_length && x->head.minor_version == 0;
}

static void begin_response(struct exchange *x)
{
    const struct http_head *h = &x->response_head;
    x->is_response_begun = true;
    x->answered_us = clock_mono_us();
    x->status = h->status;
    /* Headers the gateway wants on the response were collected before it came. */
    struct header_list own = x->response;
    x->response = (struct header_list){h->headers, h->header_count, h->header_count};
    for (int i = 0; i < own.count; i++)
        headers_set(x->arena, &x->response, own.items[i].name, own.items[i].value);
    endpoint_succeeded(x->up->endpoint);
    upstream_report_status(x->route->service->upstream, x->up->endpoint, h->status);
    init_response_body(x);
    for (size_t i = 0; i < x->chain->count; i++)
        if (x->chain->uses[i]->plugin->response)
            x->chain->uses[i]->plugin->response(x, x->chain->uses[i]);
    buf_clear(&x->gw->scratch);
    forward_response_head(x, &x->gw->scratch);
    send_head(x->gw, x->client->bev);
}

/* 100 and 103 go to clients that understand them; the final response is still to come. */
static void pass_interim(struct exchange *x)
{
    if (x->head.minor_version == 0)
        return;
    buf_clear(&x->gw->scratch);
    forward_interim_head(&x->response_head, &x->gw->scratch);
    send_head(x->gw, x->client->bev);
}

/* Reads heads until the final one. false: not there yet, or the exchange took another way. */
static bool read_response_head(struct exchange *x)
{
    struct evbuffer *in = bufferevent_get_input(x->up->bev);
    for (int interim = 0;; interim++) {
        size_t len = http_head_find(in, &x->response_scanned);
        if (!len && evbuffer_get_length(in) < MAX_RESPONSE_HEAD)
            return false;
        const char *why = "response head too large";
        const char *text = len ? (const char *)evbuffer_pullup(in, (ev_ssize_t)len) : NULL;
        enum err rc = ERR_BAD_GATEWAY;
        if (text && interim < MAX_INTERIM)
            rc = http_parse_response_head(x->arena, str_n(text, len), &x->response_head, &why);
        bool is_switch = !rc && x->response_head.status == 101;
        if (rc || (is_switch && !x->is_websocket)) {
            upstream_lost(x, ERR_BAD_GATEWAY, why ? why : "an upgrade nobody asked for");
            return false;
        }
        bool is_interim = x->response_head.status < 200 && !is_switch;
        if (is_interim)
            pass_interim(x);
        else
            begin_response(x);
        evbuffer_drain(in, len);
        x->response_scanned = 0;
        if (is_switch)
            tunnel_begin(x);
        if (!is_interim)
            return !is_switch;
    }
}

/* The target closed, or its connection broke, and all that it sent has been moved. */
static void end_of_upstream(struct exchange *x)
{
    if (x->is_response_begun && x->out.framing == HTTP_BODY_UNTIL_CLOSE && !x->is_up_broken) {
        x->out.done = true;
        return;
    }
    upstream_lost(x, ERR_BAD_GATEWAY, "the upstream closed before its response was complete");
}

static void pump_response(struct exchange *x)
{
    if (!x->is_response_begun && !read_response_head(x)) {
        if (x->state == EXCHANGE_FORWARD && x->up && (x->is_up_eof || x->is_up_broken))
            end_of_upstream(x);
        return;
    }
    struct bufferevent *up = x->up->bev, *client = x->client->bev;
    enum err rc = move_body(x->gw, &x->out, up, client, x->is_response_chunked, NULL);
    if (rc) {
        upstream_lost(x, ERR_BAD_GATEWAY, "malformed chunk in the response");
        return;
    }
    bool is_drained = !evbuffer_get_length(bufferevent_get_input(up));
    if (!x->out.done && is_drained && (x->is_up_eof || x->is_up_broken)) {
        end_of_upstream(x);
        if (!x->out.done)
            return;
    }
    if (!x->out.done)
        return;
    if (x->is_response_chunked)
        evbuffer_add(bufferevent_get_output(client), "0\r\n\r\n", 5);
    exchange_finish(x);
}

static void on_timeout(struct exchange *x)
{
    bool is_target_slow = stream_pending(x->up->bev);
    bool is_client_slow = !x->is_request_sent && !is_target_slow;
    bool is_reader_slow = x->is_response_begun && stream_pending(x->client->bev) >= STREAM_HIGH;
    if (is_reader_slow) {
        exchange_abort(x, "the client takes too little data");
    } else if (is_client_slow && x->is_response_begun) {
        exchange_abort(x, "the request's body took too long");
    } else if (x->is_response_begun) {
        upstream_lost(x, ERR_BAD_GATEWAY, "the upstream stopped in its response");
    } else if (is_client_slow) {
        exchange_drop_upstream(x);
        x->must_close = x->must_linger = true;
        x->failure = "the request's body took too long";
        exchange_fail(x, ERR_REQUEST_TIMEOUT, NULL);
    } else {
        upstream_lost(x, ERR_GATEWAY_TIMEOUT,
                      is_target_slow ? "the upstream takes no data"
                                     : "the upstream did not answer in time");
    }
}

void exchange_on_forward(struct exchange *x, enum exchange_event event)
{
    switch (event) {
    case EXCHANGE_CLIENT_READABLE:
    case EXCHANGE_CLIENT_EOF:
    case EXCHANGE_UP_DRAINED:
        pump_request(x);
        return;
    case EXCHANGE_UP_EOF:
        x->is_up_eof = true;
        pump_response(x);
        return;
    case EXCHANGE_UP_ERROR:
        /* An early response may have arrived before the connection broke under our writing. */
        x->is_up_broken = true;
        stream_fill(x->up->bev);
        pump_response(x);
        return;
    case EXCHANGE_UP_READABLE:
    case EXCHANGE_CLIENT_DRAINED:
        pump_response(x);
        return;
    case EXCHANGE_TIMEOUT:
        on_timeout(x);
        return;
    case EXCHANGE_CLIENT_ERROR:
    case EXCHANGE_UP_RESOLVED:
    case EXCHANGE_UP_CONNECTED:
    case EXCHANGE_RESUMED:
    case EXCHANGE_STOP:
        return;
    }
}
