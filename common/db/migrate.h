#pragma once
/*
 * Embedded migrations: ordered SQL files per module, applied once each, in one transaction a file,
 * under an advisory lock of the schema so that any number of processes may start at once. A
 * migration never waits for a lock on a table longer than two seconds at a time, because whoever
 * uses the table waits behind it. A file that is one CREATE INDEX CONCURRENTLY is applied outside a
 * transaction, so that writers go on while it is built; broken off, it is built anew.
 */
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "str.h"

struct db_migration {
    const char *module; /* "mq" for common tables, else the service's name */
    int version;
    const char *name;
    const char *sql; /* NUL-terminated */
};

/*
 * Blocking: run it on the offload pool. Creates the schema when missing and may do so. *why is
 * malloc'd text on failure; the caller frees it. ERR_SERVICE_UNAVAILABLE when the server is not
 * reachable (try again), ERR_DATABASE_ERROR when a migration fails or an applied one was changed.
 */
MUST_CHECK enum err db_migrate(const char *url, const char *schema, const struct db_migration *list,
                               size_t n, int *applied, char **why);

enum db_migration_state {
    MIGRATION_APPLIED,
    MIGRATION_PENDING,
    MIGRATION_CHANGED, /* applied, and edited since then */
    MIGRATION_UNKNOWN, /* applied, and not of this program: a newer one has been here */
};

struct db_migration_status {
    const char *module;
    int version;
    const char *name;
    const char *applied_at; /* ISO 8601; NULL: pending */
    const char *sql;        /* NULL: unknown */
    enum db_migration_state state;
};

/* Blocking, and changes nothing: those of list in order, then unknown ones. *why as above. */
MUST_CHECK enum err db_migration_status(const char *url, const char *schema,
                                        const struct db_migration *list, size_t n, struct arena *a,
                                        struct db_migration_status **out, size_t *count,
                                        char **why);
