#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define FIRST_BLOCK 4000
#define MAX_BLOCK (256 * 1024)
#define ALIGNMENT 16

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGNMENT) char data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *arg);
    void *arg;
};

struct arena {
    struct block *current; /* newest first; the last one is the block that reset keeps */
    struct deferred *deferred;
    size_t handed_out, next_size;
};

static struct block *block_new(size_t size, struct block *next)
{
    struct block *b = mem_alloc(sizeof *b + size);
    b->next = next;
    b->size = size;
    b->used = 0;
    POISON(b->data, b->size);
    return b;
}

static void block_free(struct block *b)
{
    UNPOISON(b->data, b->size);
#ifdef ARENA_POISON
    memset(b->data, 0xDD, b->size);
#endif
    free(b);
}

struct arena *arena_new(void)
{
    struct arena *a = MEM_NEW(struct arena);
    a->current = block_new(FIRST_BLOCK, NULL);
    a->next_size = 2 * FIRST_BLOCK;
    return a;
}

static void run_deferred(struct arena *a)
{
    while (a->deferred) {
        struct deferred *d = a->deferred;
        a->deferred = d->next;
        d->fn(d->arg);
    }
}

static void free_blocks_but_first(struct arena *a)
{
    while (a->current->next) {
        struct block *b = a->current;
        a->current = b->next;
        block_free(b);
    }
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    run_deferred(a);
    free_blocks_but_first(a);
    block_free(a->current);
    free(a);
}

void arena_reset(struct arena *a)
{
    run_deferred(a);
    free_blocks_but_first(a);
    struct block *b = a->current;
#ifdef ARENA_POISON
    UNPOISON(b->data, b->size);
    memset(b->data, 0xDD, b->size);
#endif
    POISON(b->data, b->size);
    b->used = 0;
    a->handed_out = 0;
    a->next_size = 2 * FIRST_BLOCK;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct block *b = a->current;
    if (b->size - b->used < need) {
        size_t block_size = a->next_size;
        if (a->next_size < MAX_BLOCK)
            a->next_size *= 2;
        b = a->current = block_new(need > block_size ? need : block_size, b);
    }
    void *p = b->data + b->used;
    b->used += need;
    a->handed_out += need;
    UNPOISON(p, size);
    return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        abort();
    return memset(arena_alloc(a, total), 0, total);
}

char *arena_memdup0(struct arena *a, const void *p, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    if (len)
        memcpy(copy, p, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_memdup0(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        abort();
    char *out = arena_alloc(a, (size_t)n + 1);
    vsnprintf(out, (size_t)n + 1, fmt, again);
    va_end(again);
    return out;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *out = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return out;
}

void arena_defer(struct arena *a, void (*fn)(void *arg), void *arg)
{
    struct deferred *d = arena_alloc(a, sizeof *d);
    *d = (struct deferred){a->deferred, fn, arg};
    a->deferred = d;
}

size_t arena_used(const struct arena *a)
{
    return a->handed_out;
}
