#include "ws/frame.h"

/* Length of the frame's head, as far as its first bytes tell. */
static size_t head_size(const uint8_t *head, size_t have)
{
    if (have < 2)
        return 2;
    size_t size = head[1] & 0x80 ? 6 : 2;
    uint8_t len = head[1] & 0x7f;
    return size + (len == 126 ? 2 : len == 127 ? 8 : 0);
}

static uint64_t payload_size(const uint8_t *head)
{
    uint64_t len = head[1] & 0x7f;
    size_t bytes = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (bytes)
        len = 0;
    for (size_t i = 0; i < bytes; i++)
        len = len << 8 | head[2 + i];
    return len;
}

void ws_position_advance(struct ws_position *p, const uint8_t *bytes, size_t n)
{
    while (n) {
        if (p->payload_left) {
            size_t skip = n < p->payload_left ? n : (size_t)p->payload_left;
            p->payload_left -= skip;
            bytes += skip;
            n -= skip;
            continue;
        }
        p->head[p->head_len++] = *bytes++;
        n--;
        if (p->head_len >= 2 && p->head_len == head_size(p->head, p->head_len)) {
            p->payload_left = payload_size(p->head);
            p->head_len = 0;
        }
    }
}

bool ws_position_is_boundary(const struct ws_position *p)
{
    return !p->payload_left && !p->head_len;
}
