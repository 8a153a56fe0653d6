#pragma once
/*
 * The jti of our tokens: "<session uuid>.<generation><a|r>". It names the session (the family of
 * refresh tokens) and the step of its rotation, so that neither a token nor its hash is stored.
 */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

struct token_id {
    struct str session; /* UUID */
    int64_t generation; /* from 1 */
    char kind;          /* 'a' access, 'r' refresh */
};

struct str token_id_format(struct arena *a, const struct token_id *id);
/* In lower case, as we write them. */
bool token_is_uuid(struct str s);
/* Slices point into text. */
bool token_id_parse(struct str text, struct token_id *out);
