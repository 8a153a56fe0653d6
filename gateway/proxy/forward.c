#include "proxy/forward.h"

#include "clock.h"
#include "plugins/plugin.h"
#include "proxy/client.h"

static void add_line(struct buf *out, struct str name, struct str value)
{
    char *p = buf_reserve(out, name.len + value.len + 4);
    memcpy(p, name.p, name.len);
    p += name.len;
    *p++ = ':';
    *p++ = ' ';
    if (value.len)
        memcpy(p, value.p, value.len);
    memcpy(p + value.len, "\r\n", 2);
    out->len += name.len + value.len + 4;
}

/* Connection may name headers that end here; most requests name none but itself. */
static bool has_named_headers(const struct header_list *l)
{
    struct str rest = headers_get(l, STR("connection")), token;
    while (str_next(&rest, ',', &token)) {
        token = str_trim(token);
        if (!str_ieq(token, STR("keep-alive")) && !str_ieq(token, STR("close")) &&
            !str_ieq(token, STR("upgrade")))
            return true;
    }
    return false;
}

/* ---- request -------------------------------------------------------------------------------- */

static void add_target(const struct exchange *x, struct buf *out)
{
    const struct kong_route *r = x->route;
    struct str rest = x->path;
    if (r->strip_path)
        rest = str_slice(rest, x->prefix_len, rest.len);
    buf_add_str(out, r->service->path);
    bool has_slash = rest.len ? rest.p[0] == '/' : r->service->path.len > 0;
    if (!has_slash)
        buf_add_char(out, '/');
    buf_add_str(out, rest);
    if (x->query.p) {
        buf_add_char(out, '?');
        buf_add_str(out, x->query);
    }
}

/* Without what the sender had no business to say, or what is written anew below. */
static void add_request_headers(const struct exchange *x, struct buf *out)
{
    bool has_named = has_named_headers(&x->request);
    for (int i = 0; i < x->request.count; i++) {
        const struct http_header *h = &x->request.items[i];
        switch (header_kind(h->name)) {
        case HEADER_OTHER:
            if (has_named && headers_connection_names(&x->request, h->name))
                break;
            add_line(out, h->name, h->value);
            break;
        case HEADER_TRACE_ID:
            add_line(out, h->name, h->value);
            break;
        case HEADER_HOP:
        case HEADER_CONNECTION:
        case HEADER_LENGTH:
        case HEADER_HOST:
        case HEADER_FORWARDED:
        case HEADER_IDENTITY:
        case HEADER_TRACEPARENT:
        case HEADER_REQUEST_ID:
            break;
        }
    }
}

/* What a trusted proxy said about its client goes on; from anyone else we say it ourselves. */
static struct str believed(const struct exchange *x, struct str name, struct str own)
{
    struct str given = x->is_trusted_peer ? headers_get(&x->request, name) : STR_NULL;
    return given.p ? given : own;
}

/* The scheme the client itself used with us. */
static struct str scheme_of(const struct exchange *x)
{
    return x->client->tls ? STR("https") : STR("http");
}

static void add_hops(const struct exchange *x, bool as_pairs, struct buf *out)
{
    for (int i = 0; x->hops && i < x->hops->count; i++) {
        struct str node = x->hops->nodes[i].p ? x->hops->nodes[i] : STR("unknown");
        if (as_pairs)
            forwarded_add_node(out, node);
        else
            buf_add_str(out, node);
        BUF_LIT(out, ", ");
    }
}

/* A trusted peer's own header, with all it says about each hop. */
static bool add_given_forwarded(const struct exchange *x, struct buf *out)
{
    size_t before = out->len;
    struct forwarded read = {0};
    for (int i = 0; x->hops && i < x->request.count; i++) {
        const struct http_header *h = &x->request.items[i];
        if (!str_ieq(h->name, STR("forwarded")))
            continue;
        if (!forwarded_parse(h->value, &read)) {
            out->len = before;
            return false;
        }
        buf_add_str(out, h->value);
        BUF_LIT(out, ", ");
    }
    return out->len > before;
}

