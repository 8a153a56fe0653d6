#pragma once
/*
 * Region memory: everything a request or message allocates, freed at once.
 * An arena belongs to one coroutine at a time; it is not thread-safe. Out of memory aborts.
 * Debug builds (-DARENA_POISON) fill freed blocks with 0xDD; under AddressSanitizer they are
 * poisoned.
 */
#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* Runs the deferred calls, last registered first, then frees all blocks. NULL is accepted. */
void arena_free(struct arena *a);
/* As arena_free, but keeps the first block for reuse. */
void arena_reset(struct arena *a);

/* Aligned for any type; contents undefined. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, alloc_size(2)));
/* Zeroed; aborts when count * size overflows. */
void *arena_calloc(struct arena *a, size_t count, size_t size) __attribute__((malloc));
#define ARENA_NEW(a, type) ((type *)arena_calloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))

/* NUL-terminated copies. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_memdup0(struct arena *a, const void *p, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);

/* Calls fn(arg) when the arena is freed: the way to tie a foreign resource to the region. */
void arena_defer(struct arena *a, void (*fn)(void *arg), void *arg);

/* Bytes handed out since creation or reset. */
size_t arena_used(const struct arena *a);
