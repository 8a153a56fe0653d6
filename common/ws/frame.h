#pragma once
/* WebSocket framing as bytes (RFC 6455 §5), without a socket. Private to this library. */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum ws_opcode {
    WS_OP_CONTINUATION = 0x0,
    WS_OP_TEXT = 0x1,
    WS_OP_BINARY = 0x2,
    WS_OP_CLOSE = 0x8,
    WS_OP_PING = 0x9,
    WS_OP_PONG = 0xA,
};

#define WS_MAX_HEAD 14
#define WS_MAX_CONTROL 125

struct ws_frame_head {
    enum ws_opcode opcode;
    bool is_final, is_deflated;
    size_t head_len;
    int64_t payload_len;
    uint8_t mask[4];
};

/* Reads a client's frame head from the n bytes at p. 1: read; 0: more bytes are needed; -1: a
 * violation (1002). may_deflate: compression was agreed on, so that RSV1 has a meaning on the first
 * frame of a message (RFC 7692 §6). */
int ws_parse_head(const uint8_t *p, size_t n, bool may_deflate, struct ws_frame_head *out);
static inline bool ws_is_control(enum ws_opcode op)
{
    return op & 0x8;
}
/* XORs the payload bytes offset… with the mask, in place. */
void ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4], uint64_t offset);
/* Writes an unmasked, final frame head; out holds 10 bytes. Returns its length. */
size_t ws_write_head(uint8_t *out, enum ws_opcode op, bool is_deflated, size_t payload_len);

/* Code and reason of a close payload. False when it is malformed; *error is then the code to fail
 * with. *code is 1005 when there is none. */
bool ws_parse_close(struct str payload, int *code, int *error);
/* Whether an endpoint may send that code (RFC 6455 §7.4). */
bool ws_is_close_code(int code);

/* UTF-8 checked piece by piece: zero it before the first. */
struct utf8_check {
    uint8_t left;      /* continuation bytes to come */
    uint8_t low, high; /* bounds of the next one */
};
bool utf8_check(struct utf8_check *u, const uint8_t *p, size_t n);
static inline bool utf8_is_complete(const struct utf8_check *u)
{
    return u->left == 0;
}
