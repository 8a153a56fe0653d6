#include "cursor.h"

#include <inttypes.h>

#include "keys.h"

#define MAC_SIZE 16
#define CURSOR_MAX 4096

/* No signing input of a token begins like this, so that a cursor is never a token's signature. */
static void sign(const struct jwt_key *k, struct arena *a, struct str list, struct str position,
                 uint8_t out[SHA256_SIZE])
{
    struct buf b;

    buf_init(&b, a);
    buf_printf(&b, "cursor\n%zu\n", list.len);
    buf_add_str(&b, list);
    buf_add_str(&b, position);
    hmac_key_sign(k->hmac, buf_str(&b), out);
}

struct str cursor_encode(const struct jwt_keys *k, struct arena *a, struct str list,
                         const struct cursor *c)
{
    struct str position = str_printf(a, "%" PRId64 " %.*s", c->id, STR_ARG(c->key));
    uint8_t mac[SHA256_SIZE];
    struct buf raw;
    char *text;

    sign(&k->keys[0], a, list, position, mac);
    buf_init(&raw, a);
    buf_add(&raw, mac, MAC_SIZE);
    buf_add_str(&raw, position);
    text = arena_alloc(a, BASE64_SIZE(raw.len));
    return str_n(text, base64url_encode(raw.p, raw.len, text));
}

static bool is_signed(const struct jwt_keys *k, struct arena *a, struct str list,
                      struct str position, struct str mac)
{
    uint8_t want[SHA256_SIZE];
    bool good = false;

    for (size_t i = 0; i < k->count && !good; i++) {
        sign(&k->keys[i], a, list, position, want);
        good = str_eq_ct(mac, str_n((const char *)want, MAC_SIZE));
    }
    return good;
}

enum err cursor_decode(const struct jwt_keys *k, struct arena *a, struct str list, struct str text,
                       struct cursor *out)
{
    struct str position, id;
    uint8_t *raw;
    size_t n;

    if (text.len > CURSOR_MAX)
        return ERR_INVALID_INPUT;
    raw = arena_alloc(a, text.len / 4 * 3 + 3);
    if (!base64url_decode(text, raw, &n) || n < MAC_SIZE)
        return ERR_INVALID_INPUT;
    position = str_n((const char *)raw + MAC_SIZE, n - MAC_SIZE);
    if (!is_signed(k, a, list, position, str_n((const char *)raw, MAC_SIZE)))
        return ERR_INVALID_INPUT;
    if (!str_next(&position, ' ', &id) || !str_to_i64(id, &out->id))
        return ERR_INVALID_INPUT;
    out->key = position;
    return ERR_OK;
}
