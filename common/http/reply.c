/* Answers: head and body in one write, errors in the fleet's envelope, streams with back-pressure.
 */
#include <stdio.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <http_parser.h>

#include "clock.h"
#include "conn.h"
#include "syntax.h"

#define RETRY_AFTER_S 5

/* ---- headers ------------------------------------------------------------------------------ */

static bool is_forbidden_name(const char *name)
{
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Connection", "Date"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (str_ieq(str_from(name), str_from(ours[i])))
            return true;
    return false;
}

/* A copy in which nothing can end the header line early. */
static struct str safe_value(struct arena *a, struct str value)
{
    char *copy = arena_memdup0(a, value.p, value.len);
    for (size_t i = 0; i < value.len; i++)
        if (!http_is((unsigned char)copy[i], HTTP_CHAR_VALUE))
            copy[i] = ' ';
    return str_n(copy, value.len);
}

void req_add_header(struct req *r, const char *name, struct str value)
{
    if (is_forbidden_name(name) && r->priv->status != 101) {
        log_error("this header is the server's", LOG_CSTR("header", name));
        return;
    }
    struct reply_header *h = ARENA_NEW(r->arena, struct reply_header);
    h->name = str_from(arena_strdup(r->arena, name));
    h->value = safe_value(r->arena, value);
    *r->priv->last_header = h;
    r->priv->last_header = &h->next;
}

void req_set_header(struct req *r, const char *name, struct str value)
{
    for (struct reply_header *h = r->priv->headers; h; h = h->next)
        if (str_ieq(h->name, str_from(name))) {
            h->value = safe_value(r->arena, value);
            return;
        }
    req_add_header(r, name, value);
}

static bool has_reply_header(const struct req_private *p, struct str name)
{
    for (const struct reply_header *h = p->headers; h; h = h->next)
        if (str_ieq(h->name, name))
            return true;
    return false;
}

/* ---- the head ----------------------------------------------------------------------------- */

/* Whether the connection can go on after this reply; what is left of the body decides too. */
static void decide_persistence(struct req *r, bool is_stream)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    /* What is left of the body is dropped now, so the handler cannot read it any more. */
    if (!is_stream)
        p->is_reading_stream = false;
    if (!p->head.keep_alive || c->server->is_retiring || c->server->is_draining)
        c->must_close = true;
    if (!c->bev || c->body.done)
        return;
    bool is_expected = !p->head.expects_continue || p->is_continue_sent;
    if (!is_stream && is_expected && http_body_read(&c->body, conn_input(c), NULL, -1) == ERR_OK) {
        if (c->body.done)
            return;
        if (c->body.framing == HTTP_BODY_LENGTH && c->body.remaining <= CONN_DISCARD_MAX)
            return;
    }
    c->must_close = c->must_linger = true;
}

static const char *current_date(void)
{
    static char text[TIME_TEXT_SIZE];
    static int64_t at;
    int64_t now = clock_wall_us() / US_PER_S;
    if (now != at) {
        at = now;
        time_format_http(now * US_PER_S, text);
    }
    return text;
}

/* What a head says about the body behind it. */
enum body_header { BODY_LENGTH, BODY_CHUNKED, BODY_UNDECLARED };

struct head_text {
    char *p;
};

static void put(struct head_text *t, struct str s)
{
    memcpy(t->p, s.p, s.len);
    t->p += s.len;
}
#define PUT(t, literal) put((t), STR(literal))

static void put_header(struct head_text *t, struct str name, struct str value)
{
    put(t, name);
    PUT(t, ": ");
    if (value.len)
        put(t, value);
    PUT(t, "\r\n");
}

static void put_int(struct head_text *t, int64_t v)
{
    char digits[24];
    char *p = digits + sizeof digits;
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    put(t, str_n(p, (size_t)(digits + sizeof digits - p)));
}

/* Upper bound of what write_head writes. */
static size_t head_size(const struct req_private *p, const char *content_type, struct str trace_id)
{
    size_t n = 320 + p->request_id.len + trace_id.len;
    if (content_type)
        n += strlen(content_type);
    for (const struct reply_header *h = p->headers; h; h = h->next)
        n += h->name.len + h->value.len + 4;
    return n;
}

static void write_head(struct req *r, struct head_text *t, int status, const char *content_type,
                       enum body_header body, int64_t length)
{
    const struct req_private *p = r->priv;
    PUT(t, "HTTP/1.1 ");
    put_int(t, status);
    PUT(t, " ");
    put(t, str_from(http_status_str((enum http_status)status)));
    PUT(t, "\r\nDate: ");
    put(t, str_from(current_date()));
    PUT(t, "\r\n");
    if (content_type)
        put_header(t, STR("Content-Type"), str_from(content_type));
    if (body == BODY_LENGTH && status >= 200 && status != 204) {
        PUT(t, "Content-Length: ");
        put_int(t, length);
        PUT(t, "\r\n");
    }
    if (body == BODY_CHUNKED)
        PUT(t, "Transfer-Encoding: chunked\r\n");
    if (status == 101)
        PUT(t, "Connection: Upgrade\r\n");
    else if (p->conn->must_close)
        PUT(t, "Connection: close\r\n");
    else if (p->head.minor_version == 0)
        PUT(t, "Connection: keep-alive\r\n");
    put_header(t, STR("X-Request-ID"), p->request_id);
    put_header(t, STR("X-Trace-Id"), r->log.trace_id);
    for (const struct reply_header *h = p->headers; h; h = h->next)
        put_header(t, h->name, h->value);
    PUT(t, "\r\n");
}

