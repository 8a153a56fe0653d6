#pragma once
/* The connections of a database: a pool, each of whose members one holder has at a time, and
 * readers that all share. Private to common/db. */
#include "conn.h"

/* How the pool's connections plan. Planning is most of what the first statements of a connection
 * cost, so plans are kept. One that is kept must stay right while its tables grow: scanning them
 * looks cheap as long as they are small. */
#define POOL_PLAN_CACHE_MODE "force_generic_plan"
#define POOL_SEQSCAN "off"

struct member {
    struct list node; /* in the pool's list of idle ones */
    struct conn *conn;
    struct db *db;
    struct member **holder; /* becomes NULL when the connection is lost; NULL: nobody looks */
    bool is_busy;           /* held */
    bool is_reader;
};

/* ERR_SERVICE_UNAVAILABLE when none can be had in time. */
MUST_CHECK enum err CO_FN pool_acquire(struct db *db, struct member **out);
/* Everything sent has been answered, or was lost. */
void pool_release(struct member *m);
/* The same amid a transaction: what has begun is rolled back in the background. is_synced: nothing
 * has been sent since the last sync. */
void pool_abandon(struct member *m, bool has_begun, bool is_synced);
/* The least busy reader that is usable; NULL: none is. */
struct member *pool_reader(struct db *db);
