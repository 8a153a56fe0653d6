#include "page.h"

#include <ctype.h>

#include "buf.h"
#include "service.h"

static const struct json_field PAGE_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(0),
    PAGE_FIELD_SIZE(0),
    PAGE_FIELD_CURSOR(0),
};
JSON_SCHEMA(PAGE_QUERY, "PageQuery", struct page_query, PAGE_QUERY_FIELDS);

/* The parameters of the request that are not about the page, each with a '&' behind it. */
static void add_filters(struct buf *b, struct str rest)
{
    struct str pair;

    while (rest.len && str_next(&rest, '&', &pair)) {
        if (str_is_empty(pair) || str_has_prefix(pair, STR("page=")) ||
            str_has_prefix(pair, STR("cursor=")))
            continue;
        buf_add_str(b, pair);
        buf_add_char(b, '&');
    }
}

/* The list that a cursor belongs to: path, filters and order, whatever the size of its pages. */
static struct str list_name(struct req *r)
{
    struct str rest = r->query, pair;
    struct buf b;

    buf_init(&b, r->arena);
    buf_add_str(&b, r->path);
    while (rest.len && str_next(&rest, '&', &pair)) {
        if (str_has_prefix(pair, STR("page")) || str_has_prefix(pair, STR("cursor=")))
            continue;
        buf_add_char(&b, '&');
        buf_add_str(&b, pair);
    }
    return buf_str(&b);
}

enum err page_read(struct req *r, const struct page_query *q, struct page *out)
{
    *out = (struct page){.number = 1, .size = PAGE_SIZE_DEFAULT};
    if (!q)
        return ERR_OK;
    if (q->page != JSON_NO_INT)
        out->number = q->page;
    if (q->page_size != JSON_NO_INT)
        out->size = q->page_size < PAGE_SIZE_MAX ? q->page_size : PAGE_SIZE_MAX;
    out->skip = (out->number - 1) * out->size;
    if (out->skip > PAGE_COUNT_MAX)
        out->skip = PAGE_COUNT_MAX + 1;
    if (!q->cursor.p)
        return ERR_OK;
    out->is_continued = true;
    if (q->page != JSON_NO_INT)
        req_field_error(r, "page", "cannot be given beside a cursor");
    else if (cursor_decode(req_service(r)->jwt, r->arena, list_name(r), q->cursor, &out->after))
        req_field_error(r, "cursor", "is not a cursor of this list");
    return req_has_field_errors(r) ? ERR_VALIDATION_ERROR : ERR_OK;
}

enum err page_check_depth(struct req *r, const struct page *p, int64_t total)
{
    if (p->skip <= PAGE_COUNT_MAX || total <= PAGE_COUNT_MAX)
        return ERR_OK;
    req_field_error(r, "page", "lies beyond 10000 entries: go on with next_cursor");
    return ERR_INVALID_INPUT;
}

static bool has_only(struct str s, const char *punctuation)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.p[i]) && (!s.p[i] || !strchr(punctuation, s.p[i])))
            return false;
    return s.len > 0 && s.len < 256;
}

/* A host name and port as they may stand in a URL. */
static bool is_host(struct str s)
{
    return has_only(s, ".:-_[]");
}

/* The part of the path that a proxy took off before it passed the request on. */
static struct str prefix_of(struct req *r)
{
    struct str prefix = req_header(r, "X-Forwarded-Prefix");

    if (!str_has_prefix(prefix, STR("/")) || !has_only(prefix, "/.-_~") ||
        str_has_prefix(r->path, prefix))
        return STR("");
    return str_has_suffix(prefix, STR("/")) ? str_slice(prefix, 0, prefix.len - 1) : prefix;
}

/* The request's own URL up to where the page is named. */
static void begin_link(struct req *r, struct buf *b)
{
    struct str host = req_header(r, "X-Forwarded-Host");
    bool is_https = str_ieq(req_header(r, "X-Forwarded-Proto"), STR("https"));

    if (!is_host(host))
        host = req_header(r, "Host");
    buf_init(b, r->arena);
    if (is_host(host))
        buf_printf(b, "http%s://%.*s", is_https ? "s" : "", STR_ARG(host));
    buf_add_str(b, prefix_of(r));
    buf_add_str(b, r->path);
    buf_add_char(b, '?');
    add_filters(b, r->query);
}

static struct str link_to(struct req *r, int64_t number)
{
    struct buf b;

    begin_link(r, &b);
    buf_printf(&b, "page=%lld", (long long)number);
    return buf_str(&b);
}

static struct str link_behind(struct req *r, struct str cursor)
{
    struct buf b;

    begin_link(r, &b);
    buf_printf(&b, "cursor=%.*s", STR_ARG(cursor));
    return buf_str(&b);
}

size_t page_shown(const struct page *p, const struct page_found *f)
{
    return f->count > (size_t)p->size ? (size_t)p->size : f->count;
}

struct json_writer *page_begin(struct req *r, const struct page *p, const struct page_found *f,
                               const struct cursor *last)
{
    struct json_writer *w = req_json_begin(r);
    bool has_next = f->count > (size_t)p->size;
    struct str cursor = STR_NULL, next = STR_NULL;
    int64_t most = f->count_max ? f->count_max : PAGE_COUNT_MAX;

    if (has_next && f->is_numbered) {
        next = link_to(r, p->number + 1);
    } else if (has_next) {
        cursor = cursor_encode(req_service(r)->jwt, r->arena, list_name(r), last);
        next = p->is_continued || f->total == PAGE_NOT_COUNTED ? link_behind(r, cursor)
                                                               : link_to(r, p->number + 1);
    }
    jw_object(w);
    if (f->total == PAGE_NOT_COUNTED)
        JW_NULL(w, "count");
    else
        JW_INT(w, "count", f->total > most ? most : f->total);
    if (f->total > most)
        JW_BOOL(w, "count_estimated", true);
    JW_STR(w, "next", next);
    JW_STR(w, "previous", p->number > 1 ? link_to(r, p->number - 1) : STR_NULL);
    if (cursor.p)
        JW_STR(w, "next_cursor", cursor);
    JW_KEY(w, "results");
    jw_array(w);
    return w;
}

struct json_writer *page_begin_whole(struct req *r, size_t count)
{
    struct json_writer *w = req_json_begin(r);

    jw_object(w);
    JW_INT(w, "count", (int64_t)count);
    JW_NULL(w, "next");
    JW_NULL(w, "previous");
    JW_KEY(w, "results");
    jw_array(w);
    return w;
}

enum err page_end(struct req *r, struct json_writer *w)
{
    jw_end_array(w);
    jw_end_object(w);
    return req_json_end(r, 200);
}
