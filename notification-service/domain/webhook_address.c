#include "domain/webhook_address.h"

#include <string.h>

struct net4 {
    uint8_t address[4];
    int bits;
};

static const struct net4 REFUSED[] = {
    {{0, 0, 0, 0}, 8},       /* this network */
    {{10, 0, 0, 0}, 8},      /* private */
    {{100, 64, 0, 0}, 10},   /* shared by carriers */
    {{127, 0, 0, 0}, 8},     /* loopback */
    {{169, 254, 0, 0}, 16},  /* link-local */
    {{172, 16, 0, 0}, 12},   /* private */
    {{192, 0, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2, 0}, 24},    /* documentation */
    {{192, 88, 99, 0}, 24},  /* 6to4 relays */
    {{192, 168, 0, 0}, 16},  /* private */
    {{198, 18, 0, 0}, 15},   /* benchmarks */
    {{198, 51, 100, 0}, 24}, /* documentation */
    {{203, 0, 113, 0}, 24},  /* documentation */
    {{224, 0, 0, 0}, 4},     /* multicast */
    {{240, 0, 0, 0}, 4},     /* reserved, broadcast */
};

struct net6 {
    uint8_t address[16];
    int bits;
};

/* Within 2000::/3; nothing outside of it is reachable. */
static const struct net6 REFUSED6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3f, 0xff, 0x00}, 20},       /* documentation */
};

static bool is_within(const uint8_t *address, const uint8_t *net, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(address, net, (size_t)whole) != 0)
        return false;
    return !rest || ((address[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static bool is_public_v4(const uint8_t address[4])
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (is_within(address, REFUSED[i].address, REFUSED[i].bits))
            return false;
    return true;
}

bool webhook_address_is_public(const uint8_t address[16])
{
    static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t GLOBAL[1] = {0x20};
    if (is_within(address, MAPPED, 96))
        return is_public_v4(address + 12);
    if (!is_within(address, GLOBAL, 3))
        return false;
    for (size_t i = 0; i < sizeof REFUSED6 / sizeof *REFUSED6; i++)
        if (is_within(address, REFUSED6[i].address, REFUSED6[i].bits))
            return false;
    return true;
}
