#pragma once
/* Heap allocation that aborts when memory runs out; the program logs nothing and dumps core. */
#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_realloc(void *p, size_t size) __attribute__((alloc_size(2)));
char *mem_strdup(const char *s);
#define MEM_NEW(type) ((type *)mem_zalloc(sizeof(type)))
