#pragma once
/* Regular expressions of route paths ("~/users/\d+"): PCRE2, anchored at the start of the path. */
#include "arena.h"
#include "str.h"

struct pattern;

/* Compiled without the "~"; freed with the arena. NULL with *why in the arena when it is not valid.
 */
struct pattern *pattern_new(struct arena *a, struct str text, const char **why);
/* How much of the path it matches, -1 when it does not. Work is bounded: an expression that would
 * try without end does not match. */
ptrdiff_t pattern_match(const struct pattern *p, struct str path);
