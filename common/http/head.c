#include "head.h"

#include <event2/buffer.h>
#include <http_parser.h>

#include "syntax.h"

/* Longer than any target an URL parser with 16-bit offsets can describe is refused. */
#define MAX_TARGET 65535
#define MAX_LENGTH_DIGITS 18

/* What the framing headers said; judged when all have been seen. */
struct framing {
    int host_count, length_count, coding_count;
    bool is_foreign_coding, is_final_chunked;
    bool says_close, says_keep_alive;
};

static const char *scan_content_length(struct str v, struct http_head *out)
{
    if (v.len == 0 || v.len > MAX_LENGTH_DIGITS)
        return "invalid Content-Length";
    int64_t n = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return "invalid Content-Length";
        n = n * 10 + (v.p[i] - '0');
    }
    out->content_length = n;
    return NULL;
}

static void scan_transfer_encoding(struct str v, struct framing *f)
{
    struct str rest = v, coding;
    while (str_next(&rest, ',', &coding)) {
        if (f->is_final_chunked)
            f->is_foreign_coding = true;
        f->is_final_chunked = str_ieq(str_trim(coding), STR("chunked"));
        if (!f->is_final_chunked)
            f->is_foreign_coding = true;
    }
}

static void scan_connection(struct str v, struct http_head *out, struct framing *f)
{
    struct str rest = v, token;
    while (str_next(&rest, ',', &token)) {
        token = str_trim(token);
        if (str_ieq(token, STR("close")))
            f->says_close = true;
        else if (str_ieq(token, STR("keep-alive")))
            f->says_keep_alive = true;
        else if (str_ieq(token, STR("upgrade")))
            out->is_upgrade = true;
    }
}

static const char *scan_host(struct str v)
{
    for (size_t i = 0; i < v.len; i++)
        if (!http_is((unsigned char)v.p[i], HTTP_CHAR_HOST))
            return "invalid Host";
    return NULL;
}

/* Looks at the headers that decide framing and persistence. */
static const char *scan_special(const struct http_header *h, struct http_head *out,
                                struct framing *f)
{
    switch (h->name.len) {
    case 4:
        if (!str_ieq(h->name, STR("host")))
            break;
        f->host_count++;
        return scan_host(h->value);
    case 6:
        if (str_ieq(h->name, STR("expect")) && str_ieq(h->value, STR("100-continue")))
            out->expects_continue = true;
        break;
    case 10:
        if (str_ieq(h->name, STR("connection")))
            scan_connection(h->value, out, f);
        break;
    case 14:
        if (!str_ieq(h->name, STR("content-length")))
            break;
        if (++f->length_count > 1)
            return "repeated Content-Length";
        return scan_content_length(h->value, out);
    case 17:
        if (!str_ieq(h->name, STR("transfer-encoding")))
            break;
        f->coding_count++;
        scan_transfer_encoding(h->value, f);
        break;
    }
    return NULL;
}

static enum err settle_framing(struct http_head *out, const struct framing *f, bool is_request,
                               const char **why)
{
    enum err malformed = is_request ? ERR_INVALID_INPUT : ERR_BAD_GATEWAY;
    if (f->coding_count) {
        *why = "Transfer-Encoding with Content-Length";
        if (f->length_count)
            return malformed;
        *why = "Transfer-Encoding in HTTP/1.0";
        if (out->minor_version == 0)
            return malformed;
        *why = "Transfer-Encoding without final chunked";
        if (!f->is_final_chunked)
            return malformed;
        *why = "unknown transfer coding";
        if (f->is_foreign_coding || f->coding_count > 1)
            return is_request ? ERR_NOT_IMPLEMENTED : ERR_BAD_GATEWAY;
        out->is_chunked = true;
    }
    if (is_request) {
        *why = "repeated Host";
        if (f->host_count > 1)
            return malformed;
        *why = "missing Host";
        if (f->host_count == 0 && out->minor_version == 1)
            return malformed;
    }
    out->keep_alive = !f->says_close && (out->minor_version == 1 || f->says_keep_alive);
    if (out->minor_version == 0) {
        out->expects_continue = false;
        out->is_upgrade = false;
    }
    *why = NULL;
    return ERR_OK;
}

