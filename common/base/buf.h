#pragma once
/* A growing byte buffer on the heap or in an arena. Out of memory aborts. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "str.h"

struct buf {
    char *p;
    size_t len, cap;
    struct arena *arena; /* NULL: heap, owned by the buffer */
};

/* arena may be NULL; a heap buffer must be released. */
void buf_init(struct buf *b, struct arena *arena);
void buf_release(struct buf *b);
static inline void buf_clear(struct buf *b)
{
    b->len = 0;
}
/* Room for n more bytes where there is none. */
void buf_grow(struct buf *b, size_t n);
/* Makes room for n more bytes and returns where they go. */
static inline char *buf_reserve(struct buf *b, size_t n)
{
    if (n > b->cap - b->len)
        buf_grow(b, n);
    return b->p + b->len;
}
static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_reserve(b, n), p, n);
    b->len += n;
}
void buf_add_str(struct buf *b, struct str s);
#define BUF_LIT(b, literal) buf_add((b), "" literal, sizeof(literal) - 1)
static inline void buf_add_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}
void buf_add_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The contents as a borrowed string, valid until the next change. */
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p ? b->p : "", b->len};
}
/* NUL-terminates (not counted in len) and returns the bytes. */
char *buf_cstr(struct buf *b);
