#pragma once
/* Hash map from numbers that programs give out themselves (ids) to pointers. Numbers that others
 * may choose freely belong in a strmap. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idmap;

struct idmap *idmap_new(void);
void idmap_free(struct idmap *m); /* values are borrowed and not freed */
void *idmap_get(const struct idmap *m, int64_t id);
/* Returns the value it replaced, or NULL. value must not be NULL. */
void *idmap_set(struct idmap *m, int64_t id, void *value);
void *idmap_remove(struct idmap *m, int64_t id);
size_t idmap_count(const struct idmap *m);
/* Iteration in no particular order; *it starts at 0. The map must not change meanwhile. */
bool idmap_next(const struct idmap *m, size_t *it, int64_t *id, void **value);
