#include "proxy/exchange.h"

#include "clock.h"
#include "config/snapshot.h"
#include "log.h"
#include "plugins/plugin.h"
#include "plugins/token.h"
#include "proxy/client.h"
#include "proxy/forward.h"
#include "proxy/spans.h"
#include "proxy/stream.h"
#include "req.h"

/* ---- the gateway's own answers -------------------------------------------------------------- */

void exchange_set_response_header(struct exchange *x, struct str name, struct str value)
{
    headers_set(x->arena, &x->response, name, value);
}

void exchange_reply(struct exchange *x, int status, struct str content_type, struct str body)
{
    exchange_drop_upstream(x);
    x->is_local = x->is_response_begun = true;
    x->status = status;
    x->answered_us = clock_mono_us();
    bool has_type = content_type.len > 0;
    if (has_type)
        exchange_set_response_header(x, STR("Content-Type"), content_type);
    exchange_set_response_header(x, STR("Content-Length"), str_printf(x->arena, "%zu", body.len));
    for (size_t i = 0; x->chain && i < x->chain->count; i++)
        if (x->chain->uses[i]->plugin->response)
            x->chain->uses[i]->plugin->response(x, x->chain->uses[i]);
    /* A client that waits for 100 Continue will not send the body it announced. */
    bool is_body_held = x->head.expects_continue && !x->in.done &&
                        !evbuffer_get_length(bufferevent_get_input(x->client->bev));
    if (is_body_held)
        x->must_close = x->must_linger = true;
    struct evbuffer *out = bufferevent_get_output(x->client->bev);
    buf_clear(&x->gw->scratch);
    forward_response_head(x, &x->gw->scratch);
    evbuffer_add(out, x->gw->scratch.p, x->gw->scratch.len);
    if (x->method != KONG_HEAD && body.len)
        evbuffer_add(out, body.p, body.len);
    x->response_bytes = (int64_t)body.len;
    if (x->in.done || x->must_close) {
        exchange_finish(x);
        return;
    }
    x->state = EXCHANGE_DISCARD;
    x->is_fresh = true;
}

void exchange_fail(struct exchange *x, enum err e, const char *text)
{
    const char *type;
    struct str accept = headers_get(&x->request, STR("accept"));
    struct str body =
        error_body(x->arena, accept, e, str_from(text), str_n(x->trace.trace_id, 32), &type);
    exchange_reply(x, err_http_status(e), str_from(type), body);
}

/* ---- the end -------------------------------------------------------------------------------- */

static void log_access(const struct exchange *x)
{
    enum access_log level = x->gw->access_log;
    bool is_error = x->status >= 500 || x->is_fault;
    if (level == ACCESS_LOG_OFF || (level == ACCESS_LOG_ERRORS && !is_error))
        return;
    int64_t now = clock_mono_us();
    struct log_field fields[] = {
        LOG_STR("trace_id", str_n(x->trace.trace_id, 32)),
        LOG_STR("request_id", x->trace.request_id),
        LOG_STR("method", x->head.method),
        LOG_STR("route", x->route ? kong_route_label(x->route) : STR("")),
        LOG_I("status", x->status),
        LOG_I("dur_ms", (now - x->begun_us) / US_PER_MS),
        LOG_I("bytes", x->response_bytes),
        LOG_STR("peer", x->client_ip),
        LOG_CSTR("target", x->tried_count ? x->tried[x->tried_count - 1]->text : ""),
        LOG_CSTR("reason", x->failure ? x->failure : ""),
    };
    log_record(is_error ? LOG_WARN : LOG_INFO, "request", fields,
               (int)(sizeof fields / sizeof fields[0]));
}

static void conclude(struct exchange *x)
{
    if (!x->has_begun)
        return;
    x->gw->request_total++;
    if (!x->is_local)
        x->response_bytes = x->out.received;
    x->request_bytes = x->in.received;
    for (size_t i = 0; x->chain && i < x->chain->count; i++)
        if (x->chain->uses[i]->plugin->log)
            x->chain->uses[i]->plugin->log(x, x->chain->uses[i]);
    log_access(x);
    spans_end_request(x);
}

static void release(struct exchange *x)
{
    token_lookup_leave(x);
    while (x->tried_count)
        endpoint_unref(x->tried[--x->tried_count]);
    if (x->snapshot)
        snapshot_unref(x->snapshot);
    x->snapshot = NULL;
}

static void spare_arena(struct gateway *gw, struct arena *a)
{
    if (gw->spare_arena_count == SPARE_ARENAS) {
        arena_free(a);
        return;
    }
    arena_reset(a);
    gw->spare_arenas[gw->spare_arena_count++] = a;
}

static void reset(struct exchange *x)
{
    struct exchange next = {.gw = x->gw, .client = x->client, .is_client_eof = x->is_client_eof};
    spare_arena(x->gw, x->arena);
    *x = next;
    x->is_fresh = true;
    /* A client that closed its sending side may have sent more requests before. */
    if (x->is_client_eof && !evbuffer_get_length(bufferevent_get_input(x->client->bev)))
        exchange_close(x);
}

/* Another request can follow on a connection whose last exchange ended in step on both sides. */
static bool is_reusable(const struct exchange *x)
{
    return x->is_request_sent && x->response_head.keep_alive && x->out.done &&
           x->out.framing != HTTP_BODY_UNTIL_CLOSE && !x->is_up_eof && !x->is_up_broken &&
           !evbuffer_get_length(bufferevent_get_input(x->up->bev)) && !stream_pending(x->up->bev);
}

void exchange_finish(struct exchange *x)
{
    if (x->up && is_reusable(x)) {
        upstream_conn_park(x->up, x->answered_us);
        x->up = NULL;
    }
    exchange_drop_upstream(x);
    conclude(x);
    release(x);
    bool is_out_of_step = !x->in.done;
    if (!x->must_close && !is_out_of_step) {
        reset(x);
        return;
    }
    x->must_linger |= is_out_of_step;
    exchange_close(x);
}

void exchange_abort(struct exchange *x, const char *why)
{
    exchange_drop_upstream(x);
    if (x->state != EXCHANGE_CLOSE && x->state != EXCHANGE_HEAD) {
        x->failure = why;
        conclude(x);
    }
    release(x);
    client_kill(x->client);
}
