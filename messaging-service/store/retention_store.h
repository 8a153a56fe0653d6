#pragma once
/* What is kept no longer. May suspend. */
#include "db.h"

/* Of the oldest messages those from before that moment, with all that became of them, in a
 * transaction of the caller's: nobody has them unread any more. *count is how many they were. */
MUST_CHECK enum err CO_FN retention_store_messages(struct db_session *s, int64_t before,
                                                   int64_t *count);
