/* A template, a line of '%', and the data it is filled with. */
#include <stdint.h>
#include <stdlib.h>

#include "mustache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str text = {(const char *)data, size}, rest, out;
    const struct mustache_problem *problems;
    const struct json *view = NULL;
    const struct mustache *m;
    const char *why;
    ptrdiff_t at = str_find(text, STR("\n%\n"));
    rest = at < 0 ? STR("{}") : str_slice(text, (size_t)at + 3, text.len);
    if (at >= 0)
        text = str_slice(text, 0, (size_t)at);
    if (json_parse(a, rest, &view, &why))
        view = NULL;
    if (mustache_parse(a, text, &m, &problems)) {
        if (!problems || problems->line < 1 || !problems->text.len)
            abort();
    } else if (mustache_render(a, m, view, MUSTACHE_HTML, &out) == ERR_OK &&
               out.len > MUSTACHE_OUTPUT_MAX) {
        abort();
    }
    arena_free(a);
    return 0;
}
