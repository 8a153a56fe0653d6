#pragma once
/* The key set between signing and verification; for this library's own files only. */
#include "digest.h"
#include "encode.h"
#include "jwt.h"

#define JWT_KID_SIZE 9        /* 8 hex digits and NUL */
#define JWT_SIGNATURE_SIZE 43 /* base64url of 32 bytes */

struct jwt_key {
    char kid[JWT_KID_SIZE];
    struct hmac_key *hmac; /* owned */
    char header[128];      /* the encoded JOSE header of the tokens it signs */
    size_t header_len;
};

struct jwt_cache;

struct jwt_keys {
    struct jwt_cache *cache; /* owned */
    size_t count;
    struct jwt_key keys[]; /* the signing key first */
};

/* The encoded signature of "header.payload", without NUL. */
void jwt_key_sign(const struct jwt_key *k, struct str signing_input,
                  char out[BASE64_SIZE(SHA256_SIZE)]);
