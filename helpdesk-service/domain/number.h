#pragma once
/* Ticket numbers: "TX", the UTC day as YYYYMMDD, and a sequence of the day of at least six digits.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

struct str ticket_number_format(struct arena *a, const char day[9], int64_t sequence);
/* Whether s has the form of a number; nothing else is ever looked up. */
bool ticket_number_is_valid(struct str s);
/* The first ticket number inside text, absent when there is none. */
struct str ticket_number_find(struct str text);
