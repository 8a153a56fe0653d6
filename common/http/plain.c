#include "plain.h"

#include "body.h"
#include "buf.h"
#include "clock.h"
#include "head.h"
#include "plain_conn.h"
#include "syntax.h"

#define SCHEME "http://"
#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_CONNECT_TIMEOUT_MS 2000
#define DEFAULT_MAX_REPLY (8 * 1024 * 1024)
#define MAX_HEAD (64 * 1024)

/* ---- URLs ----------------------------------------------------------------------------------- */

struct url {
    struct str authority, host, target; /* target begins with '/' or '?', or is empty */
    int port;
};

static struct str authority_of(struct str url)
{
    size_t start = sizeof SCHEME - 1, end = start;
    while (end < url.len && url.p[end] != '/' && url.p[end] != '?' && url.p[end] != '#')
        end++;
    return str_slice(url, start, end);
}

bool plain_takes(struct str url)
{
    return url.len >= sizeof SCHEME - 1 &&
           str_ieq(str_slice(url, 0, sizeof SCHEME - 1), STR(SCHEME)) &&
           str_index(authority_of(url), '@', 0) < 0;
}

static bool read_port(struct str text, int *out)
{
    int64_t port = 80;
    if (text.len && (!str_to_i64(text, &port) || port < 1 || port > 65535))
        return false;
    *out = (int)port;
    return true;
}

static bool split_authority(struct url *u)
{
    struct str rest = u->authority;
    bool is_v6 = rest.len && rest.p[0] == '[';
    ptrdiff_t end = is_v6 ? str_index(rest, ']', 0) : str_index(rest, ':', 0);
    if (is_v6 && end < 0)
        return false;
    size_t len = end < 0 ? rest.len : (size_t)end;
    u->host = str_slice(rest, is_v6, len);
    rest = str_slice(rest, len + is_v6, rest.len);
    if (rest.len && rest.p[0] != ':')
        return false;
    return u->host.len && read_port(rest.len ? str_slice(rest, 1, rest.len) : rest, &u->port);
}

static bool read_url(struct str text, struct url *out)
{
    out->authority = authority_of(text);
    out->target = str_slice(text, sizeof SCHEME - 1 + out->authority.len, text.len);
    for (size_t i = 0; i < out->authority.len; i++)
        if (!http_is((unsigned char)out->authority.p[i], HTTP_CHAR_HOST))
            return false;
    for (size_t i = 0; i < out->target.len; i++)
        if (!http_is((unsigned char)out->target.p[i], HTTP_CHAR_TARGET))
            return false;
    return split_authority(out);
}

/* ---- request -------------------------------------------------------------------------------- */

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!http_is((unsigned char)s.p[i], HTTP_CHAR_TOKEN))
            return false;
    return s.len > 0;
}

static bool is_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!http_is((unsigned char)s.p[i], HTTP_CHAR_VALUE))
            return false;
    return true;
}

/* The head; false when something in it would break out of its line. */
static bool write_head(const struct http_call *call, const struct url *u, struct buf *out)
{
    struct str method = str_from(call->method);
    bool has_type = false, has_accept = false;
    const char *slash = u->target.len && u->target.p[0] == '/' ? "" : "/";
    buf_printf(out, "%s %s%.*s HTTP/1.1\r\nHost: %.*s\r\n", call->method, slash, STR_ARG(u->target),
               STR_ARG(u->authority));
    for (size_t i = 0; i < call->header_count; i++) {
        struct str name = str_from(call->headers[i].name), value = call->headers[i].value;
        if (!is_token(name) || !is_value(value))
            return false;
        has_type |= str_ieq(name, STR("content-type"));
        has_accept |= str_ieq(name, STR("accept"));
        buf_printf(out, "%.*s: %.*s\r\n", STR_ARG(name), STR_ARG(value));
    }
    if (!has_accept)
        BUF_LIT(out, "Accept: */*\r\n");
    if (call->body.p && !has_type)
        BUF_LIT(out, "Content-Type: application/json\r\n");
    if (call->body.p || str_eq(method, STR("POST")) || str_eq(method, STR("PUT")))
        buf_printf(out, "Content-Length: %zu\r\n", call->body.len);
    BUF_LIT(out, "\r\n");
    return is_token(method);
}

/* ---- response ------------------------------------------------------------------------------- */

struct plain_exchange {
    struct plain_conn *conn;
    struct arena *arena;
    const struct http_call *call;
    int64_t until_us, max;
    bool is_heard; /* a byte of the response has come */
    struct http_head head;
    struct http_body body;
};

/* More input, or the end of it. */
static enum err CO_FN listen_on(struct plain_exchange *x)
{
    enum err rc = plain_conn_wait(x->conn, x->until_us);
    x->is_heard |= evbuffer_get_length(bufferevent_get_input(x->conn->bev)) > 0;
    return rc;
}

