#pragma once
/* Receiving one file of a multipart form: streamed to disk while it is checked. */
#include "req.h"

struct upload {
    struct str filename, content_type;
    struct str sha256; /* lower-case hex: where the bytes are */
    int64_t size;
};

/*
 * Reads the body's part "file". ERR_UNSUPPORTED_MEDIA_TYPE, ERR_INVALID_INPUT without a file or
 * when malformed, ERR_PAYLOAD_TOO_LARGE, and what reading a body can fail with.
 */
MUST_CHECK enum err CO_FN upload_receive(struct req *r, struct upload *out);
