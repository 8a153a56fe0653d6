/* Chunked bodies: the way the bytes are split must not change what comes out. */
#include <stdint.h>
#include <stdlib.h>

#include <event2/buffer.h>

#include "body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum err rc;
    bool done;
    int64_t received;
};

static struct outcome decode(const uint8_t *data, size_t size, size_t piece)
{
    struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
    struct http_body b;
    struct outcome o = {ERR_OK, false, 0};
    http_body_init(&b, HTTP_BODY_CHUNKED, 0);
    for (size_t at = 0; at < size && o.rc == ERR_OK && !b.done; at += piece) {
        evbuffer_add(in, data + at, size - at < piece ? size - at : piece);
        o.rc = http_body_read(&b, in, out, -1);
    }
    o.done = b.done;
    o.received = (int64_t)evbuffer_get_length(out);
    evbuffer_free(in);
    evbuffer_free(out);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole = decode(data, size, size ? size : 1), bytes = decode(data, size, 1);
    if (whole.rc != bytes.rc || whole.done != bytes.done ||
        (whole.rc == ERR_OK && whole.received != bytes.received))
        abort();
    return 0;
}
