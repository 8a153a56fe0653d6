#pragma once
/*
 * Which contents there are. A content is announced before it gets its name on disk and removed
 * together with its row, so that an upload of a content and the removal of an equal one cannot
 * cross: whoever comes second waits for the row. at and before are wall-clock times of this
 * process, not of a request, which may have begun hours ago.
 */
#include "db.h"

/* Outside of a transaction, before media_place. */
MUST_CHECK enum err CO_FN blob_store_announce(struct db_session *s, struct str sha256, int64_t size,
                                              int64_t at);
/* Clears the mark of those that are used all the same. */
MUST_CHECK enum err CO_FN blob_store_clear_used(struct db_session *s, int64_t before);
/* Those that nobody has used since before; at most limit. */
MUST_CHECK enum err CO_FN blob_store_unused(struct db_session *s, int64_t before, int64_t limit,
                                            const struct str **sha256, size_t *count);
/* Inside a transaction, until its end: *may is false while a backup is copying files. */
MUST_CHECK enum err CO_FN blob_store_may_remove(struct db_session *s, bool *may);
/* Inside a transaction that also removes the bytes; *removed is false when it is used again. */
MUST_CHECK enum err CO_FN blob_store_remove(struct db_session *s, struct str sha256, int64_t before,
                                            bool *removed);
