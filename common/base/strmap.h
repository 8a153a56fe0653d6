#pragma once
/* Hash map from byte strings to pointers (SipHash-1-3, keyed per process). Keys are copied. */
#include <stdint.h>

#include "str.h"

struct strmap;

struct strmap *strmap_new(void);
void strmap_free(struct strmap *m); /* values are borrowed and not freed */
void *strmap_get(const struct strmap *m, struct str key);
/* Returns the value it replaced, or NULL. value must not be NULL. */
void *strmap_set(struct strmap *m, struct str key, void *value);
void *strmap_remove(struct strmap *m, struct str key);
size_t strmap_count(const struct strmap *m);
/* Iteration in no particular order; *it starts at 0. The map must not change meanwhile. */
bool strmap_next(const struct strmap *m, size_t *it, struct str *key, void **value);

uint64_t hash_bytes(const void *p, size_t n);
