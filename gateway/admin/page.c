#include "admin/page.h"

#define SIZE_DEFAULT 100
#define SIZE_MAX_PAGE 1000

static bool read_number(struct req *r, const char *name, int64_t max, int64_t *out)
{
    struct str text = req_query(r, name);
    return !text.p || (str_to_i64(text, out) && *out >= 0 && *out <= max);
}

static bool refuse(struct req *r, const char *text)
{
    (void)req_failf(r, ERR_INVALID_INPUT, "%s", text);
    return false;
}

bool page_begin(struct page *p, struct req *r)
{
    *p = (struct page){.r = r, .size = SIZE_DEFAULT};
    if (!read_number(r, "size", SIZE_MAX_PAGE, &p->size) || !p->size)
        return refuse(r, "size must be an integer between 1 and 1000");
    if (!read_number(r, "offset", INT32_MAX, &p->first))
        return refuse(r, "invalid offset");
    p->w = req_json_begin(r);
    jw_object(p->w);
    JW_KEY(p->w, "data");
    jw_array(p->w);
    return true;
}

bool page_takes(struct page *p)
{
    int64_t at = p->seen++;
    return at >= p->first && at - p->first < p->size;
}

enum err page_end(struct page *p)
{
    struct json_writer *w = p->w;
    int64_t next = p->first + p->size;
    jw_end_array(w);
    if (next < p->seen) {
        struct arena *a = p->r->arena;
        JW_STR(w, "offset", str_printf(a, "%lld", (long long)next));
        JW_STR(w, "next",
               str_printf(a, "%.*s?offset=%lld&size=%lld", STR_ARG(p->r->path), (long long)next,
                          (long long)p->size));
    } else {
        JW_NULL(w, "next");
    }
    jw_end_object(w);
    return req_json_end(p->r, 200);
}
