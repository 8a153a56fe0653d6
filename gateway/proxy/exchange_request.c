#include "proxy/exchange.h"

#include "clock.h"
#include "config/snapshot.h"
#include "plugins/origin.h"
#include "plugins/plugin.h"
#include "proxy/client.h"
#include "proxy/stream.h"
#include "routing/path.h"
#include "service.h"

/* ---- who asks ------------------------------------------------------------------------------- */

static bool is_address(struct str text)
{
    struct cidr parsed;
    return str_index(text, '/', 0) < 0 && cidr_parse(text, &parsed);
}

/* Addresses between commas. What stands before something else, or before too many, is worthless. */
static void read_addresses(struct str value, struct forwarded *hops)
{
    struct str address;
    while (value.p && str_next(&value, ',', &address)) {
        bool is_known = is_address(str_trim(address));
        if (!is_known || hops->count == FORWARDED_MAX)
            hops->count = 0;
        if (is_known)
            hops->nodes[hops->count++] = str_trim(address);
    }
}

/* What a trusted peer says about the hops before it: X-Forwarded-For, else Forwarded. */
static void read_hops(struct exchange *x)
{
    bool is_list = headers_get(&x->request, STR("x-forwarded-for")).p;
    struct str name = is_list ? STR("x-forwarded-for") : STR("forwarded");
    x->hops = ARENA_NEW(x->arena, struct forwarded);
    for (int i = 0; i < x->request.count; i++) {
        const struct http_header *h = &x->request.items[i];
        if (!str_ieq(h->name, name))
            continue;
        if (is_list)
            read_addresses(h->value, x->hops);
        else if (!forwarded_parse(h->value, x->hops))
            x->hops->count = 0;
    }
}

/* The nearest address that is no trusted proxy, seen from our side. */
static struct str nearest_client(const struct exchange *x)
{
    struct str best = str_from(x->client->peer);
    for (int i = x->hops->count; i > 0 && cidr_list_has(&x->gw->trusted_proxies, best); i--) {
        if (!is_address(x->hops->nodes[i - 1]))
            break;
        best = x->hops->nodes[i - 1];
    }
    return best;
}

