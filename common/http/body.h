#pragma once
/*
 * Body framing on evbuffers: moves payload bytes, never copies them. One decoder per message.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct evbuffer;

enum http_framing { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE };

struct http_body {
    enum http_framing framing;
    int64_t remaining; /* of the length or the current chunk */
    int64_t received;  /* payload bytes so far */
    int state;
    bool done;
};

void http_body_init(struct http_body *b, enum http_framing framing, int64_t length);
/*
 * Moves up to max payload bytes (<0: all there are) from in to out (NULL: drained). Sets b->done at
 * the end of the message; bytes behind it stay in in. ERR_INVALID_INPUT on a malformed chunk.
 */
MUST_CHECK enum err http_body_read(struct http_body *b, struct evbuffer *in, struct evbuffer *out,
                                   int64_t max);
