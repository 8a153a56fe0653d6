#include "media/multipart.h"

#include <string.h>

#include "buf.h"
#include "encode.h"

#define BOUNDARY_MAX 70 /* RFC 2046 §5.1.1 */
#define HEADERS_MAX 8192
#define PARTS_MAX 32

enum state { PREAMBLE, AFTER_BOUNDARY, HEADERS, BODY, DONE };

struct multipart {
    struct arena *arena;
    struct multipart_sink sink;
    struct str delimiter; /* CRLF "--" boundary */
    enum state state;
    struct buf held; /* not yet passed on */
    int parts;
};

/* ---- parameters of a header --------------------------------------------------------------- */

static struct str quoted(struct arena *a, struct str s, size_t *at)
{
    struct buf b;

    buf_init(&b, a);
    for (; *at < s.len && s.p[*at] != '"'; (*at)++) {
        if (s.p[*at] == '\\' && *at + 1 < s.len && strchr("\"\\", s.p[*at + 1]))
            (*at)++;
        buf_add_char(&b, s.p[*at]);
    }
    if (*at == s.len)
        return STR_NULL;
    (*at)++;
    return str_dup(a, buf_str(&b));
}

/* The parameter of that name behind a header's first value; absent when missing or malformed. */
static struct str parameter(struct arena *a, struct str header, struct str name)
{
    ptrdiff_t semicolon = str_index(header, ';', 0);
    size_t at = semicolon < 0 ? header.len : (size_t)semicolon;

    while (at < header.len) {
        ptrdiff_t equals;
        struct str key, value;

        while (at < header.len && strchr("; \t", header.p[at]))
            at++;
        equals = str_index(header, '=', at);
        if (equals < 0)
            return STR_NULL;
        key = str_trim(str_slice(header, at, (size_t)equals));
        at = (size_t)equals + 1;
        if (at < header.len && header.p[at] == '"') {
            at++;
            value = quoted(a, header, &at);
            if (!value.p)
                return STR_NULL;
        } else {
            size_t from = at;

            while (at < header.len && header.p[at] != ';')
                at++;
            value = str_trim(str_slice(header, from, at));
        }
        if (str_ieq(key, name))
            return value;
    }
    return STR_NULL;
}

struct str multipart_boundary(struct arena *a, struct str content_type)
{
    ptrdiff_t semicolon = str_index(content_type, ';', 0);
    struct str boundary;

    if (semicolon < 0 || !str_ieq(str_trim(str_slice(content_type, 0, (size_t)semicolon)),
                                  STR("multipart/form-data")))
        return STR_NULL;
    boundary = parameter(a, content_type, STR("boundary"));
    if (boundary.len == 0 || boundary.len > BOUNDARY_MAX || boundary.p[boundary.len - 1] == ' ')
        return STR_NULL;
    for (size_t i = 0; i < boundary.len; i++)
        if ((unsigned char)boundary.p[i] < ' ' || (unsigned char)boundary.p[i] > '~')
            return STR_NULL;
    return boundary;
}

/* ---- the headers of a part ---------------------------------------------------------------- */

/* RFC 8187: filename*=UTF-8''percent-encoded; browsers send the plain form with UTF-8 in it. */
static struct str extended_filename(struct arena *a, struct str disposition)
{
    struct str value = parameter(a, disposition, STR("filename*")), decoded;

    if (value.len < 7 || !str_ieq(str_slice(value, 0, 5), STR("UTF-8")) || value.p[5] != '\'')
        return STR_NULL;
    for (size_t i = 6; i < value.len; i++)
        if (value.p[i] == '\'')
            return percent_decode(a, str_slice(value, i + 1, value.len), false, &decoded)
                       ? decoded
                       : STR_NULL;
    return STR_NULL;
}

/* RFC 7578 §4.7 deprecates the header; what would need decoding must not be taken for the content.
 */
static bool is_plain_encoding(struct str value)
{
    return str_ieq(value, STR("binary")) || str_ieq(value, STR("8bit")) ||
           str_ieq(value, STR("7bit"));
}

static enum err CO_FN begin_part(struct multipart *m, struct str headers)
{
    struct multipart_part part = {0};
    struct str line;

