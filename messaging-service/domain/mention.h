#pragma once
/* Whom a message names. */
#include <stdint.h>

#include "arena.h"
#include "str.h"

#define MENTIONS_MAX 50

struct named_person {
    int64_t id;
    struct str name;
};

/* The ids of those of the people whom the text names as @name, in any case of ASCII letters, each
 * once and at most MENTIONS_MAX. The longest name that fits is meant. */
size_t mentions_find(struct arena *a, struct str text, const struct named_person *people, size_t n,
                     const int64_t **ids);