static void add_client(const struct exchange *x, struct buf *out)
{
    struct str peer = str_from(x->client->peer);
    BUF_LIT(out, "X-Forwarded-For: ");
    add_hops(x, false, out);
    buf_add_str(out, peer);
    BUF_LIT(out, "\r\nForwarded: ");
    if (!add_given_forwarded(x, out))
        add_hops(x, true, out);
    forwarded_add(out, peer, x->host, scheme_of(x));
    BUF_LIT(out, "\r\nX-Forwarded-Proto: ");
    buf_add_str(out, believed(x, STR("x-forwarded-proto"), scheme_of(x)));
    BUF_LIT(out, "\r\nX-Forwarded-Host: ");
    buf_add_str(out, believed(x, STR("x-forwarded-host"), x->host));
    BUF_LIT(out, "\r\nX-Forwarded-Port: ");
    struct str port = believed(x, STR("x-forwarded-port"), STR_NULL);
    if (port.p)
        buf_add_str(out, port);
    else
        buf_add_i64(out, x->client->tls ? x->gw->tls_port : x->gw->port);
    if (x->route->strip_path && x->prefix_len) {
        BUF_LIT(out, "\r\nX-Forwarded-Prefix: ");
        buf_add_str(out, str_slice(x->path, 0, x->prefix_len));
    }
    BUF_LIT(out, "\r\nX-Real-IP: ");
    buf_add_str(out, x->client_ip);
    BUF_LIT(out, "\r\n");
}

static void add_identity(const struct exchange *x, struct buf *out)
{
    if (!x->consumer)
        return;
    if (x->consumer->username.p)
        add_line(out, STR("X-Consumer-Username"), x->consumer->username);
    if (x->is_anonymous)
        BUF_LIT(out, "X-Anonymous-Consumer: true\r\n");
    if (x->consumer->custom_id.p)
        add_line(out, STR("X-Consumer-Custom-ID"), x->consumer->custom_id);
    if (x->identity.credential.p)
        add_line(out, STR("X-Credential-Identifier"), x->identity.credential);
}

static void add_trace(const struct exchange *x, struct buf *out)
{
    const struct trace *t = &x->trace;
    add_line(out, STR("X-Request-ID"), t->request_id);
    BUF_LIT(out, "traceparent: 00-");
    buf_add(out, t->trace_id, 32);
    buf_add_char(out, '-');
    buf_add(out, t->hop_id, 16);
    buf_add_char(out, '-');
    buf_add(out, t->flags, 2);
    BUF_LIT(out, "\r\n");
    if (t->state.len)
        add_line(out, STR("tracestate"), t->state);
}

