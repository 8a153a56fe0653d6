/* HTTP exchanges with other programs. */
#include "client.h"

#include <sys/socket.h>

#include "buf.h"
#include "plain.h"
#include "trace.h"
#include "transfer.h"

#define DEFAULT_MAX_REPLY (8 * 1024 * 1024)

#define MAX_HEAD (64 * 1024)

struct reply_sink {
    struct buf body;
    int64_t max;
    size_t head_len;
    bool may_cut, is_cut;
};

struct guard {
    const struct http_call *call;
    bool has_refused;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct reply_sink *s = arg;
    size_t len = size * n;
    if ((int64_t)(s->body.len + len) > s->max) {
        s->is_cut = s->may_cut;
        if (s->may_cut)
            buf_add(&s->body, p, (size_t)s->max - s->body.len);
        return 0;
    }
    buf_add(&s->body, p, len);
    return len;
}

/* A head without end is no answer. */
static size_t on_head(char *p, size_t size, size_t n, void *arg)
{
    struct reply_sink *s = arg;
    s->head_len += size * n;
    return s->head_len > MAX_HEAD ? 0 : size * n;
}

static curl_socket_t open_guarded(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct guard *g = arg;
    if (!g->call->may_connect(g->call->guard_arg, &a->addr)) {
        g->has_refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool is_one_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    return true;
}

/* The header lines; false when a value would break out of its line. */
static bool build_headers(struct arena *a, const struct http_call *call, struct curl_slist **out)
{
    bool has_type = false;
    *out = transfer_append(NULL, a, "Expect:", STR(""), "");
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_call_header *h = &call->headers[i];
        if (!is_one_line(h->value) || !is_one_line(str_from(h->name)))
            return false;
        has_type = has_type || str_ieq(str_from(h->name), STR("content-type"));
        /* "Name;" is curl's way to send an empty value. */
        const char *separator = h->value.len ? ": " : ";";
        *out = transfer_append(*out, a, arena_printf(a, "%s%s", h->name, separator), h->value, "");
    }
    if (call->body.p && !has_type)
        *out = transfer_append(*out, a, "Content-Type: application/json", STR(""), "");
    return true;
}

static void set_method(CURL *easy, const struct http_call *call)
{
    struct str method = str_from(call->method);
    if (str_eq(method, STR("HEAD")))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (call->body.p || str_eq(method, STR("POST"))) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.p ? call->body.p : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    } else {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static enum err judge(const struct transfer *t)
{
    curl_off_t ready_us = 0;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    bool was_reached = ready_us > 0;
    switch ((int)t->result) {
    case CURLE_OK:
        return ERR_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return was_reached ? ERR_TIMEOUT : ERR_SERVICE_UNAVAILABLE;
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID_INPUT;
    case CURLE_UNSUPPORTED_PROTOCOL: /* of the URL, or HTTP/0.9 */
        return was_reached ? ERR_BAD_GATEWAY : ERR_INVALID_INPUT;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return ERR_SERVICE_UNAVAILABLE;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return status ? ERR_BAD_GATEWAY : ERR_SERVICE_UNAVAILABLE;
    default:
        return ERR_BAD_GATEWAY;
    }
}

/* A connection that another call has opened was not looked at, and one of this call may be to an
 * address that is not allowed tomorrow. */
static void set_guard(CURL *easy, struct guard *g)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_guarded);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, g);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static void read_answer(struct transfer *t, struct arena *a, struct reply_sink *sink,
                        struct http_answer *out)
{
    long status = 0;
    char *type = NULL;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    out->retry_after_s = retry_after_s;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    out->status = (int)status;
    out->body = buf_str(&sink->body);
    out->content_type = str_from(type ? arena_strdup(a, type) : NULL);
}

