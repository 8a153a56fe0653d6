/* Tokens: without the secret nothing is accepted. */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwt_keys *keys;
    struct str secret = STR("a secret the fuzzer does not know 5f3a");
    if (!keys)
        keys = jwt_keys_new(&secret, 1);
    struct arena *a = arena_new();
    struct jwt_claims claims;
    const char *why;
    if (jwt_verify(keys, a, (struct str){(const char *)data, size}, 1700000000, &claims, &why) ==
        ERR_OK)
        abort();
    arena_free(a);
    return 0;
}
