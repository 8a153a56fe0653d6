#include "limits/hash128.h"

#include <string.h>

static inline uint64_t rotate(uint64_t v, int n)
{
    return v << n | v >> (64 - n);
}

static inline void rounds(uint64_t v[4], int n)
{
    while (n--) {
        v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
        v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
    }
}

static inline void absorb(uint64_t v[4], uint64_t m)
{
    v[3] ^= m;
    rounds(v, 2);
    v[0] ^= m;
}

/* Little-endian, as the fleet's machines are; on another the keys of one gateway still agree. */
struct hash128 hash128(struct hash128 key, struct str in)
{
    uint64_t v[4] = {key.h[0] ^ 0x736f6d6570736575ULL, key.h[1] ^ 0x646f72616e646f6dULL ^ 0xee,
                     key.h[0] ^ 0x6c7967656e657261ULL, key.h[1] ^ 0x7465646279746573ULL};
    uint64_t last = (uint64_t)in.len << 56, m;
    const char *p = in.p;
    size_t n = in.len;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&m, p, 8);
        absorb(v, m);
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)(unsigned char)p[i] << (8 * i);
    absorb(v, last);
    struct hash128 out;
    v[2] ^= 0xee;
    rounds(v, 4);
    out.h[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    rounds(v, 4);
    out.h[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
    return out;
}
