#include "url.h"

#include "encode.h"

#define DEFAULT_PORT 5672
#define DEFAULT_TLS_PORT 5671

static enum err refuse(const char **why, const char *reason)
{
    *why = reason;
    return ERR_INVALID_INPUT;
}

/* Splits s at the first sep; both halves are returned, the second one absent without sep. */
static struct str cut(struct str s, char sep, struct str *rest)
{
    ptrdiff_t at = str_index(s, sep, 0);
    *rest = at < 0 ? STR_NULL : str_slice(s, (size_t)at + 1, s.len);
    return at < 0 ? s : str_slice(s, 0, (size_t)at);
}

static bool decode_part(struct arena *a, struct str part, const char *fallback, const char **out)
{
    struct str text = str_from(fallback);
    if (part.len && !percent_decode(a, part, false, &text))
        return false;
    *out = str_cstr(a, text);
    return true;
}

static bool parse_credentials(struct arena *a, struct str s, struct mq_url *out)
{
    struct str password;
    struct str user = cut(s, ':', &password);
    return decode_part(a, user, "guest", &out->user) &&
           decode_part(a, password, "guest", &out->password);
}

static bool parse_host(struct arena *a, struct str s, struct mq_url *out)
{
    struct str port;
    struct str host;
    if (str_has_prefix(s, STR("["))) {
        host = cut(str_slice(s, 1, s.len), ']', &port);
        if (!port.p || (port.len && port.p[0] != ':'))
            return false;
        port = port.len ? str_slice(port, 1, port.len) : STR_NULL;
    } else {
        host = cut(s, ':', &port);
    }
    int64_t number = out->is_tls ? DEFAULT_TLS_PORT : DEFAULT_PORT;
    if (port.len && (!str_to_i64(port, &number) || number < 1 || number > 65535))
        return false;
    out->port = (int)number;
    return decode_part(a, host, "localhost", &out->host);
}

enum err mq_url_parse(struct arena *a, struct str url, struct mq_url *out, const char **why)
{
    out->is_tls = str_has_prefix(url, STR("amqps://"));
    if (!out->is_tls && !str_has_prefix(url, STR("amqp://")))
        return refuse(why, "the broker's URL does not start with amqp:// or amqps://");
    size_t scheme_len = out->is_tls ? STR("amqps://").len : STR("amqp://").len;
    struct str query;
    struct str rest = cut(str_slice(url, scheme_len, url.len), '?', &query);
    struct str vhost;
    struct str authority = cut(rest, '/', &vhost);
    struct str host = authority, credentials = STR_NULL;
    for (ptrdiff_t at = -1; (at = str_index(authority, '@', (size_t)(at + 1))) >= 0;) {
        credentials = str_slice(authority, 0, (size_t)at);
        host = str_slice(authority, (size_t)at + 1, authority.len);
    }
    if (!parse_credentials(a, credentials, out))
        return refuse(why, "the user or password in the broker's URL is badly escaped");
    if (!parse_host(a, host, out))
        return refuse(why, "the broker's URL has no valid host and port");
    if (!decode_part(a, vhost, "/", &out->vhost))
        return refuse(why, "the vhost in the broker's URL is badly escaped");
    return ERR_OK;
}
