#pragma once
/* How many notifications are in which state, at the same cost however many there are. */
#include "db.h"

struct tally {
    struct str channel, status;
    int64_t count;
};
/* In order of channel and status; what there is none of is left out. */
MUST_CHECK enum err CO_FN tally_store_read(struct db_session *s, const struct tally **out,
                                           size_t *count);
/* Takes a batch of notes into the totals; *more tells whether there may be others. Any number of
 * processes may do so at once. */
MUST_CHECK enum err CO_FN tally_store_fold(struct db_session *s, bool *more);
