#pragma once
/* People named in a text: "@[17]" by id, "@jane.smith@company.com" by e-mail address. */
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

#define MENTION_MAX 50 /* of each kind; later ones are plain text */

struct mentions {
    int64_t ids[MENTION_MAX];
    struct str emails[MENTION_MAX]; /* lower case */
    size_t id_count, email_count;
};

void mentions_find(struct arena *a, struct str text, struct mentions *out);
