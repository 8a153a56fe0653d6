#pragma once
/* The texts that tickets are searched in, and their index of trigrams. */
#include "db.h"

/* Takes a thousand new texts into the index once there are five hundred, for one by one they cost
 * many times as much, and in a flood of tickets when it is over, or has left a hundred thousand;
 * *more tells whether there may be others. now: wall µs. Any number of processes may do so at once.
 */
MUST_CHECK enum err CO_FN text_store_sort(struct db_session *s, int64_t now, bool *more);
