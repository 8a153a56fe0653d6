#include "rand.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "encode.h"

void rand_bytes(void *out, size_t n)
{
    unsigned char *p = out;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        p += got;
        n -= (size_t)got;
    }
}

uint64_t rand_u64(void)
{
    uint64_t v;
    rand_bytes(&v, sizeof v);
    return v;
}

void rand_hex(char *out, size_t n)
{
    unsigned char raw[64];
    while (n) {
        size_t part = n < sizeof raw ? n : sizeof raw;
        rand_bytes(raw, part);
        hex_encode(raw, part, out);
        out += 2 * part;
        n -= part;
    }
    *out = '\0';
}

void rand_uuid(char out[UUID_TEXT_SIZE])
{
    unsigned char raw[16];
    char hex[33];
    rand_bytes(raw, sizeof raw);
    raw[6] = (unsigned char)((raw[6] & 0x0F) | 0x40);
    raw[8] = (unsigned char)((raw[8] & 0x3F) | 0x80);
    hex_encode(raw, sizeof raw, hex);
    for (int i = 0, o = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[o++] = '-';
        out[o++] = hex[i];
    }
    out[UUID_TEXT_SIZE - 1] = '\0';
}
