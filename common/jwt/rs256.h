#pragma once
/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2), for assertions to other people's services. */
#include "arena.h"
#include "err.h"
#include "str.h"

/* pem: a private key, PKCS #1 or #8. The signature is binary, in the arena. ERR_INVALID_INPUT when
 * it is no RSA key of 2048 to 4096 bits. Takes milliseconds. */
MUST_CHECK enum err rs256_sign(struct arena *a, struct str pem, struct str text, struct str *out);
