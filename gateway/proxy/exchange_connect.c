#include "proxy/exchange.h"

#include "clock.h"
#include "proxy/balance.h"
#include "proxy/client.h"
#include "proxy/spans.h"
#include "proxy/stream.h"

/* Methods that may be sent again when nobody knows whether they arrived (RFC 9110 §9.2.2). */
#define IDEMPOTENT (KONG_GET | KONG_HEAD | KONG_PUT | KONG_DELETE | KONG_OPTIONS | KONG_TRACE)

void exchange_drop_upstream(struct exchange *x)
{
    spans_end_hop(x);
    if (x->waiting_for)
        list_remove(&x->wait_link);
    x->waiting_for = NULL;
    if (x->up)
        upstream_conn_close(x->up);
    x->up = NULL;
    x->is_up_eof = x->is_up_broken = false;
    x->response_scanned = 0;
}

static bool has_tries_left(const struct exchange *x)
{
    return x->tried_count < MAX_TRIED && (int64_t)x->tried_count <= x->route->service->retries;
}

bool exchange_is_idempotent(const struct exchange *x)
{
    return (x->method & IDEMPOTENT) && !x->is_websocket;
}

bool exchange_may_resend(const struct exchange *x)
{
    bool has_body = !x->has_sent_body || (int64_t)x->kept.len == x->in.received;
    return exchange_is_idempotent(x) && !x->is_response_begun && has_body;
}

bool exchange_has_other_target(const struct exchange *x)
{
    return has_tries_left(x) && upstream_has_other(x->route->service->upstream, x->tried,
                                                   x->tried_count, clock_mono_us());
}

/* Nothing reached any target, so the request may be sent again by anyone. */
static void give_up(struct exchange *x, enum err e, const char *text)
{
    x->failure = text;
    x->is_fault = true;
    if (e == ERR_SERVICE_UNAVAILABLE)
        exchange_set_response_header(x, STR("Retry-After"), STR("1"));
    exchange_fail(x, e, text);
}

static void note_failure(struct exchange *x, enum health_event event)
{
    struct endpoint *failed = x->tried[x->tried_count - 1];
    endpoint_failed(failed, clock_mono_us());
    upstream_report(x->route->service->upstream, failed, event);
}

static void try_next(struct exchange *x, enum err e, const char *text)
{
    note_failure(x, e == ERR_GATEWAY_TIMEOUT ? HEALTH_TIMEOUT : HEALTH_TCP_FAILURE);
    exchange_drop_upstream(x);
    if (exchange_has_other_target(x))
        exchange_connect(x);
    else
        give_up(x, e, text);
}

/* A connection to this endpoint; false when that failed at once. Otherwise x may have come to its
 * end already. */
static bool connect_to(struct exchange *x, struct endpoint *e)
{
    bool is_waiting, must_be_live = !exchange_is_idempotent(x) || !x->in.done;
    x->state = EXCHANGE_CONNECT;
    x->is_connect_timed = false;
    struct upstream_conn *u = endpoint_connect(e, x, must_be_live, &is_waiting);
    if (!u)
        return is_waiting;
    x->up = u;
    if (u->is_connected)
        exchange_begin_forward(x);
    return true;
}

void exchange_connect(struct exchange *x)
{
    struct upstream *u = x->route->service->upstream;
    struct endpoint *e;
    int64_t now = clock_mono_us();
    uint64_t hash;
    const uint64_t *key = u->hashed && balance_key(x, u->hashed, &hash) ? &hash : NULL;
    while (has_tries_left(x) && (e = upstream_pick(u, key, x->tried, x->tried_count, now))) {
        x->tried[x->tried_count++] = endpoint_ref(e);
        trace_hop(&x->trace);
        if (connect_to(x, e))
            return;
        note_failure(x, HEALTH_TCP_FAILURE);
        spans_end_hop(x);
    }
    give_up(x, ERR_SERVICE_UNAVAILABLE,
            x->tried_count ? "The upstream server cannot be reached"
                           : "failure to get a peer from the ring-balancer");
}

static void on_resolved(struct exchange *x)
{
    struct endpoint *e = x->tried[x->tried_count - 1];
    if (!e->address.len || !connect_to(x, e))
        try_next(x, ERR_SERVICE_UNAVAILABLE, "name resolution failed");
}

void exchange_on_connect(struct exchange *x, enum exchange_event event)
{
    switch (event) {
    case EXCHANGE_UP_RESOLVED:
        on_resolved(x);
        return;
    case EXCHANGE_UP_CONNECTED:
        exchange_begin_forward(x);
        return;
    case EXCHANGE_UP_EOF:
    case EXCHANGE_UP_ERROR:
        try_next(x, ERR_SERVICE_UNAVAILABLE, "The upstream server cannot be reached");
        return;
    case EXCHANGE_TIMEOUT:
        try_next(x, ERR_GATEWAY_TIMEOUT, "The upstream server is timing out");
        return;
    case EXCHANGE_CLIENT_READABLE:
    case EXCHANGE_CLIENT_DRAINED:
    case EXCHANGE_CLIENT_EOF:
    case EXCHANGE_CLIENT_ERROR:
    case EXCHANGE_UP_READABLE:
    case EXCHANGE_UP_DRAINED:
    case EXCHANGE_RESUMED:
    case EXCHANGE_STOP:
        return;
    }
}