static void identify(struct exchange *x)
{
    x->client_ip = str_from(x->client->peer);
    x->is_trusted_peer = cidr_list_has(&x->gw->trusted_proxies, x->client_ip);
    x->is_https = x->client->tls ||
                  (x->is_trusted_peer &&
                   str_ieq(headers_get(&x->request, STR("x-forwarded-proto")), STR("https")));
    if (x->is_trusted_peer) {
        read_hops(x);
        x->client_ip = nearest_client(x);
    }
    const struct trace_given given = {headers_get(&x->request, STR("x-request-id")),
                                      headers_get(&x->request, STR("traceparent")),
                                      headers_get(&x->request, STR("tracestate"))};
    trace_begin(&x->trace, x->arena, &given);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* An idle connection has no arena: there may be thousands of them. */
static void begin(struct exchange *x)
{
    struct gateway *gw = x->gw;
    if (!x->arena)
        x->arena = gw->spare_arena_count ? gw->spare_arenas[--gw->spare_arena_count] : arena_new();
    x->has_begun = x->client->has_spoken = true;
    if (!x->begun_us)
        x->begun_us = clock_mono_us();
}

/* A request that cannot even be read: what follows on this connection has no known meaning. */
static void refuse_head(struct exchange *x, enum err e, const char *why)
{
    begin(x);
    x->head.minor_version = 1;
    x->request.count = 0;
    x->must_close = x->must_linger = true;
    http_body_init(&x->in, HTTP_BODY_NONE, 0);
    identify(x);
    x->failure = why;
    exchange_fail(x, e, why);
}

static void refuse_long_head(struct exchange *x, struct evbuffer *in)
{
    size_t eol_len;
    struct evbuffer_ptr eol = evbuffer_search_eol(in, NULL, &eol_len, EVBUFFER_EOL_LF);
    bool is_line = eol.pos < 0 || eol.pos > x->gw->settings->max_head_bytes;
    if (is_line)
        refuse_head(x, ERR_URI_TOO_LONG, NULL);
    else
        refuse_head(x, ERR_HEADERS_TOO_LARGE, NULL);
}

/* The host a request is for: an absolute target's authority wins over Host (RFC 9112 §3.2.2). */
static struct str request_host(const struct exchange *x)
{
    struct str target = x->head.target;
    ptrdiff_t at = target.p[0] == '/' ? -1 : str_find(target, STR("://"));
    if (at < 0)
        return http_head_get(&x->head, STR("host"));
    struct str rest = str_slice(target, (size_t)at + 3, target.len);
    size_t end = 0;
    while (end < rest.len && rest.p[end] != '/' && rest.p[end] != '?')
        end++;
    return str_slice(rest, 0, end);
}

static void init_body(struct exchange *x)
{
    if (x->head.is_chunked)
        http_body_init(&x->in, HTTP_BODY_CHUNKED, 0);
    else if (x->head.content_length >= 0)
        http_body_init(&x->in, HTTP_BODY_LENGTH, x->head.content_length);
    else
        http_body_init(&x->in, HTTP_BODY_NONE, 0);
}

static bool is_websocket(const struct exchange *x)
{
    return x->head.is_upgrade && x->method == KONG_GET && x->in.framing == HTTP_BODY_NONE &&
           http_head_has_token(&x->head, STR("upgrade"), STR("websocket"));
}

/* ---- routing -------------------------------------------------------------------------------- */

static unsigned protocols_of(const struct exchange *x)
{
    if (x->is_https)
        return x->is_websocket ? KONG_WSS | KONG_HTTPS : KONG_HTTPS;
    return x->is_websocket ? KONG_WS | KONG_HTTP : KONG_HTTP;
}

/* The same target over TLS; the port is named unless it is the usual one. */
static struct str https_url(const struct exchange *x)
{
    struct str host = x->host;
    int port = x->gw->tls_port;
    ptrdiff_t end = str_has_prefix(host, STR("[")) ? str_index(host, ']', 0) : 0;
    ptrdiff_t colon = str_index(host, ':', end > 0 ? (size_t)end : 0);
    if (colon >= 0)
        host = str_slice(host, 0, (size_t)colon);
    struct buf b;
    buf_init(&b, x->arena);
    buf_printf(&b, "https://%.*s", STR_ARG(host));
    if (port && port != 443)
        buf_printf(&b, ":%d", port);
    buf_add_str(&b, x->path);
    if (x->query.p)
        buf_printf(&b, "?%.*s", STR_ARG(x->query));
    return buf_str(&b);
}

/* A route that is served over TLS only. */
static void refuse_scheme(struct exchange *x)
{
    int status = (int)x->route->https_redirect_status_code;
    if (status != 426 && x->host.len) {
        exchange_set_response_header(x, STR("Location"), https_url(x));
        exchange_reply(x, status, STR_NULL, STR_NULL);
        return;
    }
    exchange_set_response_header(x, STR("Upgrade"), STR("TLS/1.2, HTTP/1.1"));
    exchange_fail(x, ERR_UPGRADE_REQUIRED, "Please use HTTPS protocol");
}

static bool match(struct exchange *x, unsigned method, struct route_hit *hit)
{
    struct route_query q = {
        .method = method,
        .protocols = protocols_of(x),
        .host = x->host,
        .path = x->path,
        .head = &x->head,
    };
    return router_match(x->snapshot->router, &q, hit);
}

/* A preflight belongs to the route of the request it announces, even if that names no OPTIONS. */
static bool find_route(struct exchange *x, struct route_hit *hit)
{
    if (match(x, x->method, hit))
        return true;
    struct str announced = headers_get(&x->request, STR("access-control-request-method"));
    return x->method == KONG_OPTIONS && announced.p && match(x, kong_method_of(announced), hit);
}

/* Runs what has not run yet, highest priority first. A plugin that identifies the consumer may
 * bring other configurations of those that follow. */
static enum plugin_verdict run_access(struct exchange *x)
{
    const struct plugin_chain *first = x->route->chain;
    for (size_t i = 0; i < x->chain->count; i++) {
        const struct kong_plugin *p = x->chain->uses[i];
        if (x->access_priority && p->plugin->priority >= x->access_priority)
            continue;
        const struct kong_consumer *before = x->consumer;
        enum plugin_verdict verdict = p->plugin->access ? p->plugin->access(x, p) : PLUGIN_NEXT;
        if (verdict != PLUGIN_NEXT)
            return verdict;
        x->access_priority = p->plugin->priority;
        if (x->consumer != before) {
            x->chain = plugin_chain_for(first, x->consumer);
            i = (size_t)-1;
        }
    }
    return PLUGIN_NEXT;
}

void exchange_resume_access(struct exchange *x)
{
    enum plugin_verdict verdict = run_access(x);
    if (verdict == PLUGIN_WAIT) {
        x->state = EXCHANGE_POLICY;
        return;
    }
    if (verdict == PLUGIN_ANSWERED)
        return;
    if (origin_may_use_cookie(x))
        exchange_connect(x);
    else
        exchange_fail(x, ERR_FORBIDDEN, "a request with a session cookie needs an allowed Origin");
}

static void route(struct exchange *x)
{
    struct route_hit hit;
    x->snapshot = snapshot_ref(x->gw->snapshot);
    x->chain = x->snapshot->unrouted;
    if (!find_route(x, &hit)) {
        exchange_fail(x, ERR_NOT_FOUND, "no Route matched with those values");
        return;
    }
    x->route = hit.route;
    x->prefix_len = hit.prefix_len;
    x->chain = hit.route->chain;
    if (hit.is_wrong_scheme) {
        refuse_scheme(x);
        return;
    }
    exchange_resume_access(x);
}

static void begin_request(struct exchange *x)
{
    x->request = (struct header_list){x->head.headers, x->head.header_count, x->head.header_count};
    x->method = kong_method_of(x->head.method);
    x->must_close |= !x->head.keep_alive || x->gw->service->is_draining || x->is_client_eof;
    init_body(x);
    identify(x);
    struct str path;
    if (!http_split_target(x->head.target, &path, &x->query) ||
        !path_normalise(x->arena, path, &x->path)) {
        x->must_close = x->must_linger = true;
        exchange_fail(x, ERR_INVALID_INPUT, "malformed request target");
        return;
    }
    x->host = request_host(x);
    x->is_websocket = is_websocket(x);
    route(x);
}

void exchange_read_head(struct exchange *x)
{
    struct bufferevent *bev = x->client->bev;
    struct evbuffer *in = bufferevent_get_input(bev);
    if (stream_pending(bev) >= STREAM_HIGH)
        return;
    size_t len = http_head_find(in, &x->head_scanned), have = evbuffer_get_length(in);
    size_t max = (size_t)x->gw->settings->max_head_bytes;
    if (len > max || (!len && have > max)) {
        refuse_long_head(x, in);
        return;
    }
    if (have)
        begin(x);
    if (!len)
        return;
    char *text = arena_alloc(x->arena, len);
    evbuffer_remove(in, text, len);
    const char *why = NULL;
    enum err rc = http_parse_request_head(x->arena, str_n(text, len), &x->head, &why);
    if (rc)
        refuse_head(x, rc, why);
    else
        begin_request(x);
}
