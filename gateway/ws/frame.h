#pragma once
/* Follows WebSocket frames (RFC 6455 §5.2) in a byte stream without touching it: only to know where
 * a frame of our own may be put in. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_position {
    uint64_t payload_left;
    uint8_t head[14];
    uint8_t head_len; /* of a frame whose head is incomplete */
};

void ws_position_advance(struct ws_position *p, const uint8_t *bytes, size_t n);
/* Between two frames. */
bool ws_position_is_boundary(const struct ws_position *p);

/* An unmasked close frame with status 1001, "going away". */
#define WS_GOING_AWAY "\x88\x02\x03\xe9"
