/* Request and response heads: no crash, and what is accepted has sane slices. */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str text, const struct http_head *h)
{
    for (int i = 0; i < h->header_count; i++) {
        struct str name = h->headers[i].name;
        if (name.p < text.p || name.p + name.len > text.p + text.len || name.len == 0)
            abort();
    }
    if (h->is_chunked && h->content_length >= 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str text = {(const char *)data, size}, path, query;
    struct http_head h;
    const char *why;
    if (http_parse_request_head(a, text, &h, &why) == ERR_OK) {
        check(text, &h);
        (void)http_split_target(h.target, &path, &query);
    }
    if (http_parse_response_head(a, text, &h, &why) == ERR_OK)
        check(text, &h);
    arena_free(a);
    return 0;
}
