#pragma once
/* Range requests for one range of bytes (RFC 9110 §14). */
#include <stdint.h>

#include "str.h"

enum byte_range_kind {
    BYTE_RANGE_NONE, /* no usable Range: the whole content is sent */
    BYTE_RANGE_PART,
    BYTE_RANGE_OUTSIDE, /* 416 */
};

struct byte_range {
    int64_t first, length;
};

/*
 * Reads a Range header for a content of that size. What is malformed, in another unit, or asks for
 * several ranges is ignored, as §14.2 allows. *out is set for BYTE_RANGE_PART only.
 */
enum byte_range_kind byte_range_read(struct str header, int64_t size, struct byte_range *out);
