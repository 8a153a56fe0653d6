/* Multipart forms: the way the bytes are split must not change what comes out. The first byte
 * chooses how they are split, the rest is the body; its boundary is "B". */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "media/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err on_begin(void *arg, const struct multipart_part *p)
{
    buf_printf(arg, "<%.*s|%.*s|%.*s>", STR_ARG(p->name), STR_ARG(p->filename),
               STR_ARG(p->content_type));
    return ERR_OK;
}

static enum err on_data(void *arg, struct str piece)
{
    buf_add_str(arg, piece);
    return ERR_OK;
}

static enum err on_end(void *arg)
{
    buf_add_char(arg, ';');
    return ERR_OK;
}

static enum err read_in_pieces(struct str body, size_t step, struct buf *out)
{
    struct multipart_sink sink = {on_begin, on_data, on_end, out};
    struct arena *a = arena_new();
    struct multipart *m = multipart_new(a, STR("B"), &sink);
    enum err rc = ERR_OK;

    for (size_t at = 0; at < body.len && rc == ERR_OK; at += step)
        rc = multipart_feed(m, str_slice(body, at, at + step < body.len ? at + step : body.len));
    if (rc == ERR_OK)
        rc = multipart_finish(m);
    arena_free(a);
    return rc;
}

static void read_header(struct str value)
{
    struct arena *a = arena_new();
    struct str boundary = multipart_boundary(a, value);

    if (boundary.len > 70)
        abort();
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body;
    struct buf whole, pieces;
    enum err rc;

    if (size == 0)
        return 0;
    body = str_n((const char *)data + 1, size - 1);
    buf_init(&whole, NULL);
    buf_init(&pieces, NULL);
    rc = read_in_pieces(body, body.len + 1, &whole);
    if (rc != read_in_pieces(body, (size_t)data[0] + 1, &pieces) ||
        (rc == ERR_OK && !str_eq(buf_str(&whole), buf_str(&pieces))))
        abort();
    buf_release(&whole);
    buf_release(&pieces);
    read_header(body);
    return 0;
}
