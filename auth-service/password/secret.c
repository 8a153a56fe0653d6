#include "password/secret.h"

#include "digest.h"
#include "encode.h"
#include "rand.h"

#define SECRET_BYTES 32

struct str secret_hash(struct arena *a, struct str text)
{
    uint8_t *hash = arena_alloc(a, SHA256_SIZE);

    sha256(text, hash);
    return str_n((const char *)hash, SHA256_SIZE);
}

void secret_new(struct arena *a, struct secret *out)
{
    uint8_t bytes[SECRET_BYTES];
    char *text = arena_alloc(a, BASE64_SIZE(SECRET_BYTES));

    rand_bytes(bytes, sizeof bytes);
    out->text = str_n(text, base64url_encode(bytes, sizeof bytes, text));
    out->hash = secret_hash(a, out->text);
}
