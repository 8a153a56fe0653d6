#include "domain/emoji.h"

#include <stdint.h>

#define JOINER 0x200D
#define TEXT_STYLE 0xFE0E
#define EMOJI_STYLE 0xFE0F
#define KEYCAP 0x20E3

struct range {
    uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Blocks that hold emoji; what else is in them does no harm. */
static bool is_symbol(uint32_t c)
{
    static const struct range RANGES[] = {
        {0xA9, 0xA9},     {0xAE, 0xAE},     {0x203C, 0x203C}, {0x2049, 0x2049},   {0x2122, 0x2122},
        {0x2139, 0x2139}, {0x2190, 0x21FF}, {0x2300, 0x27BF}, {0x2900, 0x297F},   {0x2B00, 0x2BFF},
        {0x3030, 0x3030}, {0x303D, 0x303D}, {0x3297, 0x3299}, {0x1F000, 0x1FAFF},
    };
    return is_in(RANGES, sizeof RANGES / sizeof RANGES[0], c);
}

static bool is_flag_letter(uint32_t c)
{
    return c >= 0x1F1E6 && c <= 0x1F1FF;
}

/* Belongs to the symbol before it: skin tones, styles, tags of flags. */
static bool is_modifier(uint32_t c)
{
    return c == TEXT_STYLE || c == EMOJI_STYLE || c == KEYCAP || (c >= 0x1F3FB && c <= 0x1F3FF) ||
           (c >= 0xE0020 && c <= 0xE007F);
}

static bool is_keycap_base(uint32_t c)
{
    return (c >= '0' && c <= '9') || c == '#' || c == '*';
}

/* The next code point of well-formed UTF-8. */
static uint32_t next_code_point(struct str *s)
{
    const unsigned char *p = (const unsigned char *)s->p;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    *s = str_slice(*s, n, s->len);
    return c;
}

bool emoji_is_valid(struct str s)
{
    if (s.len == 0 || s.len > EMOJI_MAX_BYTES || !str_is_utf8(s))
        return false;
    uint32_t first = next_code_point(&s), last = first;
    bool is_keycap = is_keycap_base(first);
    if (!is_symbol(first) && !is_keycap)
        return false;
    for (bool is_pair = is_flag_letter(first); s.len; is_pair = false) {
        uint32_t c = next_code_point(&s);
        bool fits = is_modifier(c) || (c == JOINER && last != JOINER) ||
                    (is_symbol(c) && last == JOINER) || (is_pair && is_flag_letter(c));
        if (!fits)
            return false;
        last = c;
    }
    return last != JOINER && (!is_keycap || last == KEYCAP);
}
