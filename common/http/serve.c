/* The course of one request: identity, route, access, body, handler, answer. */
#include "conn.h"

#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <http_parser.h>

#include "clock.h"
#include "encode.h"

static struct req *req_new(struct http_conn *c)
{
    struct arena *a = server_take_arena(c->server);
    struct req *r = ARENA_NEW(a, struct req);
    r->priv = ARENA_NEW(a, struct req_private);
    r->arena = a;
    r->loop = c->server->loop;
    r->app = c->server->app;
    r->now = clock_wall_us();
    struct req_private *p = r->priv;
    p->conn = c;
    p->started_us = clock_mono_us();
    p->last_header = &p->headers;
    p->last_detail = &p->details;
    p->last_field = &p->fields;
    p->stream_left = -1;
    return r;
}

struct str serve_error_text(const struct req *r, enum err e)
{
    if (r->route)
        for (const struct route_text *t = r->route->texts; t && t->text; t++)
            if (t->err == e)
                return str_from(t->text);
    return str_from(err_text(e));
}

/* ---- before the body ---------------------------------------------------------------------- */

static bool is_known_method(struct str method)
{
#define XX(number, name, text)                                                                     \
    if (str_eq(method, STR(#text)))                                                                \
        return true;
    HTTP_METHOD_MAP(XX)
#undef XX
    return false;
}

static enum err refuse_head(struct req *r)
{
    struct req_private *p = r->priv;
    p->conn->must_close = p->conn->must_linger = true;
    /* Malformed heads say what is wrong; for the rest the catalogue's text does. */
    if (p->why && (p->head_error == ERR_INVALID_INPUT || p->head_error == ERR_NOT_IMPLEMENTED))
        return req_failf(r, p->head_error, "%s", p->why);
    return req_fail(r, p->head_error);
}

static enum err answer_options(struct req *r, struct str allow)
{
    req_set_header(r, "Allow", allow);
    return req_reply_empty(r, 204);
}

static enum err answer_unrouted(struct req *r)
{
    struct str allow = r->priv->match.allow;
    if (!allow.p)
        return is_known_method(r->method) ? ERR_NOT_FOUND : ERR_NOT_IMPLEMENTED;
    if (str_eq(r->method, STR("OPTIONS")))
        return answer_options(r, allow);
    req_set_header(r, "Allow", allow);
    return is_known_method(r->method) ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_IMPLEMENTED;
}

/* Every parameter can be decoded, so that req_param cannot fail later. */
static bool has_valid_params(const struct req *r)
{
    struct str ignored;
    for (int i = 0; i < 8 && r->priv->match.params[i].p; i++)
        if (!percent_decode(r->arena, r->priv->match.params[i], false, &ignored))
            return false;
    return true;
}

static enum err find_route(struct req *r)
{
    struct req_private *p = r->priv;
    if (str_eq(p->head.target, STR("*")) && str_eq(r->method, STR("OPTIONS")))
        return answer_options(r, STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if (!http_split_target(p->head.target, &r->path, &r->query))
        return req_failf(r, ERR_INVALID_INPUT, "malformed request target");
    struct str expect = http_head_get(&p->head, STR("expect"));
    if (expect.p && !p->head.expects_continue && p->head.minor_version == 1)
        return ERR_EXPECTATION_FAILED;
    route_table_match(p->conn->server->routes, r->arena, r->method, r->path, &p->match);
    r->route = p->match.route;
    if (!r->route)
        return answer_unrouted(r);
    if (!has_valid_params(r))
        return req_failf(r, ERR_INVALID_INPUT, "malformed escape in the path");
    p->max_body = r->route->max_body ? r->route->max_body : p->conn->server->config.max_body_bytes;
    return ERR_OK;
}

static enum err CO_FN check_access(struct req *r)
{
    const struct http_server_hooks *hooks = &r->priv->conn->server->hooks;
    enum err rc = ERR_OK;
    if (hooks->authenticate)
        rc = hooks->authenticate(r);
    if (rc == ERR_OK && !r->priv->is_answered && hooks->authorise)
        rc = hooks->authorise(r);
    return rc;
}

/* ---- the body ----------------------------------------------------------------------------- */

static bool wants_json(const struct req *r)
{
    return r->route->body || (r->route->flags & ROUTE_RAW_JSON);
}

static bool is_json_type(struct str content_type)
{
    struct str rest = content_type, type;
    if (!str_next(&rest, ';', &type))
        return true; /* none given */
    type = str_trim(type);
    if (str_ieq(type, STR("application/json")))
        return true;
    return type.len > 17 && str_ieq(str_n(type.p, 12), STR("application/")) &&
           str_ieq(str_n(type.p + type.len - 5, 5), STR("+json"));
}

static enum err check_body_head(struct req *r)
{
    const struct req_private *p = r->priv;
    const struct http_body *b = &p->conn->body;
    if (b->done)
        return ERR_OK;
    struct str coding = http_head_get(&p->head, STR("content-encoding"));
    if (coding.len && !str_ieq(coding, STR("identity")) && !(r->route->flags & ROUTE_STREAM))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    if (wants_json(r) && !is_json_type(http_head_get(&p->head, STR("content-type"))))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    if (b->framing == HTTP_BODY_LENGTH && b->remaining > p->max_body)
        return ERR_PAYLOAD_TOO_LARGE;
    return ERR_OK;
}

void serve_continue(struct req *r)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    if (!p->head.expects_continue || p->is_continue_sent || !c->bev)
        return;
    p->is_continue_sent = true;
    /* A client that did not wait needs no telling. */
    if (evbuffer_get_length(conn_input(c)) > 0)
        return;
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    evbuffer_add(conn_output(c), line, sizeof line - 1);
    conn_queued(c, sizeof line - 1);
    conn_flush(c);
}

static void free_evbuffer(void *arg)
{
    evbuffer_free(arg);
}

/* Collects the body in got, waiting for what has not arrived. */
static enum err CO_FN collect_body(struct req *r, struct evbuffer *got)
{
    struct http_conn *c = r->priv->conn;
    int64_t max = r->priv->max_body;
    for (;;) {
        if (!c->bev)
            return ERR_CANCELLED;
        enum err rc = http_body_read(&c->body, conn_input(c), got, max + 1 - c->body.received);
        if (rc) {
            c->must_close = c->must_linger = true;
            return rc;
        }
        if (c->body.received > max)
            return ERR_PAYLOAD_TOO_LARGE;
        if (c->body.done)
            return ERR_OK;
        rc = conn_wait_input(c);
        if (rc)
            return rc;
    }
}

/* Reads the whole body into the arena. */
static enum err CO_FN read_body(struct req *r)
{
    struct http_conn *c = r->priv->conn;
    if (c->body.done)
        return ERR_OK;
    serve_continue(r);
    if (!c->bev)
        return ERR_CANCELLED;
    struct evbuffer *got = c->server->scratch;
    enum err rc = http_body_read(&c->body, conn_input(c), got, r->priv->max_body);
    if (rc || !c->body.done) {
        /* The scratch buffer is everybody's; what takes longer gets its own. */
        struct evbuffer *own = evbuffer_new();
        arena_defer(r->arena, free_evbuffer, own);
        evbuffer_add_buffer(own, got);
        got = own;
        if (rc)
            c->must_close = c->must_linger = true;
        else
            rc = collect_body(r, got);
    }
    if (rc)
        return rc;
    size_t len = evbuffer_get_length(got);
    char *text = arena_alloc(r->arena, len + 1);
    evbuffer_remove(got, text, len);
    text[len] = '\0';
    r->priv->body_text = str_n(text, len);
    return ERR_OK;
}

/* ---- decoding ----------------------------------------------------------------------------- */

static enum err fail_problems(struct req *r, enum err rc, const struct json_problem *problems)
{
    for (const struct json_problem *p = problems; p; p = p->next)
        req_field_error(r, str_cstr(r->arena, p->field), p->message);
    return req_fail(r, rc);
}

static enum err decode_query(struct req *r)
{
    size_t max = 1, n = 0;
    for (size_t i = 0; i < r->query.len; i++)
        max += r->query.p[i] == '&';
    struct json_pair *pairs = ARENA_ARRAY(r->arena, struct json_pair, max);
    struct str rest = r->query, item;
    while (str_next(&rest, '&', &item)) {
        struct str value = item, name;
        if (item.len == 0 || !str_next(&value, '=', &name))
            continue;
        if (!value.p)
            value = STR("");
        if (!percent_decode(r->arena, name, true, &pairs[n].name) ||
            !percent_decode(r->arena, value, true, &pairs[n].value))
            return req_failf(r, ERR_INVALID_INPUT, "malformed escape in the query");
        n++;
    }
    const struct json_schema *schema = r->route->query;
    void *args = arena_calloc(r->arena, 1, schema->size);
    struct json_problem *problems = NULL;
    enum err rc = json_decode_pairs(r->arena, schema, pairs, n, args, &problems);
    if (rc)
        return fail_problems(r, rc, problems);
    r->query_args = args;
    return ERR_OK;
}

static enum err decode_body(struct req *r)
{
    struct req_private *p = r->priv;
    if (str_trim(p->body_text).len == 0) {
        if (r->route->flags & ROUTE_BODY_OPTIONAL)
            return ERR_OK;
        return req_failf(r, ERR_INVALID_INPUT, "A JSON body is required");
    }
    const char *why = NULL;
    if (json_parse(r->arena, p->body_text, &p->json, &why))
        return req_failf(r, ERR_INVALID_INPUT, "Malformed JSON: %s", why);
    if (json_type(p->json) != JSON_OBJECT)
        return req_failf(r, ERR_INVALID_INPUT, "The body must be a JSON object");
    const struct json_schema *schema = r->route->body;
    if (!schema)
        return ERR_OK;
    void *body = arena_calloc(r->arena, 1, schema->size);
    struct json_problem *problems = NULL;
    enum err rc = json_decode(r->arena, schema, p->json, body, &problems);
    r->body = body;
    if (rc != ERR_INVALID_INPUT && r->route->check)
        r->route->check(r);
    if (rc)
        return fail_problems(r, rc, problems);
    return req_has_field_errors(r) ? req_fail(r, ERR_VALIDATION_ERROR) : ERR_OK;
}

/* ---- the whole course --------------------------------------------------------------------- */

void serve_extend_deadline(struct req *r)
{
    int64_t ms = r->priv->conn->server->config.request_timeout_ms;
    co_set_deadline(co_self(), clock_mono_us() + ms * US_PER_MS);
}

/* Everything before the handler. An error, or an answer, ends the request. */
static enum err CO_FN prepare(struct req *r)
{
    struct req_private *p = r->priv;
    enum err rc = p->head_error ? refuse_head(r) : find_route(r);
    if (rc || p->is_answered)
        return rc;
    rc = check_access(r);
    if (rc || p->is_answered)
        return rc;
    rc = check_body_head(r);
    if (rc)
        return rc;
    if (r->route->query)
        rc = decode_query(r);
    if (rc || p->is_answered || (r->route->flags & ROUTE_STREAM))
        return rc;
    co_set_deadline(co_self(), 0);
    rc = read_body(r);
    if (rc)
        return rc;
    serve_extend_deadline(r);
    return wants_json(r) ? decode_body(r) : ERR_OK;
}

static void CO_FN answer(struct req *r)
{
    struct req_private *p = r->priv;
    serve_extend_deadline(r);
    enum err rc = prepare(r);
    if (rc == ERR_OK && !p->is_answered) {
        p->is_reading_stream = r->route->flags & ROUTE_STREAM;
        rc = r->route->handler(r);
        p->is_reading_stream = false;
    }
    if (p->is_answered)
        return;
    if (rc == ERR_OK) {
        log_error("handler gave no answer", LOG_CSTR("route", r->route->pattern));
        rc = ERR_INTERNAL_ERROR;
    }
    (void)req_fail(r, rc);
}

static void CO_FN serve(void *arg)
{
    struct req *r = arg;
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    struct http_server *s = c->server;
    c->co = co_self();
    co_set_local(&r->log);
    answer(r);
    /* A stream that was not brought to its end must not look complete. */
    if (p->is_streaming && c->bev)
        conn_close(c);
    bool is_client_gone = !p->is_handed_over && (c->is_eof || !c->bev);
    if (s->hooks.finished)
        s->hooks.finished(r, is_client_gone ? 499 : p->status, clock_mono_us() - p->started_us,
                          p->reply_bytes);
    co_set_local(NULL);
    s->active--;
    server_give_arena(s, r->arena);
    conn_request_ended(c);
}

/* Sets up the body that follows the head. */
static void begin_body(struct http_conn *c, const struct http_head *h)
{
    if (h->is_chunked)
        http_body_init(&c->body, HTTP_BODY_CHUNKED, -1);
    else if (h->content_length > 0)
        http_body_init(&c->body, HTTP_BODY_LENGTH, h->content_length);
    else
        http_body_init(&c->body, HTTP_BODY_NONE, 0);
}

void serve_request(struct http_conn *c, size_t head_len, enum err head_error, const char *why)
{
    struct req *r = req_new(c);
    struct req_private *p = r->priv;
    struct evbuffer *in = conn_input(c);
    p->head_error = head_error;
    p->why = why;
    if (head_error == ERR_OK) {
        char *text = arena_alloc(r->arena, head_len);
        evbuffer_remove(in, text, head_len);
        p->head_error = http_parse_request_head(r->arena, str_n(text, head_len), &p->head, &p->why);
    }
    r->method = p->head.method.p ? p->head.method : STR("");
    r->path = r->query = STR("");
    if (p->head_error == ERR_OK)
        begin_body(c, &p->head);
    identity_init(r);
    c->must_close = c->must_linger = false;
    c->state = CONN_BUSY;
    c->has_served = true;
    c->refs++;
    c->server->active++;
    co_start(c->server->loop, serve, r, "request");
}
