#pragma once
/* Between the files that deal with migrations. */
#include <libpq-fe.h>

#include "arena.h"
#include "migrate.h"

struct migrate_run {
    PGconn *pg;
    struct arena *arena;
    char **why; /* malloc'd text of the failure */
};

#define FINGERPRINT_SIZE 17

/* Blocking. ERR_SERVICE_UNAVAILABLE with *r->why when the server is not reachable; call
 * migrate_disconnect either way. */
MUST_CHECK enum err migrate_connect(struct migrate_run *r, const char *url);
void migrate_disconnect(struct migrate_run *r);
/* Puts the server's message behind what. */
void migrate_explain(struct migrate_run *r, const char *what);
void migrate_fingerprint(const char *sql, char out[FINGERPRINT_SIZE]);
