#pragma once
/* Numbered pages of a list: page and page_size in the query, next and previous in the answer. */
#include "req.h"

struct page {
    int64_t number, size, total;
};

/* Absent values (JSON_NO_INT) become page 1 of the default size. */
struct page page_of(int64_t number, int64_t size, int64_t default_size);
/* The target of the neighbouring page with all other query parameters kept; absent at the end. */
struct str page_next(struct req *r, const struct page *p);
struct str page_previous(struct req *r, const struct page *p);
