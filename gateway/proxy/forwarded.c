#include "proxy/forwarded.h"

#include "syntax.h"

/* Where parsing stands: text[0..at) has been read. */
struct cursor {
    struct str text;
    size_t at;
};

static char peek(const struct cursor *c)
{
    return c->at < c->text.len ? c->text.p[c->at] : '\0';
}

static void skip_blanks(struct cursor *c)
{
    while (peek(c) == ' ' || peek(c) == '\t')
        c->at++;
}

static bool take_token(struct cursor *c, struct str *out)
{
    size_t start = c->at;
    while (c->at < c->text.len && http_is((unsigned char)c->text.p[c->at], HTTP_CHAR_TOKEN))
        c->at++;
    *out = str_slice(c->text, start, c->at);
    return out->len > 0;
}

/* A quoted string's inside, escapes as they are: no address has any. */
static bool take_quoted(struct cursor *c, struct str *out)
{
    size_t start = ++c->at;
    while (c->at < c->text.len && c->text.p[c->at] != '"')
        c->at += c->text.p[c->at] == '\\' ? 2 : 1;
    if (c->at >= c->text.len)
        return false;
    *out = str_slice(c->text, start, c->at++);
    return true;
}

/* An address without its port: "192.0.2.1:80", "[2001:db8::1]:80". Other names stay as they are. */
static struct str strip_port(struct str node)
{
    if (node.len && node.p[0] == '[') {
        ptrdiff_t end = str_index(node, ']', 0);
        return end > 0 ? str_slice(node, 1, (size_t)end) : node;
    }
    ptrdiff_t colon = str_index(node, ':', 0);
    return colon > 0 ? str_slice(node, 0, (size_t)colon) : node;
}

/* name "=" value; the value of "for" is the hop's node. */
static bool take_pair(struct cursor *c, struct str *node)
{
    struct str name, value;
    if (!take_token(c, &name) || peek(c) != '=')
        return false;
    c->at++;
    if (!(peek(c) == '"' ? take_quoted(c, &value) : take_token(c, &value)))
        return false;
    if (!str_ieq(name, STR("for")))
        return true;
    if (node->p)
        return false;
    *node = strip_port(value);
    return true;
}

static bool is_at_end(const struct cursor *c)
{
    return c->at == c->text.len || peek(c) == ',';
}

/* Pairs between semicolons, some of them empty, up to a comma or the end. */
static bool take_hop(struct cursor *c, struct str *node)
{
    *node = STR_NULL;
    do {
        skip_blanks(c);
        if (peek(c) != ';' && !is_at_end(c) && !take_pair(c, node))
            return false;
        skip_blanks(c);
    } while (peek(c) == ';' && ++c->at);
    return is_at_end(c);
}

bool forwarded_parse(struct str value, struct forwarded *f)
{
    struct cursor c = {value, 0};
    int count = f->count;
    do {
        if (count == FORWARDED_MAX || !take_hop(&c, &f->nodes[count++]))
            return false;
    } while (peek(&c) == ',' && ++c.at);
    f->count = count;
    return true;
}

static bool needs_no_quotes(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!http_is((unsigned char)s.p[i], HTTP_CHAR_TOKEN))
            return false;
    return true;
}

static bool can_be_quoted(struct str s)
{
    return str_index(s, '"', 0) < 0 && str_index(s, '\\', 0) < 0;
}

void forwarded_add_node(struct buf *out, struct str address)
{
    bool is_v6 = str_index(address, ':', 0) >= 0;
    BUF_LIT(out, "for=");
    if (is_v6)
        BUF_LIT(out, "\"[");
    buf_add_str(out, address);
    if (is_v6)
        BUF_LIT(out, "]\"");
}

void forwarded_add(struct buf *out, struct str peer, struct str host, struct str scheme)
{
    forwarded_add_node(out, peer);
    BUF_LIT(out, ";by=_gateway");
    if (host.len && can_be_quoted(host)) {
        bool is_bare = needs_no_quotes(host);
        BUF_LIT(out, ";host=");
        if (!is_bare)
            buf_add_char(out, '"');
        buf_add_str(out, host);
        if (!is_bare)
            buf_add_char(out, '"');
    }
    BUF_LIT(out, ";proto=");
    buf_add_str(out, scheme);
}
