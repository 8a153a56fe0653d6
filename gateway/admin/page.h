#pragma once
/* Lists as Kong pages them: {"data": […], "next": "/services?offset=…" or null, "offset"}. */
#include "req.h"

struct page {
    struct req *r;
    struct json_writer *w;
    int64_t first, size, seen;
};

/* Reads size and offset from the query; false when they are wrong and have been refused. */
bool page_begin(struct page *p, struct req *r);
/* Asked once for each element of the list: whether it is on this page and to be written to p->w. */
bool page_takes(struct page *p);
/* The handler's result. */
enum err page_end(struct page *p);
