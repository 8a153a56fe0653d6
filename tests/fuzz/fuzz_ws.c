/* WebSocket frames, close payloads and UTF-8 in pieces: no crash, and the same verdict as in one
 * piece. */
#include <stdint.h>
#include <stdlib.h>

#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frames(const uint8_t *p, size_t n)
{
    struct ws_frame_head h;
    while (ws_parse_head(p, n, &h) == 1) {
        if (h.head_len > n || h.head_len > WS_MAX_HEAD || h.payload_len < 0)
            abort();
        if (ws_is_control(h.opcode) && (!h.is_final || h.payload_len > WS_MAX_CONTROL))
            abort();
        p += h.head_len;
        n -= h.head_len;
        if ((uint64_t)h.payload_len > n)
            return;
        p += h.payload_len;
        n -= (size_t)h.payload_len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct utf8_check whole = {0}, pieces = {0};
    int code, error;
    struct str text = {(const char *)data, size};
    check_frames(data, size);
    if (ws_parse_close(text, &code, &error) && code != 1005 && !ws_is_close_code(code))
        abort();
    bool ok = utf8_check(&whole, data, size) && utf8_is_complete(&whole);
    bool ok_in_pieces = true;
    for (size_t i = 0; i < size && ok_in_pieces; i++)
        ok_in_pieces = utf8_check(&pieces, data + i, 1);
    if (ok != (ok_in_pieces && utf8_is_complete(&pieces)) || ok != str_is_utf8(text))
        abort();
    return 0;
}
