#include "domain/mention.h"

#include <ctype.h>

/* A name ends where no letter or digit goes on; bytes of other scripts count as letters. */
static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

static bool begins_with_name(struct str text, struct str name)
{
    if (!name.len || text.len < name.len || !str_ieq(str_slice(text, 0, name.len), name))
        return false;
    return text.len == name.len || !is_word(text.p[name.len]);
}

static const struct named_person *longest_match(struct str text, const struct named_person *people,
                                                size_t n)
{
    const struct named_person *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (begins_with_name(text, people[i].name) &&
            (!best || people[i].name.len > best->name.len))
            best = &people[i];
    return best;
}

static bool has(const int64_t *ids, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

size_t mentions_find(struct arena *a, struct str text, const struct named_person *people, size_t n,
                     const int64_t **ids)
{
    int64_t *found = ARENA_ARRAY(a, int64_t, MENTIONS_MAX);
    size_t count = 0;
    ptrdiff_t at = -1;
    while (count < MENTIONS_MAX && (at = str_index(text, '@', (size_t)(at + 1))) >= 0) {
        if (at > 0 && is_word(text.p[at - 1]))
            continue; /* an address of mail */
        const struct named_person *p =
            longest_match(str_slice(text, (size_t)at + 1, text.len), people, n);
        if (p && !has(found, count, p->id))
            found[count++] = p->id;
    }
    *ids = found;
    return count;
}
