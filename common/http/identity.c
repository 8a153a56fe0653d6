/* Who asks and as part of what: client address, request id, W3C trace context. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "conn.h"
#include "mem.h"
#include "trace.h"

#define REQUEST_ID_LEN 32 /* of one that is made here */

/* ---- trusted proxies ---------------------------------------------------------------------- */

struct network {
    int family;
    int bits;
    uint8_t address[16];
};

struct trust_list {
    size_t count;
    struct network networks[];
};

static int parse_address(struct str text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof copy)
        return AF_UNSPEC;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, out) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, copy, out) == 1 ? AF_INET6 : AF_UNSPEC;
}

static bool parse_network(struct str text, struct network *out)
{
    ptrdiff_t slash = str_index(text, '/', 0);
    struct str address = slash < 0 ? text : str_slice(text, 0, (size_t)slash);
    out->family = parse_address(address, out->address);
    int max = out->family == AF_INET ? 32 : 128;
    int64_t bits = max;
    if (slash >= 0 && !str_to_i64(str_slice(text, (size_t)slash + 1, text.len), &bits))
        return false;
    out->bits = (int)bits;
    return out->family != AF_UNSPEC && bits >= 0 && bits <= max;
}

struct trust_list *trust_list_new(struct str text, bool *ok)
{
    size_t max = 1;
    for (size_t i = 0; i < text.len; i++)
        max += text.p[i] == ',';
    struct trust_list *t = mem_zalloc(sizeof *t + max * sizeof *t->networks);
    struct str rest = text, item;
    *ok = true;
    while (str_next(&rest, ',', &item)) {
        item = str_trim(item);
        if (item.len == 0)
            continue;
        if (parse_network(item, &t->networks[t->count]))
            t->count++;
        else
            *ok = false;
    }
    return t;
}

void trust_list_free(struct trust_list *t)
{
    free(t);
}

static bool is_inside(const struct network *n, const uint8_t *address)
{
    int whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->address, address, (size_t)whole) != 0)
        return false;
    return rest == 0 || (n->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool trust_list_has(const struct trust_list *t, struct str text)
{
    uint8_t address[16];
    if (t->count == 0)
        return false;
    int family = parse_address(text, address);
    for (size_t i = 0; i < t->count; i++)
        if (t->networks[i].family == family && is_inside(&t->networks[i], address))
            return true;
    return false;
}

/*
 * The client behind trusted proxies: the rightmost address of X-Forwarded-For that is not one of
 * them. Anything left of it is only what the client claims.
 */
static struct str forwarded_client(const struct req *r)
{
    const struct http_head *h = &r->priv->head;
    const struct trust_list *trusted = r->priv->conn->server->trusted;
    struct str client = r->peer;
    uint8_t ignored[16];
    for (int i = h->header_count - 1; i >= 0; i--) {
        if (!str_ieq(h->headers[i].name, STR("x-forwarded-for")))
            continue;
        struct str left = h->headers[i].value;
        while (left.p) {
            size_t from = left.len;
            while (from > 0 && left.p[from - 1] != ',')
                from--;
            struct str item = str_trim(str_slice(left, from, left.len));
            left = from ? str_n(left.p, from - 1) : STR_NULL;
            if (parse_address(item, ignored) == AF_UNSPEC)
                return client;
            client = item;
            if (!trust_list_has(trusted, item))
                return client;
        }
    }
    return client;
}

/* ---- identifiers -------------------------------------------------------------------------- */

static struct str random_id(struct arena *a)
{
    char *id = arena_alloc(a, REQUEST_ID_LEN + 1);
    trace_random_hex(id, REQUEST_ID_LEN / 2);
    return str_n(id, REQUEST_ID_LEN);
}

static bool is_request_id(struct str s)
{
    if (s.len == 0 || s.len > 128)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool is_alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_alnum && c != '-' && c != '_' && c != '.' && c != ':')
            return false;
    }
    return true;
}

void identity_init(struct req *r)
{
    const struct http_head *h = &r->priv->head;
    r->peer = str_from(r->priv->conn->peer);
    if (r->priv->conn->is_trusted)
        r->peer = forwarded_client(r);
    struct str parent = http_head_get(h, STR("traceparent"));
    if (parent.p)
        (void)trace_join(&r->log, parent, http_head_get(h, STR("tracestate")));
    trace_identify(&r->log, r->arena);
    struct str id = http_head_get(h, STR("x-request-id"));
    r->priv->request_id = is_request_id(id) ? id : random_id(r->arena);
    r->log.request_id = r->priv->request_id;
}
