#include "migrate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "encode.h"
#include "mem.h"
#include "strmap.h"

struct run {
    PGconn *pg;
    struct arena *arena;
    char **why;
};

static void explain(struct run *r, const char *what)
{
    struct buf b;
    buf_init(&b, r->arena);
    buf_printf(&b, "%s: %s", what, PQerrorMessage(r->pg));
    while (b.len && b.p[b.len - 1] == '\n')
        b.len--;
    *r->why = mem_strdup(buf_cstr(&b));
}

static enum err exec(struct run *r, const char *sql, const char *what)
{
    PGresult *res = PQexec(r->pg, sql);
    ExecStatusType status = PQresultStatus(res);
    PQclear(res);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return ERR_OK;
    explain(r, what);
    return PQstatus(r->pg) == CONNECTION_OK ? ERR_DATABASE_ERROR : ERR_SERVICE_UNAVAILABLE;
}

/* FNV-1a: tells an edited file from the one that was applied; no protection against intent. */
static void fingerprint(const char *sql, char out[17])
{
    uint64_t h = 0xcbf29ce484222325ULL;
    for (const unsigned char *p = (const unsigned char *)sql; *p; p++)
        h = (h ^ *p) * 0x100000001b3ULL;
    snprintf(out, 17, "%016llx", (unsigned long long)h);
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg, (void)message;
}

static enum err prepare_schema(struct run *r, const char *schema)
{
    char *quoted = PQescapeIdentifier(r->pg, schema, strlen(schema));
    char *literal = PQescapeLiteral(r->pg, schema, strlen(schema));
    struct buf b;
    buf_init(&b, r->arena);
    /* CREATE SCHEMA IF NOT EXISTS needs the right to create even when the schema exists. */
    buf_printf(&b,
               "SELECT pg_advisory_lock(hashtextextended('tts-migrate:' || %s, 0));"
               "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s) THEN "
               "CREATE SCHEMA %s; END IF; END $$;"
               "SET search_path = %s, public;"
               "CREATE TABLE IF NOT EXISTS schema_migration ("
               " module text NOT NULL, version int NOT NULL, name text NOT NULL,"
               " fingerprint text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
               " PRIMARY KEY (module, version))",
               literal, literal, quoted, quoted);
    PQfreemem(quoted);
    PQfreemem(literal);
    return exec(r, buf_cstr(&b), "preparing the schema");
}

static enum err load_applied(struct run *r, struct strmap *applied)
{
    PGresult *res =
        PQexec(r->pg, "SELECT module || ':' || version, fingerprint FROM schema_migration");
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        PQclear(res);
        explain(r, "reading applied migrations");
        return ERR_DATABASE_ERROR;
    }
    for (int i = 0; i < PQntuples(res); i++)
        strmap_set(applied, str_from(PQgetvalue(res, i, 0)),
                   arena_strdup(r->arena, PQgetvalue(res, i, 1)));
    PQclear(res);
    return ERR_OK;
}

static enum err apply(struct run *r, const struct db_migration *m, const char *print)
{
    const char *what =
        arena_printf(r->arena, "migration %s %04d_%s", m->module, m->version, m->name);
    enum err rc = exec(r, "BEGIN", what);
    if (rc == ERR_OK)
        rc = exec(r, m->sql, what);
    if (rc == ERR_OK) {
        const char *version = arena_printf(r->arena, "%d", m->version);
        const char *params[] = {m->module, version, m->name, print};
        PGresult *res = PQexecParams(r->pg,
                                     "INSERT INTO schema_migration (module, version, name, "
                                     "fingerprint) VALUES ($1, $2::int, $3, $4)",
                                     4, NULL, params, NULL, NULL, 0);
        if (PQresultStatus(res) != PGRES_COMMAND_OK) {
            explain(r, what);
            rc = ERR_DATABASE_ERROR;
        }
        PQclear(res);
    }
    if (rc == ERR_OK)
        return exec(r, "COMMIT", what);
    PQclear(PQexec(r->pg, "ROLLBACK"));
    return rc;
}

static enum err apply_missing(struct run *r, const struct db_migration *list, size_t n,
                              int *applied)
{
    struct strmap *known = strmap_new();
    enum err rc = load_applied(r, known);
    for (size_t i = 0; i < n && rc == ERR_OK; i++) {
        char print[17];
        fingerprint(list[i].sql, print);
        const char *key = arena_printf(r->arena, "%s:%d", list[i].module, list[i].version);
        const char *before = strmap_get(known, str_from(key));
        if (before && strcmp(before, print) != 0) {
            *r->why = mem_strdup(
                arena_printf(r->arena, "migration %s %04d_%s was changed after it had been applied",
                             list[i].module, list[i].version, list[i].name));
            rc = ERR_DATABASE_ERROR;
        } else if (!before) {
            rc = apply(r, &list[i], print);
            if (rc == ERR_OK)
                ++*applied;
        }
    }
    strmap_free(known);
    return rc;
}

enum err db_migrate(const char *url, const char *schema, const struct db_migration *list, size_t n,
                    int *applied, char **why)
{
    *applied = 0;
    *why = NULL;
    const char *const keys[] = {"dbname", "connect_timeout", "application_name", NULL};
    const char *const values[] = {url, "5", "tts-migrate", NULL};
    struct run r = {.arena = arena_new(), .why = why};
    r.pg = PQconnectdbParams(keys, values, 1);
    PQsetNoticeProcessor(r.pg, ignore_notice, NULL);
    enum err rc = ERR_SERVICE_UNAVAILABLE;
    if (PQstatus(r.pg) != CONNECTION_OK) {
        explain(&r, "connecting");
        goto out;
    }
    rc = prepare_schema(&r, schema);
    if (rc == ERR_OK)
        rc = apply_missing(&r, list, n, applied);
out:
    PQfinish(r.pg); /* ends the advisory lock too */
    arena_free(r.arena);
    return rc;
}
