#include "webhook/secret.h"

#include "digest.h"
#include "encode.h"
#include "rand.h"

#define PREFIX "whsec_"
#define KEY_SIZE 32

struct str webhook_secret_new(struct arena *a)
{
    uint8_t key[KEY_SIZE];
    char text[BASE64_SIZE(KEY_SIZE)];
    rand_bytes(key, sizeof key);
    base64_encode(key, sizeof key, text);
    return str_printf(a, PREFIX "%s", text);
}

static struct str context(struct arena *a, int64_t id)
{
    return str_printf(a, "webhook:%lld", (long long)id);
}

struct str webhook_seal(const struct webhooks *w, struct arena *a, int64_t id, struct str plain)
{
    return seal(w->seal, a, context(a, id), plain);
}

enum err webhook_open(const struct webhooks *w, struct arena *a, int64_t id, struct str sealed,
                      struct str *plain)
{
    return seal_open(w->seal, a, context(a, id), sealed, plain);
}

static bool key_of(struct arena *a, struct str secret, struct str *key)
{
    if (!str_has_prefix(secret, STR(PREFIX)))
        return false;
    struct str text = str_slice(secret, sizeof PREFIX - 1, secret.len);
    uint8_t *bytes = arena_alloc(a, text.len / 4 * 3 + 3);
    size_t n;
    if (!base64_decode(text, bytes, &n))
        return false;
    *key = str_n((char *)bytes, n);
    return true;
}

enum err webhook_sign(struct arena *a, const struct str *secrets, size_t count,
                      struct str message_id, int64_t timestamp_s, struct str body, struct str *out)
{
    struct str signed_text =
        str_printf(a, "%.*s.%lld.%.*s", STR_ARG(message_id), (long long)timestamp_s, STR_ARG(body));
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < count; i++) {
        uint8_t mac[SHA256_SIZE];
        char text[BASE64_SIZE(SHA256_SIZE)];
        struct str key;
        if (!key_of(a, secrets[i], &key))
            return ERR_INTERNAL_ERROR;
        hmac_sha256(key, signed_text, mac);
        base64_encode(mac, sizeof mac, text);
        buf_printf(&b, "%sv1,%s", i ? " " : "", text);
    }
    *out = buf_str(&b);
    return ERR_OK;
}
