#include "factor/totp.h"

#include <stdio.h>

#include "buf.h"
#include "clock.h"
#include "digest.h"
#include "encode.h"

#define STEP_US (30 * US_PER_S)

void totp_code(struct str secret, int64_t step, char out[TOTP_DIGITS + 1])
{
    uint8_t counter[8], mac[SHA1_SIZE];
    uint32_t value;
    int at;

    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    hmac_sha1(secret, str_n((const char *)counter, sizeof counter), mac);
    at = mac[SHA1_SIZE - 1] & 0x0F;
    value = (uint32_t)(mac[at] & 0x7F) << 24 | (uint32_t)mac[at + 1] << 16 |
            (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    snprintf(out, TOTP_DIGITS + 1, "%06u", value % 1000000);
}

int64_t totp_match(struct str secret, struct str code, int64_t now_us, int64_t last)
{
    int64_t now = now_us / STEP_US, found = 0;
    char expected[TOTP_DIGITS + 1];

    for (int64_t step = now - 1; step <= now + 1; step++) {
        totp_code(secret, step, expected);
        if (str_eq_ct(str_from(expected), code) && step > last && !found)
            found = step;
    }
    return found;
}

struct str totp_secret_text(struct arena *a, struct str secret)
{
    static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    struct buf b;
    uint32_t bits = 0;
    int have = 0;

    buf_init(&b, a);
    for (size_t i = 0; i < secret.len; i++) {
        bits = bits << 8 | (uint8_t)secret.p[i];
        for (have += 8; have >= 5; have -= 5)
            buf_add_char(&b, ALPHABET[bits >> (have - 5) & 31]);
    }
    if (have > 0)
        buf_add_char(&b, ALPHABET[bits << (5 - have) & 31]);
    return buf_str(&b);
}

struct str totp_url(struct arena *a, struct str secret, struct str issuer, struct str account)
{
    struct buf b;

    buf_init(&b, a);
    BUF_LIT(&b, "otpauth://totp/");
    percent_encode(&b, issuer);
    buf_add_char(&b, ':');
    percent_encode(&b, account);
    BUF_LIT(&b, "?secret=");
    buf_add_str(&b, totp_secret_text(a, secret));
    BUF_LIT(&b, "&issuer=");
    percent_encode(&b, issuer);
    BUF_LIT(&b, "&algorithm=SHA1&digits=6&period=30");
    return buf_str(&b);
}
