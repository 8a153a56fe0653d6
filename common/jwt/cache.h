#pragma once
/*
 * The claims of tokens seen lately, by signature; for this library's own files only. Reading claims
 * costs more than the rest of a verification. The signature is still computed for every token: that
 * it matches is what makes the cached claims those of the same text.
 */
#include "jwt.h"

struct jwt_cache;

struct jwt_cache *jwt_cache_new(void);
void jwt_cache_free(struct jwt_cache *c);
/* Copies into the arena; false when there are none. */
bool jwt_cache_get(const struct jwt_cache *c, struct arena *a, struct str signature,
                   struct jwt_claims *claims, int64_t *nbf);
/* Copies; an older token may have to go. */
void jwt_cache_put(struct jwt_cache *c, struct str signature, const struct jwt_claims *claims,
                   int64_t nbf);
