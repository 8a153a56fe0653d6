#include "cidr.h"

#include <arpa/inet.h>

bool address_parse(struct str text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (!text.len || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, out) == 1)
        return true;
    memset(out, 0, 10);
    out[10] = out[11] = 0xff;
    return inet_pton(AF_INET, copy, out + 12) == 1;
}

bool cidr_parse(struct str text, struct cidr *out)
{
    ptrdiff_t slash = str_index(text, '/', 0);
    struct str address = slash < 0 ? text : str_slice(text, 0, (size_t)slash);
    if (!address_parse(address, out->address))
        return false;
    bool is_v4 = str_index(address, ':', 0) < 0;
    int64_t bits = is_v4 ? 32 : 128;
    if (slash >= 0 && (!str_to_i64(str_slice(text, (size_t)slash + 1, text.len), &bits) ||
                       bits < 0 || bits > (is_v4 ? 32 : 128)))
        return false;
    out->bits = (int)bits + (is_v4 ? 96 : 0);
    return true;
}

static bool has_prefix(const uint8_t address[16], const struct cidr *c)
{
    int whole = c->bits / 8, rest = c->bits % 8;
    if (memcmp(address, c->address, (size_t)whole) != 0)
        return false;
    return !rest || ((address[whole] ^ c->address[whole]) >> (8 - rest)) == 0;
}

bool cidr_list_parse(struct arena *a, struct str text, struct cidr_list *out, struct str *bad)
{
    size_t max = 1;
    for (size_t i = 0; i < text.len; i++)
        max += text.p[i] == ',' || text.p[i] == ' ';
    *out = (struct cidr_list){ARENA_ARRAY(a, struct cidr, max), 0};
    struct str rest = text, part;
    while (str_next(&rest, ',', &part)) {
        struct str words = str_trim(part), word;
        while (str_next(&words, ' ', &word)) {
            if (!word.len)
                continue;
            if (!cidr_parse(word, &out->items[out->count])) {
                *bad = word;
                return false;
            }
            out->count++;
        }
    }
    return true;
}

bool cidr_list_has_address(const struct cidr_list *l, const uint8_t address[16])
{
    for (size_t i = 0; i < l->count; i++)
        if (has_prefix(address, &l->items[i]))
            return true;
    return false;
}

bool cidr_list_has(const struct cidr_list *l, struct str text)
{
    uint8_t address[16];
    return l->count && text.p && address_parse(text, address) && cidr_list_has_address(l, address);
}
