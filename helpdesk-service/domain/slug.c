#include "domain/slug.h"

#include "buf.h"

/* U+00C0 to U+017F in plain letters; '-' separates. */
static const char *const LATIN[] = {
    "a", "a", "a",  "a",  "a", "a", "ae", "c",  "e",  "e", "e", "e", "i",  "i",  "i", "i", "d", "n",
    "o", "o", "o",  "o",  "o", "-", "o",  "u",  "u",  "u", "u", "y", "th", "ss", "a", "a", "a", "a",
    "a", "a", "ae", "c",  "e", "e", "e",  "e",  "i",  "i", "i", "i", "d",  "n",  "o", "o", "o", "o",
    "o", "-", "o",  "u",  "u", "u", "u",  "y",  "th", "y", "a", "a", "a",  "a",  "a", "a", "c", "c",
    "c", "c", "c",  "c",  "c", "c", "d",  "d",  "d",  "d", "e", "e", "e",  "e",  "e", "e", "e", "e",
    "e", "e", "g",  "g",  "g", "g", "g",  "g",  "g",  "g", "h", "h", "h",  "h",  "i", "i", "i", "i",
    "i", "i", "i",  "i",  "i", "i", "ij", "ij", "j",  "j", "k", "k", "k",  "l",  "l", "l", "l", "l",
    "l", "l", "l",  "l",  "l", "n", "n",  "n",  "n",  "n", "n", "n", "n",  "n",  "o", "o", "o", "o",
    "o", "o", "oe", "oe", "r", "r", "r",  "r",  "r",  "r", "s", "s", "s",  "s",  "s", "s", "s", "s",
    "t", "t", "t",  "t",  "t", "t", "u",  "u",  "u",  "u", "u", "u", "u",  "u",  "u", "u", "u", "u",
    "w", "w", "y",  "y",  "y", "z", "z",  "z",  "z",  "z", "z", "s",
};
#define LATIN_FIRST 0xC0
#define LATIN_COUNT (sizeof LATIN / sizeof *LATIN)

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The letters for what begins at text.p[*i], which is moved on; "-" for a separator. */
static const char *letters(struct str text, size_t *i, char one[2])
{
    unsigned char c = (unsigned char)text.p[(*i)++];

    if (c < 0x80) {
        one[0] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        return is_plain(one[0]) ? one : "-";
    }
    if (c >= 0xC3 && c <= 0xC5 && *i < text.len) {
        size_t at = (size_t)(c & 0x1F) << 6 | ((unsigned char)text.p[*i] & 0x3F);

        (*i)++;
        return LATIN[at - LATIN_FIRST];
    }
    while (*i < text.len && ((unsigned char)text.p[*i] & 0xC0) == 0x80)
        (*i)++;
    return "-";
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

struct str slug_of(struct arena *a, struct str title)
{
    char one[2] = "";
    struct buf b;
    size_t i = 0;

    _Static_assert(LATIN_COUNT == 0x180 - LATIN_FIRST, "U+00C0 to U+017F");
    buf_init(&b, a);
    while (i < title.len && b.len < SLUG_MAX) {
        struct str next = str_from(letters(title, &i, one));

        if (!str_eq(next, STR("-")))
            buf_add_str(&b, next);
        else if (b.len && b.p[b.len - 1] != '-')
            buf_add_char(&b, '-');
    }
    if (b.len > SLUG_MAX)
        b.len = SLUG_MAX;
    while (b.len && b.p[b.len - 1] == '-')
        b.len--;
    return is_number(buf_str(&b)) ? STR("") : buf_str(&b);
}

bool slug_is_valid(struct str s)
{
    if (s.len == 0 || s.len > SLUG_MAX || is_number(s))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool is_hyphen = s.p[i] == '-' && i > 0 && i + 1 < s.len && s.p[i - 1] != '-';

        if (!is_plain(s.p[i]) && !is_hyphen)
            return false;
    }
    return true;
}
