#pragma once
/*
 * Reads multipart/form-data (RFC 7578, RFC 2046 §5.1) piece by piece: what a part holds is passed
 * on as it arrives, only headers and the bytes that may belong to a boundary are kept.
 */
#include "arena.h"
#include "co.h"
#include "err.h"
#include "str.h"

struct multipart;

struct multipart_part {
    struct str name;         /* of the form field */
    struct str filename;     /* as sent; absent: not a file */
    struct str content_type; /* absent: not given */
};

/* Called in order for every part; what fails ends the reading with that error. */
struct multipart_sink {
    enum err (*begin)(void *arg, const struct multipart_part *part);
    enum err (*data)(void *arg, struct str piece);
    enum err (*end)(void *arg);
    void *arg;
};

/* The boundary of a Content-Type; absent when it is not multipart/form-data or has no valid one. */
struct str multipart_boundary(struct arena *a, struct str content_type);

/* The reader lives in the arena. sink is copied. */
struct multipart *multipart_new(struct arena *a, struct str boundary,
                                const struct multipart_sink *sink);
/* ERR_INVALID_INPUT when the body is malformed. Suspends when the sink does. */
MUST_CHECK enum err CO_FN multipart_feed(struct multipart *m, struct str piece);
/* ERR_INVALID_INPUT unless the closing boundary has been read. */
MUST_CHECK enum err multipart_finish(const struct multipart *m);
