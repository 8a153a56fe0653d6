#include "password/hash.h"

#include <crypt.h>
#include <stdlib.h>

#include "digest.h"
#include "encode.h"
#include "mem.h"

#define DJANGO_PREFIX "pbkdf2_sha256$"
/* Twice what Django 5 uses; more would let an imported row keep a worker busy for minutes. */
#define PBKDF2_MAX_ITERATIONS 2000000
#define PBKDF2_MAX_SALT 128

static bool starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool password_hash_make(const char *password, char out[PASSWORD_HASH_SIZE])
{
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data *work = MEM_NEW(struct crypt_data);
    bool ok = crypt_gensalt_rn("$y$", 0, NULL, 0, salt, sizeof salt) &&
              crypt_rn(password, salt, work, sizeof *work);

    _Static_assert(PASSWORD_HASH_SIZE >= CRYPT_OUTPUT_SIZE, "a hash of the library fits");
    if (ok)
        memcpy(out, work->output, sizeof work->output);
    explicit_bzero(work, sizeof *work);
    free(work);
    return ok;
}

/* The first block of PBKDF2 (RFC 8018 §5.2), which is all a 32-byte key needs. */
static void pbkdf2_sha256(struct str password, struct str salt, int64_t iterations,
                          uint8_t out[SHA256_SIZE])
{
    uint8_t block[SHA256_SIZE], first[PBKDF2_MAX_SALT + 4];
    struct hmac_key *key = hmac_key_new(password);

    memcpy(first, salt.p, salt.len);
    memcpy(first + salt.len, "\0\0\0\1", 4);
    hmac_key_sign(key, str_n((const char *)first, salt.len + 4), block);
    memcpy(out, block, SHA256_SIZE);
    for (int64_t i = 1; i < iterations; i++) {
        hmac_key_sign(key, str_n((const char *)block, SHA256_SIZE), block);
        for (int k = 0; k < SHA256_SIZE; k++)
            out[k] ^= block[k];
    }
    hmac_key_free(key);
}

static bool django_matches(const char *password, const char *hash)
{
    struct str rest = str_from(hash + strlen(DJANGO_PREFIX)), count, salt, text;
    uint8_t expected[SHA256_SIZE + 3], actual[SHA256_SIZE];
    int64_t iterations;
    size_t n;

    if (!str_next(&rest, '$', &count) || !str_next(&rest, '$', &salt) ||
        !str_next(&rest, '$', &text) || rest.p)
        return false;
    if (!str_to_i64(count, &iterations) || iterations < 1 || iterations > PBKDF2_MAX_ITERATIONS)
        return false;
    if (salt.len > PBKDF2_MAX_SALT || text.len > BASE64_SIZE(SHA256_SIZE))
        return false;
    if (!base64_decode(text, expected, &n) || n != SHA256_SIZE)
        return false;
    pbkdf2_sha256(str_from(password), salt, iterations, actual);
    return str_eq_ct(str_n((const char *)actual, n), str_n((const char *)expected, n));
}

static bool crypt_matches(const char *password, const char *hash)
{
    struct crypt_data *work = MEM_NEW(struct crypt_data);
    const char *result = crypt_rn(password, hash, work, sizeof *work);
    bool ok = result && str_eq_ct(str_from(result), str_from(hash));

    explicit_bzero(work, sizeof *work);
    free(work);
    return ok;
}

bool password_hash_matches(const char *password, const char *hash)
{
    if (starts_with(hash, DJANGO_PREFIX))
        return django_matches(password, hash);
    /* Traditional DES has no marker; such a row can only be garbage or an attack. */
    return hash[0] == '$' && crypt_matches(password, hash);
}

bool password_hash_is_current(const char *hash)
{
    return starts_with(hash, "$y$") && crypt_checksalt(hash) == CRYPT_SALT_OK;
}

/* "$2b$12$…": 2^cost rounds; 14 is a second of work. */
static bool is_payable_bcrypt(const char *hash)
{
    bool has_form = strlen(hash) == 60 && strchr("aby", hash[2]) && hash[3] == '$';

    return has_form && (hash[4] == '0' || (hash[4] == '1' && hash[5] <= '4')) && hash[6] == '$';
}

static bool is_payable_django(const char *hash)
{
    struct str rest = str_from(hash + strlen(DJANGO_PREFIX)), iterations, salt;
    int64_t n;

    return str_next(&rest, '$', &iterations) && str_to_i64(iterations, &n) && n > 0 &&
           n <= 2000000 && str_next(&rest, '$', &salt) && salt.len > 0 && rest.len == 44;
}

bool password_hash_is_importable(const char *hash)
{
    if (strlen(hash) >= PASSWORD_HASH_SIZE)
        return false;
    if (starts_with(hash, DJANGO_PREFIX))
        return is_payable_django(hash);
    if (starts_with(hash, "$2"))
        return is_payable_bcrypt(hash) && crypt_checksalt(hash) != CRYPT_SALT_INVALID;
    /* Only the cost that yescrypt has by default. */
    return starts_with(hash, "$y$j9T$") && strlen(hash) > 60 &&
           crypt_checksalt(hash) == CRYPT_SALT_OK;
}
