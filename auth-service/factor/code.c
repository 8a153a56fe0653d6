#include "factor/code.h"

#include <inttypes.h>

#include "buf.h"
#include "password/secret.h"
#include "rand.h"

#define CODES 1000000
#define RECOVERY_LEN 16

struct str code_new(struct arena *a)
{
    const uint64_t fair = UINT64_MAX / CODES * CODES;
    uint64_t n;

    do
        n = rand_u64();
    while (n >= fair);
    return str_printf(a, "%06" PRIu64, n % CODES);
}

bool code_is_digits(struct str code)
{
    for (size_t i = 0; i < code.len; i++)
        if (code.p[i] < '0' || code.p[i] > '9')
            return false;
    return code.len == 6;
}

struct str code_mac(struct arena *a, const uint8_t key[SHA256_SIZE], int64_t user_id,
                    struct str code)
{
    uint8_t *mac = arena_alloc(a, SHA256_SIZE);

    hmac_sha256(str_n((const char *)key, SHA256_SIZE),
                str_printf(a, "%" PRId64 ":%.*s", user_id, STR_ARG(code)), mac);
    return str_n((const char *)mac, SHA256_SIZE);
}

struct str recovery_code_new(struct arena *a)
{
    /* Without the letters and digits that are taken for each other. */
    static const char ALPHABET[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    uint8_t bytes[RECOVERY_LEN];
    struct buf b;

    rand_bytes(bytes, sizeof bytes);
    buf_init(&b, a);
    for (int i = 0; i < RECOVERY_LEN; i++) {
        if (i > 0 && i % 4 == 0)
            buf_add_char(&b, '-');
        buf_add_char(&b, ALPHABET[bytes[i] & 31]);
    }
    return buf_str(&b);
}

struct str recovery_code_hash(struct arena *a, struct str typed)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < typed.len; i++) {
        char c = typed.p[i];
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (c != '-' && c != ' ')
            buf_add_char(&b, c);
    }
    return secret_hash(a, buf_str(&b));
}
