#pragma once
/* Lists of addresses and networks, IPv4 and IPv6: "10.0.0.0/8", "::1". */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

struct cidr {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    int bits;            /* of 128 */
};

struct cidr_list {
    struct cidr *items;
    size_t count;
};

bool cidr_parse(struct str text, struct cidr *out);
/* Entries separated by commas or blanks; false, with *bad set, at the first that is malformed. */
bool cidr_list_parse(struct arena *a, struct str text, struct cidr_list *out, struct str *bad);
/* text is an address; anything else is in no list. */
bool cidr_list_has(const struct cidr_list *l, struct str text);
bool cidr_list_has_address(const struct cidr_list *l, const uint8_t address[16]);

/* Reads an address into 16 bytes, IPv4 as ::ffff:a.b.c.d. */
bool address_parse(struct str text, uint8_t out[16]);
