#include "strmap.h"

#include <stdlib.h>

#include "mem.h"
#include "rand.h"

/* Open addressing with linear probing and backward-shift deletion; at most 3/4 full. */
struct slot {
    uint64_t hash;
    char *key; /* owned */
    size_t key_len;
    void *value; /* NULL: free slot */
};

struct strmap {
    struct slot *slots;
    size_t mask, count;
};

static uint64_t hash_key[2];

__attribute__((constructor)) static void init_hash_key(void)
{
    rand_bytes(hash_key, sizeof hash_key);
}

#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIP_ROUND                                                                                  \
    do {                                                                                           \
        v0 += v1, v1 = ROTL(v1, 13), v1 ^= v0, v0 = ROTL(v0, 32);                                  \
        v2 += v3, v3 = ROTL(v3, 16), v3 ^= v2;                                                     \
        v0 += v3, v3 = ROTL(v3, 21), v3 ^= v0;                                                     \
        v2 += v1, v1 = ROTL(v1, 17), v1 ^= v2, v2 = ROTL(v2, 32);                                  \
    } while (0)

uint64_t hash_bytes(const void *data, size_t n)
{
    const unsigned char *p = data;
    uint64_t v0 = hash_key[0] ^ 0x736f6d6570736575ULL, v1 = hash_key[1] ^ 0x646f72616e646f6dULL;
    uint64_t v2 = hash_key[0] ^ 0x6c7967656e657261ULL, v3 = hash_key[1] ^ 0x7465646279746573ULL;
    uint64_t last = (uint64_t)n << 56, m;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&m, p, 8);
        v3 ^= m;
        SIP_ROUND;
        v0 ^= m;
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)p[i] << (8 * i);
    v3 ^= last;
    SIP_ROUND;
    v0 ^= last;
    v2 ^= 0xFF;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

struct strmap *strmap_new(void)
{
    struct strmap *m = MEM_NEW(struct strmap);
    m->mask = 15;
    m->slots = mem_zalloc((m->mask + 1) * sizeof *m->slots);
    return m;
}

void strmap_free(struct strmap *m)
{
    if (!m)
        return;
    for (size_t i = 0; i <= m->mask; i++)
        if (m->slots[i].value)
            free(m->slots[i].key);
    free(m->slots);
    free(m);
}

/* The slot that holds the key, or the free one where it belongs. */
static struct slot *locate(const struct strmap *m, struct str key, uint64_t hash)
{
    for (size_t i = hash & m->mask;; i = (i + 1) & m->mask) {
        struct slot *s = &m->slots[i];
        if (!s->value)
            return s;
        if (s->hash == hash && s->key_len == key.len &&
            (key.len == 0 || memcmp(s->key, key.p, key.len) == 0))
            return s;
    }
}

void *strmap_get(const struct strmap *m, struct str key)
{
    return locate(m, key, hash_bytes(key.p, key.len))->value;
}

static void enlarge(struct strmap *m)
{
    struct slot *old = m->slots;
    size_t old_mask = m->mask;
    m->mask = old_mask * 2 + 1;
    m->slots = mem_zalloc((m->mask + 1) * sizeof *m->slots);
    for (size_t i = 0; i <= old_mask; i++) {
        if (!old[i].value)
            continue;
        size_t at = old[i].hash & m->mask;
        while (m->slots[at].value)
            at = (at + 1) & m->mask;
        m->slots[at] = old[i];
    }
    free(old);
}

void *strmap_set(struct strmap *m, struct str key, void *value)
{
    uint64_t hash = hash_bytes(key.p, key.len);
    struct slot *s = locate(m, key, hash);
    void *before = s->value;
    if (!before) {
        if ((m->count + 1) * 4 > (m->mask + 1) * 3) {
            enlarge(m);
            s = locate(m, key, hash);
        }
        s->hash = hash;
        s->key = mem_alloc(key.len + 1);
        if (key.len)
            memcpy(s->key, key.p, key.len);
        s->key_len = key.len;
        m->count++;
    }
    s->value = value;
    return before;
}

void *strmap_remove(struct strmap *m, struct str key)
{
    struct slot *s = locate(m, key, hash_bytes(key.p, key.len));
    void *value = s->value;
    if (!value)
        return NULL;
    free(s->key);
    m->count--;
    size_t hole = (size_t)(s - m->slots);
    for (size_t i = (hole + 1) & m->mask; m->slots[i].value; i = (i + 1) & m->mask) {
        size_t home = m->slots[i].hash & m->mask;
        if (((i - home) & m->mask) >= ((i - hole) & m->mask)) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole] = (struct slot){0};
    return value;
}

size_t strmap_count(const struct strmap *m)
{
    return m->count;
}

bool strmap_next(const struct strmap *m, size_t *it, struct str *key, void **value)
{
    for (; *it <= m->mask; (*it)++) {
        const struct slot *s = &m->slots[*it];
        if (!s->value)
            continue;
        *key = (struct str){s->key, s->key_len};
        *value = s->value;
        (*it)++;
        return true;
    }
    return false;
}
