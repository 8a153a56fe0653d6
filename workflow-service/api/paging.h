#pragma once
/* Pages of lists: page and page_size (10, at most 100), count, next and previous. */
#include "json.h"

struct req;

struct paging {
    int64_t page, page_size; /* JSON_NO_INT: the default */
};

/* Members of a query schema for a struct that embeds a struct paging named "paging". */
#define PAGING_FIELDS(type)                                                                        \
    {.name = "page",                                                                               \
     .kind = JK_INT,                                                                               \
     .offset = offsetof(type, paging.page),                                                        \
     .min = 1,                                                                                     \
     .max = 1000000,                                                                               \
     .doc = "page number, from 1"},                                                                \
    {                                                                                              \
        .name = "page_size", .kind = JK_INT, .offset = offsetof(type, paging.page_size), .min = 1, \
        .max = 100, .doc = "items per page, 10 by default"                                         \
    }

int64_t paging_limit(const struct paging *p);
int64_t paging_offset(const struct paging *p);

struct page_reply {
    int64_t count;
    int8_t count_estimated; /* absent: the count is right */
    struct str next, previous;
    struct json_array results;
};

/* The schema of a page whose items have the schema item. */
#define PAGE_FIELDS(item)                                                                          \
    {                                                                                              \
        {.name = "count", .kind = JK_INT, .offset = offsetof(struct page_reply, count)},           \
            {.name = "count_estimated",                                                            \
             .kind = JK_BOOL,                                                                      \
             .offset = offsetof(struct page_reply, count_estimated),                               \
             .flags = JF_OMIT,                                                                     \
             .doc = "there may be more"},                                                          \
            {.name = "next", .kind = JK_STR, .offset = offsetof(struct page_reply, next)},         \
            {.name = "previous", .kind = JK_STR, .offset = offsetof(struct page_reply, previous)}, \
        {                                                                                          \
            .name = "results", .kind = JK_ARRAY, .offset = offsetof(struct page_reply, results),   \
            .sub = &item                                                                           \
        }                                                                                          \
    }

/* The same for lists that are continued by a cursor (page.h of the service library writes them). */
struct cursor_page_reply {
    int64_t count;
    int8_t count_estimated;
    struct str next, previous, next_cursor;
    struct json_array results;
};

#define CURSOR_PAGE_FIELDS(item)                                                                   \
    {                                                                                              \
        {.name = "count", .kind = JK_INT, .offset = offsetof(struct cursor_page_reply, count)},    \
            {.name = "count_estimated",                                                            \
             .kind = JK_BOOL,                                                                      \
             .offset = offsetof(struct cursor_page_reply, count_estimated),                        \
             .doc = "there are more"},                                                             \
            {.name = "next", .kind = JK_STR, .offset = offsetof(struct cursor_page_reply, next)},  \
            {.name = "previous",                                                                   \
             .kind = JK_STR,                                                                       \
             .offset = offsetof(struct cursor_page_reply, previous)},                              \
            {.name = "next_cursor",                                                                \
             .kind = JK_STR,                                                                       \
             .offset = offsetof(struct cursor_page_reply, next_cursor)},                           \
        {                                                                                          \
            .name = "results", .kind = JK_ARRAY,                                                   \
            .offset = offsetof(struct cursor_page_reply, results), .sub = &item                    \
        }                                                                                          \
    }

/* Count and links; the links keep every other parameter of the request. */
struct page_reply paging_reply(struct req *r, const struct paging *p, int64_t total);
