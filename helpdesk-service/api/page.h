#pragma once
/* Page numbers: page and page_size in, count, next, previous and results out. */
#include <stddef.h>

#include "req.h"

struct page {
    int64_t number, size;
};

#define PAGE_SIZE_DEFAULT 10
#define PAGE_SIZE_MAX 100
#define PAGE_COUNT_MAX 10000

/* Query members that a list shares: page from 1, page_size up to 100 (a larger one is 100). */
struct page_query {
    int64_t page, page_size; /* JSON_NO_INT: not given */
};
/* For routes without other query parameters. */
extern const struct json_schema PAGE_QUERY;
/* The same two fields for a query struct that has a struct page_query at that offset. */
#define PAGE_FIELD_NUMBER(at)                                                                      \
    {                                                                                              \
        .name = "page", .kind = JK_INT, .offset = (at) + offsetof(struct page_query, page),        \
        .min = 1, .max = 1000000000, .doc = "from 1",                                              \
    }
#define PAGE_FIELD_SIZE(at)                                                                        \
    {                                                                                              \
        .name = "page_size", .kind = JK_INT,                                                       \
        .offset = (at) + offsetof(struct page_query, page_size), .min = 1, .max = 1000000000,      \
        .doc = "10 unless given, at most 100",                                                     \
    }

struct page page_of(const struct page_query *q);
static inline int64_t page_skip(struct page p)
{
    return (p.number - 1) * p.size;
}

/*
 * Opens the object and the array of results; the caller writes the entries and then page_end. shown
 * is how many entries this page has; a total over PAGE_COUNT_MAX says only that there are more.
 */
struct json_writer *page_begin(struct req *r, struct page p, int64_t total, size_t shown);
enum err page_end(struct req *r, struct json_writer *w);
