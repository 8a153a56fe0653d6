#pragma once
/* SipHash-2-4 with 128 bits (Aumasson, Bernstein 2012): without the key nobody finds collisions. */
#include <stdint.h>

#include "str.h"

struct hash128 {
    uint64_t h[2];
};

struct hash128 hash128(struct hash128 key, struct str in);