static void init_body(struct plain_exchange *x)
{
    const struct http_head *h = &x->head;
    bool is_bodiless =
        str_eq(str_from(x->call->method), STR("HEAD")) || h->status == 204 || h->status == 304;
    if (is_bodiless)
        http_body_init(&x->body, HTTP_BODY_NONE, 0);
    else if (h->is_chunked)
        http_body_init(&x->body, HTTP_BODY_CHUNKED, 0);
    else if (h->content_length >= 0)
        http_body_init(&x->body, HTTP_BODY_LENGTH, h->content_length);
    else
        http_body_init(&x->body, HTTP_BODY_UNTIL_CLOSE, 0);
}

/* The final head; interim ones are skipped. */
static enum err CO_FN read_head(struct plain_exchange *x)
{
    struct evbuffer *in = bufferevent_get_input(x->conn->bev);
    size_t scanned = 0, len;
    for (;;) {
        while (!(len = http_head_find(in, &scanned))) {
            if (evbuffer_get_length(in) > MAX_HEAD)
                return ERR_BAD_GATEWAY;
            if (x->conn->is_ended)
                return x->is_heard ? ERR_BAD_GATEWAY : ERR_SERVICE_UNAVAILABLE;
            enum err rc = listen_on(x);
            if (rc)
                return rc;
        }
        char *text = arena_alloc(x->arena, len);
        const char *why;
        evbuffer_remove(in, text, len);
        enum err rc = http_parse_response_head(x->arena, str_n(text, len), &x->head, &why);
        if (rc || x->head.status == 101)
            return ERR_BAD_GATEWAY;
        if (x->head.status >= 200)
            return ERR_OK;
        scanned = 0;
    }
}

static enum err CO_FN read_body(struct plain_exchange *x, struct evbuffer *payload)
{
    struct evbuffer *in = bufferevent_get_input(x->conn->bev);
    for (;;) {
        if (http_body_read(&x->body, in, payload, -1) != ERR_OK || x->body.received > x->max)
            return ERR_BAD_GATEWAY;
        if (x->body.done)
            return ERR_OK;
        if (x->conn->is_ended)
            return x->body.framing == HTTP_BODY_UNTIL_CLOSE ? ERR_OK : ERR_BAD_GATEWAY;
        enum err rc = listen_on(x);
        if (rc)
            return rc;
    }
}

static enum err CO_FN read_answer(struct plain_exchange *x, struct http_answer *out)
{
    enum err rc = read_head(x);
    if (rc)
        return rc;
    init_body(x);
    struct evbuffer *payload = evbuffer_new();
    rc = read_body(x, payload);
    if (rc == ERR_OK) {
        size_t n = evbuffer_get_length(payload);
        char *text = arena_alloc(x->arena, n + 1);
        evbuffer_remove(payload, text, n);
        text[n] = '\0';
        out->status = x->head.status;
        out->body = str_n(text, n);
        out->content_type = http_head_get(&x->head, STR("content-type"));
    }
    evbuffer_free(payload);
    return rc;
}

/* ---- exchange ------------------------------------------------------------------------------- */

static void leave(struct plain_exchange *x, enum err rc)
{
    struct plain_conn *k = x->conn;
    bool is_clean = rc == ERR_OK && x->body.done && x->head.keep_alive && !k->is_ended &&
                    !evbuffer_get_length(bufferevent_get_input(k->bev)) &&
                    !evbuffer_get_length(bufferevent_get_output(k->bev));
    if (is_clean)
        plain_conn_park(k);
    else
        plain_conn_close(k);
    x->conn = NULL;
}

static enum err CO_FN run(struct plain_exchange *x, const struct buf *head, struct http_answer *out)
{
    struct evbuffer *to = bufferevent_get_output(x->conn->bev);
    evbuffer_add(to, head->p, head->len);
    if (x->call->body.len)
        evbuffer_add(to, x->call->body.p, x->call->body.len);
    enum err rc = read_answer(x, out);
    leave(x, rc);
    return rc;
}

enum err CO_FN plain_call(struct plain *p, struct arena *a, const struct http_call *call,
                          struct http_answer *out)
{
    struct url u;
    struct buf head;
    int64_t now = clock_mono_us();
    int64_t timeout_ms = call->timeout_ms ? call->timeout_ms : DEFAULT_TIMEOUT_MS;
    int64_t connect_ms =
        call->connect_timeout_ms ? call->connect_timeout_ms : DEFAULT_CONNECT_TIMEOUT_MS;
    struct plain_exchange x = {.arena = a, .call = call, .until_us = now + timeout_ms * US_PER_MS};
    x.max = call->max_reply_bytes ? call->max_reply_bytes : DEFAULT_MAX_REPLY;
    buf_init(&head, a);
    if (!read_url(call->url, &u) || !write_head(call, &u, &head))
        return ERR_INVALID_INPUT;
    x.conn = plain_conn_take(p, u.authority);
    if (x.conn) {
        enum err rc = run(&x, &head, out);
        /* The peer had closed it before it read the request. */
        if (rc != ERR_SERVICE_UNAVAILABLE || x.is_heard)
            return rc;
    }
    if (connect_ms > timeout_ms)
        connect_ms = timeout_ms;
    enum err rc = plain_conn_open(p, a, u.host, u.port, u.authority,
                                  clock_mono_us() + connect_ms * US_PER_MS, &x.conn);
    return rc ? rc : run(&x, &head, out);
}
