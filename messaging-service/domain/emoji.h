#pragma once
/* What people react with. */
#include <stdbool.h>

#include "str.h"

#define EMOJI_MAX_BYTES 64

/* One emoji as people see it: symbols with their modifiers and joiners (UTS #51), no letters. The
 * text need not be well-formed. */
bool emoji_is_valid(struct str s);
