#pragma once
/* Calendars as their keepers state them, and as clocks use them. */
#include "db.h"
#include "domain/calendar.h"

struct calendar_doc {
    int64_t id, version;
    struct str name, zone;
    struct calendar_plan plan;
    int64_t created_at, updated_at;
};

struct calendar_head {
    int64_t id, version;
    struct str name, zone;
    int64_t slot_count, exception_count, created_at, updated_at;
};

/* By name. */
MUST_CHECK enum err CO_FN calendar_store_list(struct db_session *s, int64_t limit, int64_t offset,
                                              struct calendar_head **out, size_t *count,
                                              int64_t *total);
/* ERR_NOT_FOUND. The locking one needs a transaction. */
MUST_CHECK enum err CO_FN calendar_store_find(struct db_session *s, int64_t id,
                                              struct calendar_doc *out);
MUST_CHECK enum err CO_FN calendar_store_lock(struct db_session *s, int64_t id,
                                              struct calendar_doc *out);
/* Ready for use; ERR_NOT_FOUND also when the system has lost the zone. */
MUST_CHECK enum err CO_FN calendar_store_load(struct db_session *s, int64_t id, struct str zone,
                                              const struct calendar **out);

/* Sets id and version. ERR_CONFLICT when the name is taken. Both need a transaction. */
MUST_CHECK enum err CO_FN calendar_store_add(struct db_session *s, struct calendar_doc *c,
                                             int64_t now);
/* Replaces all of it, and makes the clocks that go by it be computed anew. Counts the version up.
 */
MUST_CHECK enum err CO_FN calendar_store_update(struct db_session *s, struct calendar_doc *c,
                                                int64_t now);
/* ERR_CONFLICT while a policy uses it. */
MUST_CHECK enum err CO_FN calendar_store_delete(struct db_session *s, int64_t id);