/* False, with a line in the log, when the request was answered before. */
static bool begin_answer(struct req *r, int status)
{
    struct req_private *p = r->priv;
    if (p->is_answered) {
        log_error("request answered twice", LOG_I("status", status));
        return false;
    }
    p->is_answered = true;
    p->status = status;
    return true;
}

static bool is_head_request(const struct req *r)
{
    return str_eq(r->method, STR("HEAD"));
}

/* Head and body in one piece of the output. */
static void queue_reply(struct req *r, int status, const char *content_type, struct str body)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    decide_persistence(r, false);
    p->reply_bytes = (int64_t)body.len;
    if (!c->bev)
        return;
    size_t sent = is_head_request(r) || status == 204 || status == 304 ? 0 : body.len;
    size_t max = head_size(p, content_type, r->log.trace_id) + sent;
    struct evbuffer *out = conn_output(c);
    struct evbuffer_iovec vec;
    if (evbuffer_reserve_space(out, (ev_ssize_t)max, &vec, 1) < 1)
        abort();
    struct head_text t = {vec.iov_base};
    write_head(r, &t, status, content_type, BODY_LENGTH, (int64_t)body.len);
    if (sent)
        put(&t, str_n(body.p, sent));
    vec.iov_len = (size_t)(t.p - (char *)vec.iov_base);
    evbuffer_commit_space(out, &vec, 1);
    conn_queued(c, vec.iov_len);
}

/* ---- whole replies ------------------------------------------------------------------------ */

enum err req_reply(struct req *r, int status, const char *content_type, struct str body)
{
    if (begin_answer(r, status))
        queue_reply(r, status, content_type, body.p ? body : STR(""));
    return ERR_OK;
}

enum err req_reply_empty(struct req *r, int status)
{
    return req_reply(r, status, NULL, STR(""));
}

struct json_writer *req_json_begin(struct req *r)
{
    buf_init(&r->priv->written, r->arena);
    jw_init(&r->priv->writer, &r->priv->written);
    return &r->priv->writer;
}

enum err req_json_end(struct req *r, int status)
{
    return req_reply(r, status, "application/json", buf_str(&r->priv->written));
}

enum err req_reply_json(struct req *r, int status, const struct json_schema *schema,
                        const void *value)
{
    json_encode(req_json_begin(r), schema, value);
    return req_json_end(r, status);
}

bool req_is_answered(const struct req *r)
{
    return r->priv->is_answered;
}

/* ---- failures ----------------------------------------------------------------------------- */

static struct str json_text(struct arena *a, struct str value)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, a);
    jw_init(&w, &b);
    jw_str(&w, value);
    return buf_str(&b);
}

static struct reply_detail *append_detail(struct arena *a, struct reply_detail ***last,
                                          const char *key, struct str raw)
{
    struct reply_detail *d = ARENA_NEW(a, struct reply_detail);
    d->key = str_from(arena_strdup(a, key));
    d->raw = raw;
    **last = d;
    *last = &d->next;
    return d;
}

void req_detail(struct req *r, const char *key, struct str raw_json)
{
    append_detail(r->arena, &r->priv->last_detail, key, str_dup(r->arena, raw_json));
}

void req_detail_str(struct req *r, const char *key, struct str value)
{
    append_detail(r->arena, &r->priv->last_detail, key, json_text(r->arena, value));
}

void req_field_error(struct req *r, const char *field, const char *message)
{
    for (const struct reply_detail *d = r->priv->fields; d; d = d->next)
        if (str_eq(d->key, str_from(field)))
            return; /* the first finding is the one to show */
    append_detail(r->arena, &r->priv->last_field, field, json_text(r->arena, str_from(message)));
}

bool req_has_field_errors(const struct req *r)
{
    return r->priv->fields != NULL;
}

void req_retry_after(struct req *r, int seconds)
{
    r->priv->retry_after = seconds;
}

static void add_failure_headers(struct req *r, int status)
{
    struct req_private *p = r->priv;
    if (status == 401 && !has_reply_header(p, STR("WWW-Authenticate")))
        req_add_header(r, "WWW-Authenticate", STR("Bearer"));
    int seconds = p->retry_after ? p->retry_after : status == 503 ? RETRY_AFTER_S : 0;
    if (seconds)
        req_set_header(r, "Retry-After", str_printf(r->arena, "%d", seconds));
}

