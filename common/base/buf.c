#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "mem.h"

void buf_init(struct buf *b, struct arena *arena)
{
    *b = (struct buf){.arena = arena};
}

void buf_release(struct buf *b)
{
    if (!b->arena)
        free(b->p);
    b->p = NULL;
    b->len = b->cap = 0;
}

void buf_grow(struct buf *b, size_t n)
{
    size_t cap = b->cap ? b->cap : 256, need;
    if (__builtin_add_overflow(b->len, n, &need))
        abort();
    while (cap < need)
        if (__builtin_mul_overflow(cap, 2, &cap))
            abort();
    if (b->arena) {
        char *p = arena_alloc(b->arena, cap);
        if (b->len)
            memcpy(p, b->p, b->len);
        b->p = p;
    } else {
        b->p = mem_realloc(b->p, cap);
    }
    b->cap = cap;
}

void buf_add_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.len);
}

void buf_add_i64(struct buf *b, int64_t v)
{
    char text[20];
    char *p = text + sizeof text;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        *--p = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(text + sizeof text - p));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
    va_end(again);
    b->len += (size_t)n;
}

char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->p;
}
