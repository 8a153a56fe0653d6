#pragma once
/*
 * Password hashes as libxcrypt writes them (crypt(5)): yescrypt for new ones; every scheme of the
 * library and Django's "pbkdf2_sha256$iterations$salt$hash" are verified. Each call costs
 * milliseconds of CPU: use it on a worker thread (pool.h).
 */
#include <stdbool.h>

#include "str.h"

#define PASSWORD_HASH_SIZE 384

/* NUL-terminated; false when the library refuses the password. */
bool password_hash_make(const char *password, char out[PASSWORD_HASH_SIZE]);
/* False for a wrong password and for a hash of unknown form. */
bool password_hash_matches(const char *password, const char *hash);
/* Whether a hash made elsewhere may be taken over: of a form that is verified here, and at a price
 * that a login can be asked to pay. */
bool password_hash_is_importable(const char *hash);
/* Whether the hash is one that password_hash_make would write today. */
bool password_hash_is_current(const char *hash);
