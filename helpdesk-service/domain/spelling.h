#pragma once
/* How far a mistyped word is from another one. */
#include "str.h"

#define SPELLING_BYTES_MAX 64

/* Insertions, deletions, replacements and swaps of neighbours that make a into b (optimal string
 * alignment), over bytes. Words over SPELLING_BYTES_MAX are far from everything. */
size_t spelling_distance(struct str a, struct str b);
/* Whether b may be meant by a: one mistake in short words, two in those from 8 bytes on. */
bool spelling_is_near(struct str a, struct str b);
