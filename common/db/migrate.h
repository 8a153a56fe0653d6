#pragma once
/*
 * Embedded migrations: ordered SQL files per module, applied once each, in one transaction a file,
 * under an advisory lock of the schema so that any number of processes may start at once.
 */
#include <stddef.h>

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
