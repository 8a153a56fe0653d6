#pragma once
/*
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key derived from a setting. Several
 * secrets can be valid at once: the first seals, all open, so that they can be exchanged. The
 * context ("totp:7") is authenticated along: what was sealed for one row opens for no other.
 */
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "digest.h"
#include "err.h"
#include "str.h"

struct seal_keys;

/* secrets: the sealing one first. At least one. */
struct seal_keys *seal_keys_new(const struct str *secrets, size_t n);
void seal_keys_free(struct seal_keys *k);

/* Binary, in the arena. */
struct str seal(const struct seal_keys *k, struct arena *a, struct str context, struct str plain);
/* ERR_INVALID_INPUT when it was not sealed by one of the secrets for this context. */
MUST_CHECK enum err seal_open(const struct seal_keys *k, struct arena *a, struct str context,
                              struct str sealed, struct str *plain);
/* A key for other uses of the first secret, by purpose: HMAC-SHA-256 of it. */
void seal_derive(struct str secret, struct str purpose, uint8_t out[SHA256_SIZE]);