/* The header section from p to end, which ends with the empty line. */
static enum err scan_headers(struct arena *a, const char *p, const char *end, bool is_request,
                             struct http_head *out, const char **why)
{
    struct http_header found[HTTP_MAX_HEADERS];
    struct framing f = {0};
    int n = 0;
    while (end - p > 2) {
        *why = "too many headers";
        if (n == HTTP_MAX_HEADERS)
            return is_request ? ERR_HEADERS_TOO_LARGE : ERR_BAD_GATEWAY;
        *why = http_scan_field(&p, end, &found[n]);
        if (!*why)
            *why = scan_special(&found[n], out, &f);
        if (*why)
            return is_request ? ERR_INVALID_INPUT : ERR_BAD_GATEWAY;
        n++;
    }
    *why = "head without an empty line";
    if (end - p != 2 || p[0] != '\r' || p[1] != '\n')
        return is_request ? ERR_INVALID_INPUT : ERR_BAD_GATEWAY;
    out->headers = arena_alloc(a, sizeof *found * (size_t)(n ? n : 1));
    memcpy(out->headers, found, sizeof *found * (size_t)n);
    out->header_count = n;
    return settle_framing(out, &f, is_request, why);
}

/* "HTTP/1.0" or "HTTP/1.1" at p; false when it is no version at all. */
static bool scan_version(const char *p, const char *end, int *major, int *minor)
{
    if (end - p < 8 || memcmp(p, "HTTP/", 5) != 0 || p[6] != '.')
        return false;
    if (p[5] < '0' || p[5] > '9' || p[7] < '0' || p[7] > '9')
        return false;
    *major = p[5] - '0';
    *minor = p[7] - '0';
    return true;
}

enum err http_parse_request_head(struct arena *a, struct str text, struct http_head *out,
                                 const char **why)
{
    const char *p = text.p, *end = text.p + text.len;
    *out = (struct http_head){.content_length = -1};
    while (p < end && http_is((unsigned char)*p, HTTP_CHAR_TOKEN))
        p++;
    out->method = str_n(text.p, (size_t)(p - text.p));
    *why = "malformed request line";
    if (out->method.len == 0 || p == end || *p++ != ' ')
        return ERR_INVALID_INPUT;
    const char *target = p;
    while (p < end && http_is((unsigned char)*p, HTTP_CHAR_TARGET))
        p++;
    out->target = str_n(target, (size_t)(p - target));
    if (out->target.len == 0 || p == end || *p++ != ' ')
        return ERR_INVALID_INPUT;
    int major, minor;
    if (!scan_version(p, end, &major, &minor))
        return ERR_INVALID_INPUT;
    p += 8;
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
        return ERR_INVALID_INPUT;
    p += 2;
    *why = "only HTTP/1.0 and HTTP/1.1 are spoken here";
    if (major != 1 || minor > 1)
        return ERR_VERSION_NOT_SUPPORTED;
    out->minor_version = minor;
    return scan_headers(a, p, end, true, out, why);
}

enum err http_parse_response_head(struct arena *a, struct str text, struct http_head *out,
                                  const char **why)
{
    const char *p = text.p, *end = text.p + text.len;
    *out = (struct http_head){.content_length = -1};
    *why = "malformed status line";
    int major, minor;
    if (!scan_version(p, end, &major, &minor) || major != 1 || minor > 1)
        return ERR_BAD_GATEWAY;
    out->minor_version = minor;
    p += 8;
    if (end - p < 4 || *p++ != ' ')
        return ERR_BAD_GATEWAY;
    for (int i = 0; i < 3; i++, p++) {
        if (*p < '0' || *p > '9')
            return ERR_BAD_GATEWAY;
        out->status = out->status * 10 + (*p - '0');
    }
    if (out->status < 100)
        return ERR_BAD_GATEWAY;
    /* The blank before an empty reason is often left out. */
    if (p < end && *p == ' ')
        p++;
    else if (p < end && *p != '\r')
        return ERR_BAD_GATEWAY;
    const char *reason = p;
    while (p < end && http_is((unsigned char)*p, HTTP_CHAR_VALUE))
        p++;
    out->reason = str_n(reason, (size_t)(p - reason));
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
        return ERR_BAD_GATEWAY;
    return scan_headers(a, p + 2, end, false, out, why);
}

struct str http_head_get(const struct http_head *h, struct str name)
{
    for (int i = 0; i < h->header_count; i++)
        if (h->headers[i].name.len == name.len && str_ieq(h->headers[i].name, name))
            return h->headers[i].value;
    return STR_NULL;
}

