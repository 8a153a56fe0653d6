#include "api/page.h"

#include <stddef.h>

#include "buf.h"

static const struct json_field PAGE_QUERY_FIELDS[] = {
    PAGE_FIELD_NUMBER(0),
    PAGE_FIELD_SIZE(0),
};
JSON_SCHEMA(PAGE_QUERY, "PageQuery", struct page_query, PAGE_QUERY_FIELDS);

struct page page_of(const struct page_query *q)
{
    struct page p = {1, PAGE_SIZE_DEFAULT};

    if (q && q->page != JSON_NO_INT)
        p.number = q->page;
    if (q && q->page_size != JSON_NO_INT)
        p.size = q->page_size < PAGE_SIZE_MAX ? q->page_size : PAGE_SIZE_MAX;
    return p;
}

/* A host name and port as they may stand in a URL. */
static bool is_host(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_[]", s.p[i]))
            return false;
    return s.len > 0 && s.len < 256;
}

/* The request's own URL with another page number. */
static struct str link_to(struct req *r, int64_t number)
{
    struct str host = req_header(r, "X-Forwarded-Host"), rest = r->query, pair;
    bool is_https = str_ieq(req_header(r, "X-Forwarded-Proto"), STR("https"));
    struct buf b;

    if (!is_host(host))
        host = req_header(r, "Host");
    buf_init(&b, r->arena);
    if (is_host(host))
        buf_printf(&b, "http%s://%.*s", is_https ? "s" : "", STR_ARG(host));
    buf_add_str(&b, r->path);
    buf_add_char(&b, '?');
    while (rest.len && str_next(&rest, '&', &pair)) {
        if (str_is_empty(pair) || str_has_prefix(pair, STR("page=")))
            continue;
        buf_add_str(&b, pair);
        buf_add_char(&b, '&');
    }
    buf_printf(&b, "page=%lld", (long long)number);
    return buf_str(&b);
}

struct json_writer *page_begin(struct req *r, struct page p, int64_t total, size_t shown)
{
    struct json_writer *w = req_json_begin(r);
    bool is_capped = total > PAGE_COUNT_MAX;
    bool has_next = is_capped ? (int64_t)shown == p.size : page_skip(p) + p.size < total;

    jw_object(w);
    JW_INT(w, "count", is_capped ? PAGE_COUNT_MAX : total);
    if (is_capped)
        JW_BOOL(w, "count_estimated", true);
    JW_STR(w, "next", has_next ? link_to(r, p.number + 1) : STR_NULL);
    JW_STR(w, "previous", p.number > 1 ? link_to(r, p.number - 1) : STR_NULL);
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
