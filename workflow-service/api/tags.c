#include "api/tags.h"

#define MAX_TAG_CHARS 64

const struct str *tags_take(struct req *r, const char *field, const struct json_array *given,
                            size_t *count)
{
    const struct str *words = given->items;
    struct str *out = ARENA_ARRAY(r->arena, struct str, given->count + 1);
    *count = 0;
    for (size_t i = 0; i < given->count; i++) {
        struct str word = str_lower(r->arena, str_trim(words[i]));
        size_t k = 0;
        if (!word.len || str_utf8_len(word) > MAX_TAG_CHARS) {
            req_field_error(r, field, "are words of 1 to 64 characters");
            return out;
        }
        while (k < *count && !str_eq(out[k], word))
            k++;
        if (k == *count)
            out[(*count)++] = word;
    }
    return out;
}