    if (++m->parts > PARTS_MAX)
        return ERR_INVALID_INPUT;
    while (headers.len && str_next(&headers, '\n', &line)) {
        ptrdiff_t colon = str_index(line, ':', 0);
        struct str name, value;

        if (colon <= 0)
            return ERR_INVALID_INPUT;
        name = str_slice(line, 0, (size_t)colon);
        value = str_dup(m->arena, str_trim(str_slice(line, (size_t)colon + 1, line.len)));
        if (str_ieq(name, STR("Content-Type")))
            part.content_type = value;
        if (str_ieq(name, STR("Content-Transfer-Encoding")) && !is_plain_encoding(value))
            return ERR_INVALID_INPUT;
        if (!str_ieq(name, STR("Content-Disposition")))
            continue;
        part.name = parameter(m->arena, value, STR("name"));
        part.filename = extended_filename(m->arena, value);
        if (!part.filename.p)
            part.filename = parameter(m->arena, value, STR("filename"));
    }
    return part.name.p ? m->sink.begin(m->sink.arg, &part) : ERR_INVALID_INPUT;
}

/* ---- the states --------------------------------------------------------------------------- */

struct multipart *multipart_new(struct arena *a, struct str boundary,
                                const struct multipart_sink *sink)
{
    struct multipart *m = ARENA_NEW(a, struct multipart);

    m->arena = a;
    m->sink = *sink;
    m->delimiter = str_printf(a, "\r\n--%.*s", STR_ARG(boundary));
    buf_init(&m->held, a);
    BUF_LIT(&m->held, "\r\n"); /* the first boundary may begin the body */
    return m;
}

static void drop(struct multipart *m, size_t n)
{
    m->held.len -= n;
    memmove(m->held.p, m->held.p + n, m->held.len);
}

/* Length of what is certainly before the next boundary; *found when that boundary is there. */
static size_t before_delimiter(const struct multipart *m, bool *found)
{
    ptrdiff_t at = str_find(buf_str(&m->held), m->delimiter);

    *found = at >= 0;
    if (*found)
        return (size_t)at;
    return m->held.len < m->delimiter.len ? 0 : m->held.len - (m->delimiter.len - 1);
}

static enum err CO_FN read_body(struct multipart *m, bool *more)
{
    size_t n = before_delimiter(m, more);
    enum err rc = ERR_OK;

    if (m->state == BODY && n > 0)
        rc = m->sink.data(m->sink.arg, str_n(m->held.p, n));
    if (rc)
        return rc;
    drop(m, *more ? n + m->delimiter.len : n);
    if (!*more)
        return ERR_OK;
    if (m->state == BODY)
        rc = m->sink.end(m->sink.arg);
    m->state = AFTER_BOUNDARY;
    return rc;
}

static enum err read_boundary_end(struct multipart *m, bool *more)
{
    struct str held = buf_str(&m->held);
    size_t n = 0;

    *more = true;
    if (str_has_prefix(held, STR("--"))) {
        m->state = DONE;
        return ERR_OK;
    }
    while (n < held.len && strchr(" \t", held.p[n]))
        n++;
    if (n > HEADERS_MAX)
        return ERR_INVALID_INPUT;
    if (held.len >= n + 2) {
        if (held.p[n] != '\r' || held.p[n + 1] != '\n')
            return ERR_INVALID_INPUT;
        drop(m, n); /* the line's end stays: it ends an empty header block, too */
        m->state = HEADERS;
        return ERR_OK;
    }
    *more = false;
    return ERR_OK;
}

static enum err CO_FN read_headers(struct multipart *m, bool *more)
{
    struct str held = buf_str(&m->held);
    ptrdiff_t end = str_find(held, STR("\r\n\r\n"));
    enum err rc;

    *more = end >= 0;
    if (end < 0)
        return held.len > HEADERS_MAX + 3 ? ERR_INVALID_INPUT : ERR_OK;
    if (end > HEADERS_MAX)
        return ERR_INVALID_INPUT;
    rc = begin_part(m, end > 2 ? str_slice(held, 2, (size_t)end) : STR(""));
    drop(m, (size_t)end + 4);
    m->state = BODY;
    return rc;
}

enum err multipart_feed(struct multipart *m, struct str piece)
{
    bool more = m->state != DONE;
    enum err rc = ERR_OK;

    if (more)
        buf_add_str(&m->held, piece);
    while (more && rc == ERR_OK) {
        switch (m->state) {
        case PREAMBLE:
        case BODY:
            rc = read_body(m, &more);
            break;
        case AFTER_BOUNDARY:
            rc = read_boundary_end(m, &more);
            break;
        case HEADERS:
            rc = read_headers(m, &more);
            break;
        case DONE:
            more = false;
            break;
        }
    }
    return rc;
}

enum err multipart_finish(const struct multipart *m)
{
    return m->state == DONE ? ERR_OK : ERR_INVALID_INPUT;
}
