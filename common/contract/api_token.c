#include "api_token.h"

#include "digest.h"
#include "encode.h"
#include "rand.h"

#define PREFIX_LEN (sizeof API_TOKEN_PREFIX - 1)
#define CHECKSUM_LEN 6
#define BODY_LEN (API_TOKEN_LEN - CHECKSUM_LEN)

static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* CRC-32 of ISO 3309, bit by bit: a token is checked once a minute at most. */
static uint32_t crc32(const char *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= (uint8_t)p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void write_checksum(const char *body, char out[CHECKSUM_LEN])
{
    uint32_t crc = crc32(body, BODY_LEN);

    for (int i = CHECKSUM_LEN - 1; i >= 0; i--, crc /= 62)
        out[i] = DIGITS[crc % 62];
}

/* Every digit is as likely as any other: bytes beyond a multiple of 62 are thrown away. */
static char random_digit(void)
{
    uint8_t byte;

    do
        rand_bytes(&byte, 1);
    while (byte >= 256 / 62 * 62);
    return DIGITS[byte % 62];
}

void api_token_make(char out[API_TOKEN_LEN + 1])
{
    memcpy(out, API_TOKEN_PREFIX, PREFIX_LEN);
    for (size_t i = PREFIX_LEN; i < BODY_LEN; i++)
        out[i] = random_digit();
    write_checksum(out, out + BODY_LEN);
    out[API_TOKEN_LEN] = '\0';
}

bool api_token_is_claimed(struct str text)
{
    return str_has_prefix(text, STR(API_TOKEN_PREFIX));
}

bool api_token_is_well_formed(struct str text)
{
    char want[CHECKSUM_LEN];

    if (text.len != API_TOKEN_LEN || !api_token_is_claimed(text))
        return false;
    for (size_t i = PREFIX_LEN; i < text.len; i++)
        if (!text.p[i] || !strchr(DIGITS, text.p[i]))
            return false;
    write_checksum(text.p, want);
    return memcmp(want, text.p + BODY_LEN, CHECKSUM_LEN) == 0;
}

void api_token_hash(struct str token, char out[API_TOKEN_HASH_LEN + 1])
{
    uint8_t digest[SHA256_SIZE];

    sha256(token, digest);
    hex_encode(digest, sizeof digest, out);
}
