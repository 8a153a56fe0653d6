/* What a handler asks of its request. */
#include "req.h"

#include <stdlib.h>

#include <event2/buffer.h>

#include "conn.h"
#include "encode.h"

#define PIECE_SIZE (64 * 1024)

/* Position of {name} or {name*} among the parameters of the pattern. */
static int param_index(const char *pattern, const char *name)
{
    size_t len = strlen(name);
    int index = 0;
    for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{'), index++)
        if (strncmp(p + 1, name, len) == 0 && (p[len + 1] == '}' || p[len + 1] == '*'))
            return index;
    abort();
}

struct str req_param(struct req *r, const char *name)
{
    struct str raw = r->priv->match.params[param_index(r->route->pattern, name)];
    struct str out;
    if (!memchr(raw.p, '%', raw.len))
        return raw;
    /* Checked when the route was found. */
    if (!percent_decode(r->arena, raw, false, &out))
        abort();
    return out;
}

bool req_param_int(struct req *r, const char *name, int64_t *out)
{
    return str_to_i64(req_param(r, name), out) && *out > 0;
}

struct str req_header(struct req *r, const char *name)
{
    return http_head_get(&r->priv->head, str_from(name));
}

struct str req_header_list(struct req *r, const char *name)
{
    const struct http_head *h = &r->priv->head;
    struct str wanted = str_from(name), list = STR_NULL;
    for (int i = 0; i < h->header_count; i++) {
        if (!str_ieq(h->headers[i].name, wanted))
            continue;
        struct str value = h->headers[i].value;
        list = list.p ? str_printf(r->arena, "%.*s, %.*s", STR_ARG(list), STR_ARG(value)) : value;
    }
    return list;
}

int req_minor_version(const struct req *r)
{
    return r->priv->head.minor_version;
}

struct str req_cookie(struct req *r, const char *name)
{
    const struct http_head *h = &r->priv->head;
    struct str wanted = str_from(name), pair, key;
    for (int i = 0; i < h->header_count; i++) {
        if (!str_ieq(h->headers[i].name, STR("cookie")))
            continue;
        struct str rest = h->headers[i].value;
        while (str_next(&rest, ';', &pair)) {
            struct str value = str_trim(pair);
            if (!str_next(&value, '=', &key) || !value.p || !str_eq(key, wanted))
                continue;
            if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
                value = str_slice(value, 1, value.len - 1);
            return value;
        }
    }
    return STR_NULL;
}

struct str req_query(struct req *r, const char *name)
{
    struct str rest = r->query, item, wanted = str_from(name), key, out;
    while (str_next(&rest, '&', &item)) {
        struct str value = item;
        if (!str_next(&value, '=', &key))
            continue;
        if (!percent_decode(r->arena, key, true, &out) || !str_eq(out, wanted))
            continue;
        if (!value.p)
            return STR("");
        if (percent_decode(r->arena, value, true, &out))
            return out;
    }
    return STR_NULL;
}

struct str req_body_text(struct req *r)
{
    return r->priv->body_text.p ? r->priv->body_text : STR("");
}

const struct json *req_json(struct req *r)
{
    return r->priv->json;
}

/* ---- streamed bodies ---------------------------------------------------------------------- */

static void free_evbuffer(void *arg)
{
    evbuffer_free(arg);
}

static enum err refuse_rest(struct req *r, enum err rc)
{
    r->priv->is_reading_stream = false;
    r->priv->conn->must_close = r->priv->conn->must_linger = true;
    return rc;
}

enum err CO_FN req_body_next(struct req *r, struct str *piece)
{
    struct req_private *p = r->priv;
    struct http_conn *c = p->conn;
    *piece = STR_NULL;
    if (!p->is_reading_stream)
        return c->bev ? ERR_OK : ERR_CANCELLED;
    if (!p->piece) {
        p->piece = arena_alloc(r->arena, PIECE_SIZE);
        p->raw = evbuffer_new();
        arena_defer(r->arena, free_evbuffer, p->raw);
        if (!c->body.done)
            serve_continue(r);
    }
    for (;;) {
        if (!c->bev)
            return ERR_CANCELLED;
        if (http_body_read(&c->body, conn_input(c), p->raw, PIECE_SIZE))
            return refuse_rest(r, ERR_INVALID_INPUT);
        if (c->body.received > p->max_body)
            return refuse_rest(r, ERR_PAYLOAD_TOO_LARGE);
        size_t n = evbuffer_get_length(p->raw);
        if (n) {
            evbuffer_remove(p->raw, p->piece, n);
            *piece = str_n(p->piece, n);
            serve_extend_deadline(r);
            return ERR_OK;
        }
        if (c->body.done)
            return ERR_OK;
        enum err rc = conn_wait_input(c);
        if (rc == ERR_REQUEST_TIMEOUT)
            return refuse_rest(r, rc);
        if (rc)
            return rc;
    }
}
