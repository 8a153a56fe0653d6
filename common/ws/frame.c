#include "frame.h"

enum { FIN = 0x80, RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10 };

static bool is_opcode(unsigned op)
{
    return op <= WS_OP_BINARY || (op >= WS_OP_CLOSE && op <= WS_OP_PONG);
}

/* The payload length that follows the first two bytes; false when not in its shortest form. */
static bool read_length(const uint8_t *p, struct ws_frame_head *out)
{
    unsigned short_len = p[1] & 0x7f;
    uint64_t len = short_len;
    if (short_len >= 126) {
        int bytes = short_len == 126 ? 2 : 8;
        len = 0;
        for (int i = 0; i < bytes; i++)
            len = len << 8 | p[2 + i];
        if (len < (short_len == 126 ? 126u : 65536u) || len > INT64_MAX)
            return false;
    }
    out->payload_len = (int64_t)len;
    return true;
}

int ws_parse_head(const uint8_t *p, size_t n, bool may_deflate, struct ws_frame_head *out)
{
    if (n < 2)
        return 0;
    bool has_reserved = p[0] & (RSV2 | RSV3), is_masked = p[1] & 0x80;
    unsigned op = p[0] & 0x0f, short_len = p[1] & 0x7f;
    if (has_reserved || !is_masked || !is_opcode(op))
        return -1;
    out->opcode = (enum ws_opcode)op;
    out->is_final = p[0] & FIN;
    out->is_deflated = p[0] & RSV1;
    bool begins_message = op == WS_OP_TEXT || op == WS_OP_BINARY;
    if (out->is_deflated && !(may_deflate && begins_message))
        return -1;
    if (ws_is_control(out->opcode) && (!out->is_final || short_len > WS_MAX_CONTROL))
        return -1;
    size_t length_bytes = short_len == 126 ? 2 : short_len == 127 ? 8 : 0;
    out->head_len = 2 + length_bytes + 4;
    if (n < out->head_len)
        return 0;
    if (!read_length(p, out))
        return -1;
    memcpy(out->mask, p + 2 + length_bytes, 4);
    return 1;
}

void ws_unmask(uint8_t *p, size_t n, const uint8_t mask[4], uint64_t offset)
{
    uint8_t turned[8];
    for (int i = 0; i < 8; i++)
        turned[i] = mask[(offset + (uint64_t)i) & 3];
    uint64_t word, key;
    memcpy(&key, turned, sizeof key);
    size_t i = 0;
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        word ^= key;
        memcpy(p + i, &word, sizeof word);
    }
    for (; i < n; i++)
        p[i] ^= turned[i & 3];
}

size_t ws_write_head(uint8_t *out, enum ws_opcode op, bool is_deflated, size_t len)
{
    out[0] = (uint8_t)(FIN | (is_deflated ? RSV1 : 0) | op);
    if (len < 126) {
        out[1] = (uint8_t)len;
        return 2;
    }
    int bytes = len < 65536 ? 2 : 8;
    out[1] = bytes == 2 ? 126 : 127;
    for (int i = 0; i < bytes; i++)
        out[2 + i] = (uint8_t)((uint64_t)len >> (8 * (bytes - 1 - i)));
    return 2 + (size_t)bytes;
}

bool ws_is_close_code(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

bool ws_parse_close(struct str payload, int *code, int *error)
{
    *code = 1005;
    *error = 1002;
    if (payload.len == 0)
        return true;
    if (payload.len == 1)
        return false;
    *code = (uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
    if (!ws_is_close_code(*code))
        return false;
    *error = 1007;
    return str_is_utf8(str_slice(payload, 2, payload.len));
}

/* ---- UTF-8 (RFC 3629) --------------------------------------------------------------------- */

/* What may follow a lead byte; the bounds exclude overlong forms, surrogates and what is beyond
 * U+10FFFF. */
static bool start_sequence(struct utf8_check *u, uint8_t c)
{
    u->low = 0x80;
    u->high = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) {
        u->left = 1;
    } else if (c >= 0xe0 && c <= 0xef) {
        u->left = 2;
        if (c == 0xe0)
            u->low = 0xa0;
        if (c == 0xed)
            u->high = 0x9f;
    } else if (c >= 0xf0 && c <= 0xf4) {
        u->left = 3;
        if (c == 0xf0)
            u->low = 0x90;
        if (c == 0xf4)
            u->high = 0x8f;
    } else {
        return false;
    }
    return true;
}

static size_t skip_ascii(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    return i;
}

bool utf8_check(struct utf8_check *u, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (u->left) {
            if (p[i] < u->low || p[i] > u->high)
                return false;
            u->left--;
            u->low = 0x80;
            u->high = 0xbf;
            continue;
        }
        if (p[i] < 0x80) {
            i += skip_ascii(p + i, n - i);
            if (i == n)
                break;
            if (p[i] < 0x80)
                continue;
        }
        if (!start_sequence(u, p[i]))
            return false;
    }
    return true;
}
