#include "idmap.h"

#include <stdlib.h>

#include "mem.h"

/* Open addressing with linear probing and backward-shift deletion; at most 3/4 full. */
struct slot {
    int64_t id;
    void *value; /* NULL: free slot */
};

struct idmap {
    struct slot *slots;
    size_t mask, count;
};

/* Fibonacci hashing: neighbours are spread, and the high bits are the good ones. */
static size_t place(const struct idmap *m, int64_t id)
{
    return (size_t)(((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & m->mask;
}

struct idmap *idmap_new(void)
{
    struct idmap *m = MEM_NEW(struct idmap);
    m->mask = 15;
    m->slots = mem_zalloc((m->mask + 1) * sizeof *m->slots);
    return m;
}

void idmap_free(struct idmap *m)
{
    if (!m)
        return;
    free(m->slots);
    free(m);
}

/* The slot that holds the id, or the free one where it belongs. */
static struct slot *locate(const struct idmap *m, int64_t id)
{
    size_t i = place(m, id);
    while (m->slots[i].value && m->slots[i].id != id)
        i = (i + 1) & m->mask;
    return &m->slots[i];
}

void *idmap_get(const struct idmap *m, int64_t id)
{
    return locate(m, id)->value;
}

static void enlarge(struct idmap *m)
{
    struct slot *old = m->slots;
    size_t old_mask = m->mask;
    m->mask = old_mask * 2 + 1;
    m->slots = mem_zalloc((m->mask + 1) * sizeof *m->slots);
    for (size_t i = 0; i <= old_mask; i++)
        if (old[i].value)
            *locate(m, old[i].id) = old[i];
    free(old);
}

void *idmap_set(struct idmap *m, int64_t id, void *value)
{
    struct slot *s = locate(m, id);
    void *before = s->value;
    if (!before && (++m->count) * 4 > (m->mask + 1) * 3) {
        enlarge(m);
        s = locate(m, id);
    }
    *s = (struct slot){id, value};
    return before;
}

void *idmap_remove(struct idmap *m, int64_t id)
{
    struct slot *s = locate(m, id);
    void *before = s->value;
    if (!before)
        return NULL;
    size_t hole = (size_t)(s - m->slots);
    for (size_t i = (hole + 1) & m->mask; m->slots[i].value; i = (i + 1) & m->mask) {
        /* One that belongs behind the hole stays. */
        if (((i - place(m, m->slots[i].id)) & m->mask) < ((i - hole) & m->mask))
            continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole].value = NULL;
    m->count--;
    return before;
}

size_t idmap_count(const struct idmap *m)
{
    return m->count;
}

bool idmap_next(const struct idmap *m, size_t *it, int64_t *id, void **value)
{
    for (; *it <= m->mask; ++*it) {
        const struct slot *s = &m->slots[*it];
        if (!s->value)
            continue;
        *id = s->id;
        *value = s->value;
        ++*it;
        return true;
    }
    return false;
}
