#pragma once
/* Secrets that are given away and kept only as hashes. */
#include "arena.h"
#include "str.h"

struct secret {
    struct str text; /* 256 random bits, base64url */
    struct str hash; /* SHA-256 of the text, binary: nothing that random needs a slow hash */
};

/* In the arena. */
void secret_new(struct arena *a, struct secret *out);
struct str secret_hash(struct arena *a, struct str text);
