#pragma once
/* What is kept no longer. All calls may suspend; each is one batch, in a transaction of the
 * caller's.
 */
#include "db.h"

/* Of the oldest notifications those from before that moment, with their deliveries; unread ones are
 * counted no more. *count is how many they were. */
MUST_CHECK enum err CO_FN retention_store_notifications(struct db_session *s, int64_t before,
                                                        int64_t *count);
/* Which messages were gone by then. */
MUST_CHECK enum err CO_FN retention_store_gone_messages(struct db_session *s, int64_t before);
