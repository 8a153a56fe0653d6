#pragma once
/* SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104), SHA-1 for what is
 * built on it: the WebSocket handshake, one-time passwords (HMAC-SHA-1, RFC 4226). */
#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define SHA256_SIZE 32
#define SHA1_SIZE 20

void sha256(struct str in, uint8_t out[SHA256_SIZE]);

/* SHA-256 of what comes in pieces. Not shared between threads; freed by sha256_stream_free. */
struct sha256_stream;
struct sha256_stream *sha256_stream_new(void);
void sha256_stream_add(struct sha256_stream *s, struct str piece);
/* Once; nothing may be added afterwards. */
void sha256_stream_end(struct sha256_stream *s, uint8_t out[SHA256_SIZE]);
void sha256_stream_free(struct sha256_stream *s); /* NULL is accepted */

void sha1(struct str in, uint8_t out[SHA1_SIZE]);
void hmac_sha1(struct str key, struct str in, uint8_t out[SHA1_SIZE]);
void hmac_sha256(struct str key, struct str in, uint8_t out[SHA256_SIZE]);

/* A key prepared once: the inner and outer states are kept. */
struct hmac_key;
struct hmac_key *hmac_key_new(struct str key);
void hmac_key_free(struct hmac_key *k);
void hmac_key_sign(const struct hmac_key *k, struct str in, uint8_t out[SHA256_SIZE]);
