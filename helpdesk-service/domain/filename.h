#pragma once
/* File names as people give them, made harmless: one path component of printable UTF-8. */
#include <stdbool.h>

#include "arena.h"
#include "str.h"

/* What is behind the last slash or backslash, without control characters, at most 200 bytes;
 * "file" when nothing is left. s is well-formed UTF-8. */
struct str filename_clean(struct arena *a, struct str s);
/* The name itself, or "name-2.ext", "name-3.ext", … when it is among those taken. */
struct str filename_unique(struct arena *a, struct str name, const struct str *taken, size_t count);