bool http_head_has_token(const struct http_head *h, struct str name, struct str token)
{
    for (int i = 0; i < h->header_count; i++) {
        if (!str_ieq(h->headers[i].name, name))
            continue;
        struct str rest = h->headers[i].value, item;
        while (str_next(&rest, ',', &item))
            if (str_ieq(str_trim(item), token))
                return true;
    }
    return false;
}

static struct str url_part(struct str target, const struct http_parser_url *u, int field)
{
    if (!(u->field_set & (1 << field)))
        return STR_NULL;
    return str_n(target.p + u->field_data[field].off, u->field_data[field].len);
}

bool http_split_target(struct str target, struct str *path, struct str *query)
{
    *path = *query = STR_NULL;
    if (target.len == 0 || target.len > MAX_TARGET)
        return false;
    if (target.p[0] == '/') {
        ptrdiff_t mark = str_index(target, '?', 0);
        *path = mark < 0 ? target : str_slice(target, 0, (size_t)mark);
        if (mark >= 0)
            *query = str_slice(target, (size_t)mark + 1, target.len);
        return true;
    }
    struct http_parser_url u;
    http_parser_url_init(&u);
    if (http_parser_parse_url(target.p, target.len, 0, &u) != 0)
        return false;
    struct str scheme = url_part(target, &u, UF_SCHEMA);
    if (!str_ieq(scheme, STR("http")) && !str_ieq(scheme, STR("https")))
        return false;
    if (!(u.field_set & (1 << UF_HOST)) || (u.field_set & (1 << UF_USERINFO)))
        return false;
    *path = url_part(target, &u, UF_PATH);
    if (path->len == 0)
        *path = STR("/");
    *query = url_part(target, &u, UF_QUERY);
    return true;
}

/* Drops empty lines before a request (RFC 9112 §2.2). False while it is not clear whether one
 * began. */
static bool skip_empty_lines(struct evbuffer *in)
{
    char start[2];
    ev_ssize_t n;
    while ((n = evbuffer_copyout(in, start, 2)) > 0 && start[0] == '\r') {
        if (n == 1)
            return false;
        if (start[1] != '\n')
            break;
        evbuffer_drain(in, 2);
    }
    return n > 0;
}

/* Where a scan for the blank line stands. */
enum blank_line { IN_LINE, AFTER_LF, AFTER_LF_CR };

/* Index behind the blank line within p[0..n), 0 when it does not end there. */
static size_t scan_blank_line(const char *p, size_t n, enum blank_line *state)
{
    for (size_t i = 0; i < n; i++) {
        if (*state == IN_LINE) {
            const char *lf = memchr(p + i, '\n', n - i);
            if (!lf)
                return 0;
            i = (size_t)(lf - p);
            *state = AFTER_LF;
        } else if (p[i] == '\n') {
            return i + 1;
        } else {
            *state = *state == AFTER_LF && p[i] == '\r' ? AFTER_LF_CR : IN_LINE;
        }
    }
    return 0;
}

size_t http_head_find(struct evbuffer *in, size_t *scanned)
{
    if (*scanned == 0 && !skip_empty_lines(in))
        return 0;
    size_t have = evbuffer_get_length(in);
    /* The blank line may have begun in the last two bytes of the previous scan. */
    size_t from = *scanned > 2 ? *scanned - 2 : 0;
    struct evbuffer_iovec vec[8];
    struct evbuffer_ptr at;
    if (have <= *scanned || evbuffer_ptr_set(in, &at, from, EVBUFFER_PTR_SET) != 0)
        return 0;
    int n = evbuffer_peek(in, (ev_ssize_t)(have - from), &at, vec, 8);
    if (n > 8) {
        evbuffer_pullup(in, -1);
        if (evbuffer_ptr_set(in, &at, from, EVBUFFER_PTR_SET) != 0)
            return 0;
        n = evbuffer_peek(in, (ev_ssize_t)(have - from), &at, vec, 8);
    }
    enum blank_line state = IN_LINE;
    size_t offset = from;
    for (int i = 0; i < n; i++) {
        size_t end = scan_blank_line(vec[i].iov_base, vec[i].iov_len, &state);
        if (end)
            return offset + end;
        offset += vec[i].iov_len;
    }
    *scanned = have;
    return 0;
}
