#pragma once
/* Slugs: the part of a URL that names an article in a-z, 0-9 and single hyphens. */
#include <stdbool.h>

#include "arena.h"
#include "str.h"

#define SLUG_MAX 80

/* From a title: Latin letters lose their accents, whatever else is not a letter or digit separates.
 * Empty when nothing is left, or digits only, which would look like an id. */
struct str slug_of(struct arena *a, struct str title);
/* Whether s is what slug_of could have made. */
bool slug_is_valid(struct str s);
