#pragma once
/* Lists of short words in bodies: skills, and what policies ask for. */
#include "req.h"

#define MAX_TAGS 50

/* Trimmed, in lower case, each once. A word that is empty or over 64 characters is a field error.
 */
const struct str *tags_take(struct req *r, const char *field, const struct json_array *given,
                            size_t *count);
