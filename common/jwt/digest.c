#include "digest.h"

#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define BLOCK_SIZE 64 /* of SHA-256, RFC 2104 §2 */

struct hmac_key {
    mbedtls_sha256_context inner, outer; /* after the padded key */
};

/* mbedTLS reports only misuse here; a digest that was not computed must never be compared. */
static void must(int rc)
{
    if (rc != 0)
        abort();
}

void sha256(struct str in, uint8_t out[SHA256_SIZE])
{
    must(mbedtls_sha256_ret((const unsigned char *)in.p, in.len, out, 0));
}

struct sha256_stream {
    mbedtls_sha256_context state;
};

struct sha256_stream *sha256_stream_new(void)
{
    struct sha256_stream *s = MEM_NEW(struct sha256_stream);

    mbedtls_sha256_init(&s->state);
    must(mbedtls_sha256_starts_ret(&s->state, 0));
    return s;
}

void sha256_stream_add(struct sha256_stream *s, struct str piece)
{
    must(mbedtls_sha256_update_ret(&s->state, (const unsigned char *)piece.p, piece.len));
}

void sha256_stream_end(struct sha256_stream *s, uint8_t out[SHA256_SIZE])
{
    must(mbedtls_sha256_finish_ret(&s->state, out));
}

void sha256_stream_free(struct sha256_stream *s)
{
    if (!s)
        return;
    mbedtls_sha256_free(&s->state);
    free(s);
}

void sha1(struct str in, uint8_t out[SHA1_SIZE])
{
    must(mbedtls_sha1_ret((const unsigned char *)in.p, in.len, out));
}

void hmac_sha1(struct str key, struct str in, uint8_t out[SHA1_SIZE])
{
    must(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), (const unsigned char *)key.p,
                         key.len, (const unsigned char *)in.p, in.len, out));
}

static void start_padded(mbedtls_sha256_context *state, const uint8_t block[BLOCK_SIZE],
                         uint8_t pad)
{
    uint8_t padded[BLOCK_SIZE];

    for (size_t i = 0; i < BLOCK_SIZE; i++)
        padded[i] = block[i] ^ pad;
    mbedtls_sha256_init(state);
    must(mbedtls_sha256_starts_ret(state, 0));
    must(mbedtls_sha256_update_ret(state, padded, BLOCK_SIZE));
    mbedtls_platform_zeroize(padded, sizeof padded);
}

static void prepare(struct hmac_key *k, struct str key)
{
    uint8_t block[BLOCK_SIZE] = {0};

    if (key.len > BLOCK_SIZE)
        sha256(key, block);
    else if (key.len > 0)
        memcpy(block, key.p, key.len);
    start_padded(&k->inner, block, 0x36);
    start_padded(&k->outer, block, 0x5C);
    mbedtls_platform_zeroize(block, sizeof block);
}

struct hmac_key *hmac_key_new(struct str key)
{
    struct hmac_key *k = MEM_NEW(struct hmac_key);

    prepare(k, key);
    return k;
}

void hmac_key_free(struct hmac_key *k)
{
    if (!k)
        return;
    mbedtls_platform_zeroize(k, sizeof *k);
    free(k);
}

/* Goes on from a kept state, which stays as it is. */
static void finish(const mbedtls_sha256_context *kept, struct str in, uint8_t out[SHA256_SIZE])
{
    mbedtls_sha256_context state;

    mbedtls_sha256_init(&state);
    mbedtls_sha256_clone(&state, kept);
    must(mbedtls_sha256_update_ret(&state, (const unsigned char *)in.p, in.len));
    must(mbedtls_sha256_finish_ret(&state, out));
    mbedtls_sha256_free(&state);
}

void hmac_key_sign(const struct hmac_key *k, struct str in, uint8_t out[SHA256_SIZE])
{
    uint8_t inner[SHA256_SIZE];

    finish(&k->inner, in, inner);
    finish(&k->outer, str_n((const char *)inner, sizeof inner), out);
}

void hmac_sha256(struct str key, struct str in, uint8_t out[SHA256_SIZE])
{
    struct hmac_key k;

    prepare(&k, key);
    hmac_key_sign(&k, in, out);
    mbedtls_platform_zeroize(&k, sizeof k);
}
