#pragma once
/* Consistent hashing: requests that share a value go to one target, the same from every gateway,
 * and a target that comes or goes moves only its own share of them. */
#include "config/kong.h"

struct exchange;

/* What the upstream hashes of this request, else what it falls back to; false when there is
 * neither, and the targets take turns. */
bool balance_key(const struct exchange *x, const struct kong_upstream *u, uint64_t *key);
/* How strongly the key is drawn to the target: the highest score takes it (rendezvous hashing).
 * Counts weight in steps of ten. */
uint64_t balance_score(uint64_t key, const char *target, int weight);
