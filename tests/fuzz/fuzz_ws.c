/* WebSocket frames, close payloads, offers of extensions, compressed messages, and UTF-8 in pieces:
 * no crash, and the same verdict as in one piece. */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "deflate.h"
#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_frames(const uint8_t *p, size_t n, bool may_deflate)
{
    struct ws_frame_head h;
    while (ws_parse_head(p, n, may_deflate, &h) == 1) {
        if (h.head_len > n || h.head_len > WS_MAX_HEAD || h.payload_len < 0)
            abort();
        if (ws_is_control(h.opcode) && (!h.is_final || h.payload_len > WS_MAX_CONTROL))
            abort();
        if (h.is_deflated && (!may_deflate || ws_is_control(h.opcode) || !h.opcode))
            abort();
        p += h.head_len;
        n -= h.head_len;
        if ((uint64_t)h.payload_len > n)
            return;
        p += h.payload_len;
        n -= (size_t)h.payload_len;
    }
}

static void check_offers(struct str text)
{
    struct arena *a = arena_new();
    struct str answer;
    int bits;
    if (ws_deflate_negotiate(a, text, &bits, &answer) && (bits < 8 || bits > 15 || !answer.len))
        abort();
    arena_free(a);
}

static void check_inflating(struct str text)
{
    enum { MAX = 65536 };
    struct buf out;
    buf_init(&out, NULL);
    int error = ws_inflate(text, MAX, &out);
    if ((error && error != 1007 && error != 1009) || (!error && out.len > MAX))
        abort();
    buf_release(&out);
}

static void check_deflating(struct str text)
{
    struct buf payload, back;
    buf_init(&payload, NULL);
    buf_init(&back, NULL);
    if (ws_deflate(text, &payload) &&
        (payload.len >= text.len || ws_inflate(buf_str(&payload), text.len, &back) ||
         !str_eq(buf_str(&back), text)))
        abort();
    buf_release(&payload);
    buf_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct utf8_check whole = {0}, pieces = {0};
    int code, error;
    struct str text = {(const char *)data, size};
    check_frames(data, size, false);
    check_frames(data, size, true);
    check_offers(text);
    check_inflating(text);
    check_deflating(text);
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