static void add_request_framing(const struct exchange *x, struct buf *out)
{
    if (x->is_websocket)
        BUF_LIT(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    if (x->in.framing == HTTP_BODY_CHUNKED) {
        BUF_LIT(out, "Transfer-Encoding: chunked\r\n");
    } else if (x->in.framing == HTTP_BODY_LENGTH) {
        BUF_LIT(out, "Content-Length: ");
        buf_add_i64(out, x->head.content_length);
        BUF_LIT(out, "\r\n");
    }
    BUF_LIT(out, "\r\n");
}

void forward_request_head(const struct exchange *x, const struct endpoint *e, struct buf *out)
{
    const struct upstream *u = x->route->service->upstream;
    buf_add_str(out, x->head.method);
    buf_add_char(out, ' ');
    add_target(x, out);
    BUF_LIT(out, " HTTP/1.1\r\n");
    struct str host = u->host_header.p ? u->host_header : str_from(e->text);
    add_line(out, STR("Host"), x->route->preserve_host && x->host.len ? x->host : host);
    add_request_headers(x, out);
    add_client(x, out);
    add_identity(x, out);
    add_trace(x, out);
    add_request_framing(x, out);
}

/* ---- response ------------------------------------------------------------------------------- */

static struct str standard_reason(int status)
{
    switch (status) {
    case 200:
        return STR("OK");
    case 204:
        return STR("No Content");
    case 400:
        return STR("Bad Request");
    case 401:
        return STR("Unauthorized");
    case 403:
        return STR("Forbidden");
    case 404:
        return STR("Not Found");
    case 405:
        return STR("Method Not Allowed");
    case 408:
        return STR("Request Timeout");
    case 413:
        return STR("Content Too Large");
    case 414:
        return STR("URI Too Long");
    case 417:
        return STR("Expectation Failed");
    case 426:
        return STR("Upgrade Required");
    case 429:
        return STR("Too Many Requests");
    case 431:
        return STR("Request Header Fields Too Large");
    case 500:
        return STR("Internal Server Error");
    case 501:
        return STR("Not Implemented");
    case 502:
        return STR("Bad Gateway");
    case 503:
        return STR("Service Unavailable");
    case 504:
        return STR("Gateway Timeout");
    case 505:
        return STR("HTTP Version Not Supported");
    default:
        return STR("");
    }
}

static void add_status_line(int status, struct str reason, struct buf *out)
{
    BUF_LIT(out, "HTTP/1.1 ");
    buf_add_i64(out, status);
    buf_add_char(out, ' ');
    buf_add_str(out, reason);
    BUF_LIT(out, "\r\n");
}

/* One text a second serves all of the gateway's own answers. */
static struct str http_date(void)
{
    static char text[TIME_TEXT_SIZE];
    static int64_t second = -1;
    int64_t now = clock_wall_us();
    if (now / US_PER_S != second) {
        second = now / US_PER_S;
        time_format_http(now, text);
    }
    return str_from(text);
}

static void add_response_headers(const struct exchange *x, struct buf *out)
{
    bool has_named = has_named_headers(&x->response), has_trace = false;
    for (int i = 0; i < x->response.count; i++) {
        const struct http_header *h = &x->response.items[i];
        enum header_kind kind = header_kind(h->name);
        bool is_length = kind == HEADER_LENGTH && !x->is_response_chunked;
        bool is_upgrade = kind == HEADER_HOP && (x->status == 101 || x->status == 426) &&
                          str_ieq(h->name, STR("upgrade"));
        bool is_dropped = kind == HEADER_HOP || kind == HEADER_CONNECTION ||
                          kind == HEADER_LENGTH || kind == HEADER_REQUEST_ID;
        bool is_named = has_named && !is_dropped && headers_connection_names(&x->response, h->name);
        has_trace |= kind == HEADER_TRACE_ID;
        if ((!is_dropped && !is_named) || is_length || is_upgrade)
            add_line(out, h->name, h->value);
    }
    if (x->is_https && x->gw->hsts.p)
        add_line(out, STR("Strict-Transport-Security"), x->gw->hsts);
    if (x->is_local)
        add_line(out, STR("Date"), http_date());
    if (!has_trace)
        add_line(out, STR("X-Trace-Id"), str_n(x->trace.trace_id, 32));
    add_line(out, STR("X-Request-ID"), x->trace.request_id);
}

void forward_response_head(const struct exchange *x, struct buf *out)
{
    add_status_line(x->status, x->is_local ? standard_reason(x->status) : x->response_head.reason,
                    out);
    add_response_headers(x, out);
    if (x->is_response_chunked)
        BUF_LIT(out, "Transfer-Encoding: chunked\r\n");
    if (x->status == 101)
        BUF_LIT(out, "Connection: Upgrade\r\n");
    else if (x->must_close)
        BUF_LIT(out, "Connection: close\r\n");
    else if (x->head.minor_version == 0)
        BUF_LIT(out, "Connection: keep-alive\r\n");
    BUF_LIT(out, "\r\n");
}

void forward_interim_head(const struct http_head *h, struct buf *out)
{
    add_status_line(h->status, h->reason, out);
    for (int i = 0; i < h->header_count; i++)
        if (header_kind(h->headers[i].name) == HEADER_OTHER)
            add_line(out, h->headers[i].name, h->headers[i].value);
    BUF_LIT(out, "\r\n");
}
