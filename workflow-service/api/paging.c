#include "api/paging.h"

#include "req.h"

#define DEFAULT_PAGE_SIZE 10

static int64_t number(const struct paging *p)
{
    return p->page == JSON_NO_INT ? 1 : p->page;
}

int64_t paging_limit(const struct paging *p)
{
    return p->page_size == JSON_NO_INT ? DEFAULT_PAGE_SIZE : p->page_size;
}

int64_t paging_offset(const struct paging *p)
{
    return (number(p) - 1) * paging_limit(p);
}

/* The client's own view of this server: what it asked the gateway for, if one is in between. */
static void add_base(struct req *r, struct buf *b)
{
    struct str host = req_header(r, "X-Forwarded-Host");
    if (!host.len)
        host = req_header(r, "Host");
    if (host.len) {
        bool is_https = str_ieq(req_header(r, "X-Forwarded-Proto"), STR("https"));
        buf_printf(b, "%s://%.*s", is_https ? "https" : "http", STR_ARG(host));
    }
    struct str prefix = req_header(r, "X-Forwarded-Prefix");
    if (str_has_prefix(prefix, STR("/")) && !str_has_prefix(r->path, prefix))
        buf_add_str(b, str_has_suffix(prefix, STR("/")) ? str_slice(prefix, 0, prefix.len - 1)
                                                        : prefix);
    buf_add_str(b, r->path);
}

static struct str link_to(struct req *r, int64_t page)
{
    struct buf b;
    buf_init(&b, r->arena);
    add_base(r, &b);
    char separator = '?';
    struct str rest = r->query, field;
    while (rest.p && str_next(&rest, '&', &field)) {
        if (!field.len || str_eq(field, STR("page")) || str_has_prefix(field, STR("page=")))
            continue;
        buf_add_char(&b, separator);
        buf_add_str(&b, field);
        separator = '&';
    }
    buf_printf(&b, "%cpage=%lld", separator, (long long)page);
    return buf_str(&b);
}

struct page_reply paging_reply(struct req *r, const struct paging *p, int64_t total)
{
    struct page_reply reply = {.count = total, .count_estimated = JSON_UNSET};
    int64_t last = (total + paging_limit(p) - 1) / paging_limit(p);
    if (number(p) < last)
        reply.next = link_to(r, number(p) + 1);
    if (number(p) > 1)
        reply.previous = link_to(r, number(p) - 1 > last && last > 0 ? last : number(p) - 1);
    return reply;
}
