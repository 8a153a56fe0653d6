#include "rs256.h"

#include <mbedtls/pk.h>

#include "digest.h"
#include "rand.h"

static int random_bytes(void *unused, unsigned char *out, size_t n)
{
    (void)unused;
    rand_bytes(out, n);
    return 0;
}

static bool is_good(const mbedtls_pk_context *key)
{
    size_t bits = mbedtls_pk_get_bitlen(key);
    return mbedtls_pk_get_type(key) == MBEDTLS_PK_RSA && bits >= 2048 && bits <= 4096;
}

enum err rs256_sign(struct arena *a, struct str pem, struct str text, struct str *out)
{
    unsigned char *signature = arena_alloc(a, MBEDTLS_PK_SIGNATURE_MAX_SIZE);
    unsigned char digest[SHA256_SIZE];
    mbedtls_pk_context key;
    size_t n = 0;
    const char *copy = str_cstr(a, pem); /* the parser wants the NUL, and counts it */
    mbedtls_pk_init(&key);
    sha256(text, digest);
    int failed = mbedtls_pk_parse_key(&key, (const unsigned char *)copy, pem.len + 1, NULL, 0);
    if (!failed && is_good(&key))
        failed = mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, digest, sizeof digest, signature, &n,
                                 random_bytes, NULL);
    mbedtls_pk_free(&key);
    if (failed || n == 0)
        return ERR_INVALID_INPUT;
    *out = str_n((const char *)signature, n);
    return ERR_OK;
}
