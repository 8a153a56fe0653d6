/* The opening handshake (RFC 6455 §4.2). */
#include "accept.h"

#include "deflate.h"
#include "digest.h"
#include "encode.h"
#include "req.h"

static bool lists_token(struct str list, struct str token)
{
    struct str item;
    while (str_next(&list, ',', &item))
        if (str_ieq(str_trim(item), token))
            return true;
    return false;
}

/* The client's key is the base64 of 16 bytes. */
static bool is_key(struct str key)
{
    uint8_t raw[24 / 4 * 3 + 3];
    size_t n;
    return key.len == 24 && base64_decode(key, raw, &n) && n == 16;
}

static struct str accept_value(struct arena *a, struct str key)
{
    struct str text = str_printf(a, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", STR_ARG(key));
    uint8_t digest[SHA1_SIZE];
    sha1(text, digest);
    char *out = arena_alloc(a, BASE64_SIZE(SHA1_SIZE));
    return str_n(out, base64_encode(digest, sizeof digest, out));
}

static enum err refuse_version(struct req *r)
{
    req_set_header(r, "Upgrade", STR("websocket"));
    req_set_header(r, "Sec-WebSocket-Version", STR("13"));
    return ERR_UPGRADE_REQUIRED;
}

static void answer_extensions(struct req *r, int *window_bits)
{
    struct str answer;
    *window_bits = 0;
    if (ws_deflate_negotiate(r->arena, req_header_list(r, "Sec-WebSocket-Extensions"), window_bits,
                             &answer))
        req_set_header(r, "Sec-WebSocket-Extensions", answer);
}

enum err ws_handshake(struct req *r, struct bufferevent **out, int *window_bits)
{
    bool is_upgrade = req_minor_version(r) >= 1 &&
                      lists_token(req_header_list(r, "Connection"), STR("upgrade")) &&
                      lists_token(req_header_list(r, "Upgrade"), STR("websocket"));
    if (!is_upgrade || !str_eq(req_header(r, "Sec-WebSocket-Version"), STR("13")))
        return refuse_version(r);
    struct str key = req_header(r, "Sec-WebSocket-Key");
    if (!is_key(key))
        return ERR_INVALID_INPUT;
    req_set_header(r, "Upgrade", STR("websocket"));
    req_set_header(r, "Sec-WebSocket-Accept", accept_value(r->arena, key));
    if (lists_token(req_header_list(r, "Sec-WebSocket-Protocol"), STR("bearer")))
        req_set_header(r, "Sec-WebSocket-Protocol", STR("bearer"));
    answer_extensions(r, window_bits);
    (void)req_reply_empty(r, 101);
    *out = req_hijack(r);
    return *out ? ERR_OK : ERR_CANCELLED;
}
