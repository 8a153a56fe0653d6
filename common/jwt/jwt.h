#pragma once
/*
 * JSON Web Tokens (RFC 7519), HS256 only (RFC 7518 §3.2); every other algorithm and "none" are
 * refused. Several secrets can be valid at once: the first signs, all verify, selected by "kid"
 * (a fingerprint of the secret) or, without one, tried in turn.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "err.h"
#include "str.h"

#define JWT_ISSUER "tts-jwt-issuer"

struct jwt_keys;

/* secrets: the signing secret first. At least one. */
struct jwt_keys *jwt_keys_new(const struct str *secrets, size_t n);
void jwt_keys_free(struct jwt_keys *k);

struct jwt_role {
    struct str system, role;
    int64_t system_role_id;
};

struct jwt_claims {
    struct str iss;
    struct str sub;  /* decimal user id, or a service name */
    int64_t user_id; /* 0 for services */
    struct str email, name;
    struct str role; /* user, staff or admin */
    const struct jwt_role *roles;
    size_t role_count;
    int64_t iat, exp; /* seconds since the epoch */
    struct str jti;
    struct str token_type; /* access, refresh, service, mfa, … */
    struct str scope;      /* blank-separated; absent for full access */
};

/* The compact serialisation, in the arena. iss is always JWT_ISSUER. */
struct str jwt_sign(const struct jwt_keys *k, struct arena *a, const struct jwt_claims *claims);

/*
 * Checks structure, algorithm, signature (constant time), iss, exp, and nbf with 30 s leeway. Takes
 * a numeric sub too, and user_id without sub. Tokens over 8 KiB are refused unread. The error is
 * ERR_UNAUTHENTICATED, or ERR_TOKEN_EXPIRED for a good token past its time, and *why a static
 * phrase for the client (NULL when good). Strings point into the arena.
 */
MUST_CHECK enum err jwt_verify(const struct jwt_keys *k, struct arena *a, struct str token,
                               int64_t now_s, struct jwt_claims *out, const char **why);

/* As jwt_verify, for tokens of another issuer than JWT_ISSUER: the gateway's Kong credentials. */
MUST_CHECK enum err jwt_verify_issuer(const struct jwt_keys *k, struct arena *a, struct str token,
                                      int64_t now_s, struct str issuer, struct jwt_claims *out,
                                      const char **why);
/* A string claim of a token nobody has verified: only good for choosing the key, or for saying why
 * a token was refused. Absent when there is none; *is_token tells whether it is a token at all. */
struct str jwt_peek(struct arena *a, struct str token, const char *claim, bool *is_token);