static enum err CO_FN curl_call(struct http_client *c, struct arena *a,
                                const struct http_call *call, struct http_answer *out)
{
    struct transfer t;
    struct reply_sink sink = {.max = call->max_reply_bytes, .may_cut = call->cut_reply};
    struct guard guard = {.call = call};
    struct curl_slist *headers = NULL;
    if (!sink.max)
        sink.max = DEFAULT_MAX_REPLY;
    buf_init(&sink.body, a);
    enum err rc = transfer_open(c);
    if (rc)
        return rc;
    if (!is_one_line(call->url) || !build_headers(a, call, &headers)) {
        curl_slist_free_all(headers);
        return ERR_INVALID_INPUT;
    }
    transfer_init(&t, c, call->timeout_ms, call->connect_timeout_ms);
    curl_easy_setopt(t.easy, CURLOPT_URL, str_cstr(a, call->url));
    curl_easy_setopt(t.easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t.easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t.easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(t.easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t.easy, CURLOPT_WRITEDATA, &sink);
    curl_easy_setopt(t.easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(t.easy, CURLOPT_HEADERDATA, &sink);
    set_method(t.easy, call);
    if (call->may_connect)
        set_guard(t.easy, &guard);
    rc = transfer_run(&t);
    if (rc == ERR_OK && !sink.is_cut)
        rc = judge(&t);
    if (rc == ERR_SERVICE_UNAVAILABLE && guard.has_refused)
        rc = ERR_FORBIDDEN;
    if (rc == ERR_OK)
        read_answer(&t, a, &sink, out);
    else if (call->may_connect && rc != ERR_FORBIDDEN && t.error[0])
        out->problem = str_from(arena_strdup(a, t.error));
    transfer_release(&t);
    curl_slist_free_all(headers);
    return rc;
}

/* ---- the trace ------------------------------------------------------------------------------ */

/* The call with headers that make the peer's work part of log's trace. */
static struct http_call traced_call(struct arena *a, const struct http_call *call,
                                    const struct log_context *log)
{
    struct http_call traced = *call;
    struct str traceparent = traceparent_write(a, log);
    if (!traceparent.p)
        return traced;
    struct http_call_header *headers =
        ARENA_ARRAY(a, struct http_call_header, call->header_count + 2);
    for (size_t i = 0; i < call->header_count; i++)
        headers[i] = call->headers[i];
    headers[traced.header_count++] = (struct http_call_header){"traceparent", traceparent};
    if (log->trace_state.len)
        headers[traced.header_count++] = (struct http_call_header){"tracestate", log->trace_state};
    traced.headers = headers;
    return traced;
}

/* Scheme and authority only: paths and queries of others may hold secrets. */
static struct str origin_of(struct str url)
{
    ptrdiff_t at = str_find(url, STR("://"));
    size_t end = at < 0 ? url.len : (size_t)at + 3;
    while (end < url.len && url.p[end] != '/' && url.p[end] != '?' && url.p[end] != '#')
        end++;
    struct str origin = str_slice(url, 0, end);
    return str_index(origin, '@', 0) < 0 ? origin : STR_NULL;
}

static void record_call(const struct trace_child *span, const struct http_call *call,
                        const struct http_answer *out, enum err rc)
{
    const struct log_field fields[] = {
        LOG_CSTR("http.request.method", call->method),
        LOG_STR("url.full", origin_of(call->url)),
        LOG_I("http.response.status_code", out->status),
        LOG_CSTR("error.type", rc ? err_code(rc) : ""),
    };
    const char *error = rc ? err_code(rc) : out->status >= 400 ? "" : NULL;
    trace_child_end(span, SPAN_CLIENT, str_from(call->method), error, fields,
                    sizeof fields / sizeof fields[0]);
}

enum err CO_FN http_client_call(struct http_client *c, struct arena *a,
                                const struct http_call *call, struct http_answer *out)
{
    struct trace_child span;
    struct http_call traced = *call;
    const struct log_context *log = co_local();
    *out = (struct http_answer){0};
    trace_child_begin(&span, log);
    if (log)
        traced = traced_call(a, call, &span.log);
    enum err rc = plain_takes(call->url) && !call->may_connect
                      ? plain_call(http_client_plain(c), a, &traced, out)
                      : curl_call(c, a, &traced, out);
    if (span.started_us)
        record_call(&span, call, out, rc);
    return rc;
}
