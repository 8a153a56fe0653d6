#include "seal.h"

#include <mbedtls/gcm.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>

#include "buf.h"
#include "digest.h"
#include "mem.h"
#include "rand.h"

/* fingerprint of the key | nonce | ciphertext | tag */
#define FINGERPRINT_SIZE 4
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define OVERHEAD (FINGERPRINT_SIZE + NONCE_SIZE + TAG_SIZE)

struct seal_key {
    mbedtls_gcm_context gcm;
    char fingerprint[FINGERPRINT_SIZE];
};

struct seal_keys {
    size_t count;
    struct seal_key keys[];
};

void seal_derive(struct str secret, struct str purpose, uint8_t out[SHA256_SIZE])
{
    hmac_sha256(secret, purpose, out);
}

static void prepare(struct seal_key *k, struct str secret)
{
    uint8_t key[SHA256_SIZE], name[SHA256_SIZE];

    seal_derive(secret, STR("seal"), key);
    seal_derive(secret, STR("seal fingerprint"), name);
    memcpy(k->fingerprint, name, FINGERPRINT_SIZE);
    mbedtls_gcm_init(&k->gcm);
    if (mbedtls_gcm_setkey(&k->gcm, MBEDTLS_CIPHER_ID_AES, key, 8 * sizeof key) != 0)
        abort(); /* a library without AES: nothing could be kept */
    mbedtls_platform_zeroize(key, sizeof key);
}

struct seal_keys *seal_keys_new(const struct str *secrets, size_t n)
{
    struct seal_keys *k = mem_zalloc(sizeof *k + n * sizeof k->keys[0]);

    k->count = n;
    for (size_t i = 0; i < n; i++)
        prepare(&k->keys[i], secrets[i]);
    return k;
}

void seal_keys_free(struct seal_keys *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->count; i++)
        mbedtls_gcm_free(&k->keys[i].gcm);
    free(k);
}

static const unsigned char *bytes(struct str s)
{
    return (const unsigned char *)s.p;
}

/* mbedTLS changes the context while it works, which is no change to the caller. */
static mbedtls_gcm_context *gcm_of(const struct seal_key *k)
{
    return (mbedtls_gcm_context *)(uintptr_t)&k->gcm;
}

struct str seal(const struct seal_keys *k, struct arena *a, struct str context, struct str plain)
{
    unsigned char *out = arena_alloc(a, plain.len + OVERHEAD);
    unsigned char *nonce = out + FINGERPRINT_SIZE, *body = nonce + NONCE_SIZE;

    memcpy(out, k->keys[0].fingerprint, FINGERPRINT_SIZE);
    rand_bytes(nonce, NONCE_SIZE);
    if (mbedtls_gcm_crypt_and_tag(gcm_of(&k->keys[0]), MBEDTLS_GCM_ENCRYPT, plain.len, nonce,
                                  NONCE_SIZE, bytes(context), context.len, bytes(plain), body,
                                  TAG_SIZE, body + plain.len) != 0)
        abort();
    return str_n((const char *)out, plain.len + OVERHEAD);
}

enum err seal_open(const struct seal_keys *k, struct arena *a, struct str context,
                   struct str sealed, struct str *plain)
{
    const unsigned char *nonce = bytes(sealed) + FINGERPRINT_SIZE, *body = nonce + NONCE_SIZE;
    size_t len = sealed.len - OVERHEAD;

    if (sealed.len < OVERHEAD)
        return ERR_INVALID_INPUT;
    unsigned char *out = arena_alloc(a, len + 1);
    for (size_t i = 0; i < k->count; i++) {
        const struct seal_key *key = &k->keys[i];
        if (memcmp(sealed.p, key->fingerprint, FINGERPRINT_SIZE) != 0 ||
            mbedtls_gcm_auth_decrypt(gcm_of(key), len, nonce, NONCE_SIZE, bytes(context),
                                     context.len, body + len, TAG_SIZE, body, out) != 0)
            continue;
        out[len] = '\0';
        *plain = str_n((const char *)out, len);
        return ERR_OK;
    }
    return ERR_INVALID_INPUT;
}