static enum err fail(struct req *r, enum err e, struct str text)
{
    struct req_private *p = r->priv;
    struct error_report report = {
        .err = e,
        .text = text.p ? text : serve_error_text(r, e),
        .trace_id = r->log.trace_id,
        .now_us = r->now,
        .details = p->details,
        .fields = p->fields,
    };
    struct buf body;
    buf_init(&body, r->arena);
    bool is_problem = error_prefers_problem(http_head_get(&p->head, STR("accept")));
    if (is_problem)
        error_write_problem(&body, &report);
    else
        error_write_envelope(&body, &report);
    int status = err_http_status(e);
    if (!p->is_answered)
        add_failure_headers(r, status);
    return req_reply(r, status, is_problem ? "application/problem+json" : "application/json",
                     buf_str(&body));
}

enum err req_fail(struct req *r, enum err e)
{
    return fail(r, e, STR_NULL);
}

enum err req_failf(struct req *r, enum err e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = fmt ? arena_vprintf(r->arena, fmt, ap) : NULL;
    va_end(ap);
    return fail(r, e, str_from(text));
}

/* ---- streaming ---------------------------------------------------------------------------- */

static void queue_head(struct req *r, int status, const char *content_type, enum body_header body,
                       int64_t length)
{
    struct http_conn *c = r->priv->conn;
    size_t max = head_size(r->priv, content_type, r->log.trace_id);
    struct head_text t = {arena_alloc(r->arena, max)};
    char *start = t.p;
    write_head(r, &t, status, content_type, body, length);
    evbuffer_add(conn_output(c), start, (size_t)(t.p - start));
    conn_queued(c, (size_t)(t.p - start));
}

enum err CO_FN req_stream_begin(struct req *r, int status, const char *content_type, int64_t length)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    if (!begin_answer(r, status))
        return ERR_INTERNAL_ERROR;
    p->is_streaming = true;
    p->stream_left = length;
    p->is_chunked = length < 0 && p->head.minor_version == 1;
    decide_persistence(r, true);
    if (length < 0 && !p->is_chunked)
        c->must_close = true;
    if (!c->bev)
        return ERR_CANCELLED;
    enum body_header body = p->is_chunked ? BODY_CHUNKED : BODY_UNDECLARED;
    queue_head(r, status, content_type, length < 0 ? body : BODY_LENGTH, length);
    return ERR_OK;
}

static void add_chunk(struct http_conn *c, struct str piece)
{
    struct evbuffer *out = conn_output(c);
    size_t before = evbuffer_get_length(out);
    evbuffer_add_printf(out, "%zx\r\n", piece.len);
    evbuffer_add(out, piece.p, piece.len);
    evbuffer_add(out, "\r\n", 2);
    conn_queued(c, evbuffer_get_length(out) - before);
}

enum err CO_FN req_stream_write(struct req *r, struct str piece)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    if (!p->is_streaming || (p->stream_left >= 0 && (int64_t)piece.len > p->stream_left))
        return ERR_INTERNAL_ERROR;
    if (!c->bev || co_is_cancelled(co_self()))
        return ERR_CANCELLED;
    p->reply_bytes += (int64_t)piece.len;
    if (p->stream_left >= 0)
        p->stream_left -= (int64_t)piece.len;
    if (piece.len == 0 || is_head_request(r))
        return ERR_OK;
    if (p->is_chunked) {
        add_chunk(c, piece);
    } else {
        evbuffer_add(conn_output(c), piece.p, piece.len);
        conn_queued(c, piece.len);
    }
    conn_flush(c);
    if (!c->bev)
        return ERR_CANCELLED;
    enum err rc = ERR_OK;
    if (evbuffer_get_length(conn_output(c)) > CONN_OUTPUT_HIGH) {
        /* A slow reader is the write timeout's business, not the handler's deadline's. */
        co_set_deadline(co_self(), 0);
        rc = conn_wait_output(c);
    }
    serve_extend_deadline(r);
    return rc;
}

enum err CO_FN req_stream_end(struct req *r)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    if (!p->is_streaming)
        return ERR_INTERNAL_ERROR;
    if (!c->bev)
        return ERR_CANCELLED;
    if (p->stream_left > 0 && !is_head_request(r))
        return ERR_INTERNAL_ERROR;
    if (p->is_chunked && !is_head_request(r)) {
        evbuffer_add(conn_output(c), "0\r\n\r\n", 5);
        conn_queued(c, 5);
    }
    p->is_streaming = false;
    return ERR_OK;
}

/* ---- connections given away --------------------------------------------------------------- */

struct bufferevent *req_hijack_stream(struct req *r, int status, const char *content_type)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    if (!begin_answer(r, status))
        return NULL;
    c->must_close = true;
    if (!c->bev)
        return NULL;
    queue_head(r, status, content_type, BODY_UNDECLARED, -1);
    return req_hijack(r);
}

struct bufferevent *req_hijack(struct req *r)
{
    conn_flush(r->priv->conn);
    struct bufferevent *bev = conn_hand_over(r->priv->conn);
    r->priv->is_handed_over = bev != NULL;
    return bev;
}
