#include "api/media_send.h"

#include "buf.h"
#include "domain/byte_range.h"
#include "domain/file_type.h"
#include "encode.h"
#include "media/store.h"
#include "state.h"

/* ---- headers ------------------------------------------------------------------------------ */

static bool is_plain(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.p[i] < ' ' || (unsigned char)name.p[i] > '~' ||
            strchr("\"\\%", name.p[i]))
            return false;
    return true;
}

/* RFC 6266: the name in ASCII for everybody, and as it is for those that read RFC 8187. */
static struct str disposition(struct req *r, const struct media_file *f)
{
    bool is_inline = str_eq(req_query(r, "disposition"), STR("inline")) &&
                     file_type_may_be_inline(f->content_type);
    struct buf b;

    buf_init(&b, r->arena);
    buf_printf(&b, "%s; filename=\"", is_inline ? "inline" : "attachment");
    for (size_t i = 0; i < f->filename.len; i++) {
        unsigned char c = (unsigned char)f->filename.p[i];

        if ((c & 0xC0) != 0x80) /* one replacement a character */
            buf_add_char(&b, c < ' ' || c > '~' || strchr("\"\\%", c) ? '_' : (char)c);
    }
    BUF_LIT(&b, "\"");
    if (!is_plain(f->filename)) {
        BUF_LIT(&b, "; filename*=UTF-8''");
        percent_encode(&b, f->filename);
    }
    return buf_str(&b);
}

/* Weak comparison: a validator may come back marked as weak. */
static bool matches(struct str list, struct str etag)
{
    struct str one;

    while (list.len && str_next(&list, ',', &one)) {
        one = str_trim(one);
        if (str_has_prefix(one, STR("W/")))
            one = str_slice(one, 2, one.len);
        if (str_eq(one, etag) || str_eq(one, STR("*")))
            return true;
    }
    return false;
}

static void set_headers(struct req *r, const struct media_file *f, struct str etag)
{
    req_set_header(r, "ETag", etag);
    req_set_header(r, "Cache-Control", STR("private, no-cache"));
    req_set_header(r, "Accept-Ranges", STR("bytes"));
    req_set_header(r, "Content-Disposition", disposition(r, f));
    req_set_header(r, "X-Content-Type-Options", STR("nosniff"));
    req_set_header(r, "Content-Security-Policy", STR("sandbox; default-src 'none'"));
}

/* ---- the bytes ---------------------------------------------------------------------------- */

static enum err CO_FN send_bytes(struct req *r, struct media_reader *reader,
                                 struct byte_range range)
{
    struct media_store *media = helpdesk_of(r)->media;
    int64_t at = range.first, end = range.first + range.length;
    struct str piece;
    enum err rc = ERR_OK;

    while (at < end && rc == ERR_OK) {
        rc = media_read(media, reader, at, end - at, &piece);
        if (rc == ERR_OK && piece.len == 0)
            rc = ERR_INTERNAL_ERROR; /* the file is shorter than its row says */
        if (rc == ERR_OK)
            rc = req_stream_write(r, piece);
        at += (int64_t)piece.len;
    }
    return rc;
}

/* Which part of the content is asked for; a range counts only for a content that is still the same
 * (If-Range takes no weak validator). */
static enum byte_range_kind wanted_range(struct req *r, struct str etag, int64_t size,
                                         struct byte_range *out)
{
    struct str if_range = req_header(r, "If-Range");

    *out = (struct byte_range){0, size};
    if (!str_eq(r->method, STR("GET")) || (if_range.p && !str_eq(str_trim(if_range), etag)))
        return BYTE_RANGE_NONE;
    return byte_range_read(req_header(r, "Range"), size, out);
}

enum err media_send(struct req *r, const struct media_file *f)
{
    struct str etag = str_printf(r->arena, "\"%.*s\"", STR_ARG(f->sha256));
    struct media_reader *reader;
    struct byte_range range;
    enum byte_range_kind kind;
    enum err rc;

    if (matches(req_header(r, "If-None-Match"), etag)) {
        req_set_header(r, "ETag", etag);
        req_set_header(r, "Cache-Control", STR("private, no-cache"));
        return req_reply_empty(r, 304);
    }
    kind = wanted_range(r, etag, f->size, &range);
    if (kind == BYTE_RANGE_OUTSIDE) {
        req_set_header(r, "Content-Range",
                       str_printf(r->arena, "bytes */%lld", (long long)f->size));
        return ERR_RANGE_NOT_SATISFIABLE;
    }
    rc = media_open(helpdesk_of(r)->media, r->arena, f->sha256, &reader);
    if (rc)
        return rc;
    set_headers(r, f, etag);
    if (kind == BYTE_RANGE_PART)
        req_set_header(r, "Content-Range",
                       str_printf(r->arena, "bytes %lld-%lld/%lld", (long long)range.first,
                                  (long long)(range.first + range.length - 1), (long long)f->size));
    rc = req_stream_begin(r, kind == BYTE_RANGE_PART ? 206 : 200,
                          str_cstr(r->arena, f->content_type), range.length);
    if (rc == ERR_OK && !str_eq(r->method, STR("HEAD")))
        rc = send_bytes(r, reader, range);
    return rc ? rc : req_stream_end(r);
}
