#include "api/page.h"

#include "buf.h"

struct page page_of(int64_t number, int64_t size, int64_t default_size)
{
    return (struct page){.number = number == JSON_NO_INT ? 1 : number,
                         .size = size == JSON_NO_INT ? default_size : size};
}

static struct str target(struct req *r, int64_t number)
{
    struct str query = r->query, pair;
    struct buf b;

    buf_init(&b, r->arena);
    buf_add_str(&b, r->path);
    BUF_LIT(&b, "?page=");
    buf_add_i64(&b, number);
    while (str_next(&query, '&', &pair)) {
        if (str_is_empty(pair) || str_has_prefix(pair, STR("page=")))
            continue;
        buf_add_char(&b, '&');
        buf_add_str(&b, pair);
    }
    return buf_str(&b);
}

struct str page_next(struct req *r, const struct page *p)
{
    return p->number * p->size < p->total ? target(r, p->number + 1) : STR_NULL;
}

struct str page_previous(struct req *r, const struct page *p)
{
    return p->number > 1 ? target(r, p->number - 1) : STR_NULL;
}
