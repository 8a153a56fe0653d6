/* What only the gateway reads: Forwarded, cookies, Connection, paths, WebSocket frames that pass.
 * No crash, sane slices, what it writes it can read, and pieces mean the same as the whole. */
#include <stdint.h>
#include <stdlib.h>

#include "proxy/forwarded.h"
#include "proxy/headers.h"
#include "routing/path.h"
#include "ws/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_forwarded(struct arena *a, struct str text)
{
    struct forwarded f = {0}, again = {0};
    struct buf b;
    if (!forwarded_parse(text, &f))
        return;
    buf_init(&b, a);
    for (int i = 0; i < f.count; i++) {
        struct str node = f.nodes[i];
        if (node.p && (node.p < text.p || node.p + node.len > text.p + text.len))
            abort();
    }
    buf_add_str(&b, text);
    buf_add_str(&b, STR(", "));
    forwarded_add(&b, STR("2001:db8::1"), text, STR("http"));
    if (f.count == FORWARDED_MAX)
        return;
    if (!forwarded_parse(buf_str(&b), &again) || again.count != f.count + 1 ||
        !str_eq(again.nodes[f.count], STR("2001:db8::1")))
        abort();
}

static void check_headers(struct str text)
{
    struct http_header items[] = {{STR("Cookie"), text}, {STR("Connection"), text}, {text, text}};
    struct header_list l = {items, 3, 3};
    struct str value = headers_cookie(&l, STR("a"));
    if (value.len && (value.p < text.p || value.p + value.len > text.p + text.len))
        abort();
    (void)headers_connection_names(&l, STR("x-private"));
    (void)header_kind(text);
}

/* A path in normal form stays as it is. */
static void check_path(struct arena *a, struct str text)
{
    struct str once, twice;
    if (!path_normalise(a, text, &once))
        return;
    if (!once.len || once.p[0] != '/')
        abort();
    if (!path_normalise(a, once, &twice) || !str_eq(once, twice))
        abort();
}

static void check_frames(const uint8_t *data, size_t size)
{
    struct ws_position whole = {0}, pieces = {0};
    ws_position_advance(&whole, data, size);
    for (size_t i = 0; i < size; i++)
        ws_position_advance(&pieces, data + i, 1);
    if (whole.payload_left != pieces.payload_left || whole.head_len != pieces.head_len ||
        ws_position_is_boundary(&whole) != ws_position_is_boundary(&pieces))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str text = {(const char *)data, size};
    check_forwarded(a, text);
    check_headers(text);
    check_path(a, text);
    check_frames(data, size);
    arena_free(a);
    return 0;
}
