/* Small parsers of base: times, numbers, escapes, encodings. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "encode.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str text = {(const char *)data, size}, out;
    int64_t v, again;
    char formatted[TIME_TEXT_SIZE];
    size_t n;
    if (time_parse(text, &v)) {
        time_format_s(v, formatted);
        if (strlen(formatted) == 20 && (!time_parse(str_from(formatted), &again) || again > v))
            abort();
    }
    (void)str_to_i64(text, &v);
    (void)percent_decode(a, text, true, &out);
    uint8_t *raw = arena_alloc(a, size / 4 * 3 + 3);
    if (base64url_decode(text, raw, &n)) {
        char *back = arena_alloc(a, BASE64_SIZE(n));
        if (base64url_encode(raw, n, back) != size || memcmp(back, data, size) != 0)
            abort();
    }
    if (str_is_utf8(text) && str_utf8_len(text) > size)
        abort();
    arena_free(a);
    return 0;
}
