/* JSON: what is accepted can be written, and reads back as the same text. */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "buf.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str write(struct arena *a, const struct json *v)
{
    struct buf *b = ARENA_NEW(a, struct buf);
    struct json_writer w;
    buf_init(b, a);
    jw_init(&w, b);
    jw_value(&w, v);
    return buf_str(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    const struct json *v, *again;
    const char *why;
    if (json_parse(a, (struct str){(const char *)data, size}, &v, &why) == ERR_OK) {
        struct str first = write(a, v);
        if (json_parse(a, first, &again, &why) != ERR_OK || !str_eq(first, write(a, again)))
            abort();
    }
    arena_free(a);
    return 0;
}
