#pragma once
/*
 * Pages of lists: page and page_size, or a cursor, in; count, next, previous, results and,
 * while there is more, next_cursor out. A cursor continues behind the last entry of its page, as
 * fast there as at the beginning, and without repeating or missing what was written in between.
 */
#include <stddef.h>

#include "cursor.h"
#include "req.h"

#define PAGE_SIZE_DEFAULT 10
#define PAGE_SIZE_MAX 100
#define PAGE_NOT_COUNTED JSON_NO_INT
#define PAGE_COUNT_MAX 10000 /* more than that are not counted, and reached by cursors only */

/* Query members that a list shares: page from 1, page_size up to 100 (a larger one is 100). */
struct page_query {
    int64_t page, page_size; /* JSON_NO_INT: not given */
    struct str cursor;
};
/* For routes without other query parameters. */
extern const struct json_schema PAGE_QUERY;
/* The same fields for a query struct that has a struct page_query at that offset. */
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
#define PAGE_FIELD_CURSOR(at)                                                                      \
    {                                                                                              \
        .name = "cursor", .kind = JK_STR, .offset = (at) + offsetof(struct page_query, cursor),    \
        .max = 4096, .doc = "next_cursor of the page before, instead of page",                     \
    }

struct page {
    int64_t number, size;
    int64_t skip; /* entries before it, at most PAGE_COUNT_MAX + 1 */
    bool is_continued;
    struct cursor after; /* with is_continued: the position behind which it begins */
};

/* What the request asks for. ERR_VALIDATION_ERROR for a cursor of another list, or beside a page.
 */
MUST_CHECK enum err page_read(struct req *r, const struct page_query *q, struct page *out);
/* How many entries to ask the store for: one more than fit, to know whether there are others. */
static inline int64_t page_limit(const struct page *p)
{
    return p->size + 1;
}

struct page_found {
    int64_t
        total; /* over PAGE_COUNT_MAX: more; PAGE_NOT_COUNTED: not counted, of a continued page */
    size_t count;      /* entries found, up to page_limit */
    int64_t count_max; /* what total is exact up to; 0: PAGE_COUNT_MAX */
    bool is_numbered;  /* by page numbers only: there is no cursor */
};
/*
 * Opens the object and the array of results; the caller writes the first page_shown entries and
 * then page_end. last is the position of the last one shown, key may be empty.
 */
size_t page_shown(const struct page *p, const struct page_found *f);
struct json_writer *page_begin(struct req *r, const struct page *p, const struct page_found *f,
                               const struct cursor *last);
/* The same for a list that is always shown as a whole. */
struct json_writer *page_begin_whole(struct req *r, size_t count);
enum err page_end(struct req *r, struct json_writer *w);
/* Whether the page lies beyond what page numbers reach; ERR_INVALID_INPUT, with the field. */
MUST_CHECK enum err page_check_depth(struct req *r, const struct page *p, int64_t total);
