#include "keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "cache.h"
#include "mem.h"

#define KID_BYTES ((JWT_KID_SIZE - 1) / 2)

static void init_key(struct jwt_key *k, struct str secret)
{
    uint8_t fingerprint[SHA256_SIZE];
    char header[64];
    int len;

    sha256(secret, fingerprint);
    hex_encode(fingerprint, KID_BYTES, k->kid);
    k->hmac = hmac_key_new(secret);
    len = snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
                   k->kid);
    k->header_len = base64url_encode(header, (size_t)len, k->header);
}

struct jwt_keys *jwt_keys_new(const struct str *secrets, size_t n)
{
    struct jwt_keys *keys;

    if (n == 0)
        abort();
    keys = mem_zalloc(sizeof *keys + n * sizeof keys->keys[0]);
    keys->cache = jwt_cache_new();
    keys->count = n;
    for (size_t i = 0; i < n; i++)
        init_key(&keys->keys[i], secrets[i]);
    return keys;
}

void jwt_keys_free(struct jwt_keys *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->count; i++)
        hmac_key_free(k->keys[i].hmac);
    jwt_cache_free(k->cache);
    free(k);
}

void jwt_key_sign(const struct jwt_key *k, struct str signing_input,
                  char out[BASE64_SIZE(SHA256_SIZE)])
{
    uint8_t mac[SHA256_SIZE];

    hmac_key_sign(k->hmac, signing_input, mac);
    base64url_encode(mac, sizeof mac, out);
}
