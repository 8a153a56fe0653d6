#include "migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "mem.h"
#include "migrate_internal.h"
#include "strmap.h"

/* Whoever uses the table waits behind a migration that waits for it. So that waits briefly, lets
 * them pass, and tries again. */
#define LOCK_TIMEOUT "SET LOCAL lock_timeout = '2s'"
#define LOCK_TRIES 30
#define LOCK_PAUSE_NS 500000000
#define LOCK_NOT_AVAILABLE "55P03" /* SQLSTATE */
#define TURN_PAUSE_NS 50000000

void migrate_explain(struct migrate_run *r, const char *what)
{
    struct buf b;
    buf_init(&b, r->arena);
    buf_printf(&b, "%s: %s", what, PQerrorMessage(r->pg));
    while (b.len && b.p[b.len - 1] == '\n')
        b.len--;
    *r->why = mem_strdup(buf_cstr(&b));
}

static enum err exec(struct migrate_run *r, const char *sql, const char *what)
{
    PGresult *res = PQexec(r->pg, sql);
    ExecStatusType status = PQresultStatus(res);
    PQclear(res);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return ERR_OK;
    migrate_explain(r, what);
    return PQstatus(r->pg) == CONNECTION_OK ? ERR_DATABASE_ERROR : ERR_SERVICE_UNAVAILABLE;
}

/* FNV-1a: tells an edited file from the one that was applied; no protection against intent. */
void migrate_fingerprint(const char *sql, char out[FINGERPRINT_SIZE])
{
    uint64_t h = 0xcbf29ce484222325ULL;
    for (const unsigned char *p = (const unsigned char *)sql; *p; p++)
        h = (h ^ *p) * 0x100000001b3ULL;
    snprintf(out, FINGERPRINT_SIZE, "%016llx", (unsigned long long)h);
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg, (void)message;
}

/* One process at a time. Whoever waited inside a statement would be waited for by an index that is
 * built concurrently, and so for ever. */
static enum err take_turn(struct migrate_run *r, const char *schema)
{
    const struct timespec pause = {.tv_nsec = TURN_PAUSE_NS};
    const char *params[] = {schema};
    for (;;) {
        PGresult *res = PQexecParams(
            r->pg, "SELECT pg_try_advisory_lock(hashtextextended('tts-migrate:' || $1, 0))", 1,
            NULL, params, NULL, NULL, 0);
        bool is_fine = PQresultStatus(res) == PGRES_TUPLES_OK;
        bool has_turn = is_fine && strcmp(PQgetvalue(res, 0, 0), "t") == 0;
        PQclear(res);
        if (has_turn)
            return ERR_OK;
        if (!is_fine) {
            migrate_explain(r, "waiting for other migrations");
            return ERR_SERVICE_UNAVAILABLE;
        }
        nanosleep(&pause, NULL);
    }
}

static enum err prepare_schema(struct migrate_run *r, const char *schema)
{
    char *quoted = PQescapeIdentifier(r->pg, schema, strlen(schema));
    char *literal = PQescapeLiteral(r->pg, schema, strlen(schema));
    struct buf b;
    buf_init(&b, r->arena);
    /* CREATE SCHEMA IF NOT EXISTS needs the right to create even when the schema exists. */
    buf_printf(&b,
               "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s) THEN "
               "CREATE SCHEMA %s; END IF; END $$;"
               "SET search_path = %s, public;"
               "CREATE TABLE IF NOT EXISTS schema_migration ("
               " module text NOT NULL, version int NOT NULL, name text NOT NULL,"
               " fingerprint text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
               " PRIMARY KEY (module, version))",
               literal, quoted, quoted);
    PQfreemem(quoted);
    PQfreemem(literal);
    return exec(r, buf_cstr(&b), "preparing the schema");
}

static enum err load_applied(struct migrate_run *r, struct strmap *applied)
{
    PGresult *res =
        PQexec(r->pg, "SELECT module || ':' || version, fingerprint FROM schema_migration");
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        PQclear(res);
        migrate_explain(r, "reading applied migrations");
        return ERR_DATABASE_ERROR;
    }
    for (int i = 0; i < PQntuples(res); i++)
        strmap_set(applied, str_from(PQgetvalue(res, i, 0)),
                   arena_strdup(r->arena, PQgetvalue(res, i, 1)));
    PQclear(res);
    return ERR_OK;
}

static enum err note_applied(struct migrate_run *r, const struct db_migration *m, const char *print,
                             const char *what)
{
    const char *version = arena_printf(r->arena, "%d", m->version);
    const char *params[] = {m->module, version, m->name, print};
    PGresult *res = PQexecParams(r->pg,
                                 "INSERT INTO schema_migration (module, version, name, "
                                 "fingerprint) VALUES ($1, $2::int, $3, $4)",
                                 4, NULL, params, NULL, NULL, 0);
    bool is_fine = PQresultStatus(res) == PGRES_COMMAND_OK;
    if (!is_fine)
        migrate_explain(r, what);
    PQclear(res);
    return is_fine ? ERR_OK : ERR_DATABASE_ERROR;
}

/* *is_locked_out: a table was in use for longer than the migration waits. */
static enum err run_sql(struct migrate_run *r, const char *sql, const char *what,
                        bool *is_locked_out)
{
    PGresult *res = PQexec(r->pg, sql);
    ExecStatusType status = PQresultStatus(res);
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    *is_locked_out = state && strcmp(state, LOCK_NOT_AVAILABLE) == 0;
    PQclear(res);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return ERR_OK;
    migrate_explain(r, what);
    return PQstatus(r->pg) == CONNECTION_OK ? ERR_DATABASE_ERROR : ERR_SERVICE_UNAVAILABLE;
}

static enum err apply_once(struct migrate_run *r, const struct db_migration *m, const char *print,
                           bool *is_locked_out)
{
    const char *what =
        arena_printf(r->arena, "migration %s %04d_%s", m->module, m->version, m->name);
    *is_locked_out = false;
    enum err rc = exec(r, "BEGIN;" LOCK_TIMEOUT, what);
    if (rc == ERR_OK)
        rc = run_sql(r, m->sql, what, is_locked_out);
    if (rc == ERR_OK)
        rc = note_applied(r, m, print, what);
    if (rc == ERR_OK)
        return exec(r, "COMMIT", what);
    PQclear(PQexec(r->pg, "ROLLBACK"));
    return rc;
}

/* The name of the index that the migration builds concurrently; absent: it does no such thing. */
static struct str concurrent_index(const struct db_migration *m)
{
    static const struct str WORDS = {"INDEX CONCURRENTLY ", 19};
    struct str sql = str_from(m->sql), name;
    ptrdiff_t at = str_find(sql, WORDS);
    if (at < 0)
        return STR_NULL;
    sql = str_slice(sql, (size_t)at + WORDS.len, sql.len);
    str_next(&sql, ' ', &name);
    return name;
}

/* Outside a transaction. What a build that was broken off has left is no index, and in the way. */
static enum err apply_concurrently(struct migrate_run *r, const struct db_migration *m,
                                   struct str index, const char *print)
{
    const char *what =
        arena_printf(r->arena, "migration %s %04d_%s", m->module, m->version, m->name);
    enum err rc = exec(r, "SET lock_timeout = 0", what);
    if (rc == ERR_OK)
        rc = exec(r,
                  arena_printf(r->arena, "DROP INDEX CONCURRENTLY IF EXISTS %.*s", STR_ARG(index)),
                  what);
    if (rc == ERR_OK)
        rc = exec(r, m->sql, what);
    return rc ? rc : note_applied(r, m, print, what);
}

static enum err apply(struct migrate_run *r, const struct db_migration *m, const char *print)
{
    struct str index = concurrent_index(m);
    if (index.p)
        return apply_concurrently(r, m, index, print);
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    bool is_locked_out;
    enum err rc = apply_once(r, m, print, &is_locked_out);
    for (int i = 1; is_locked_out && i < LOCK_TRIES; i++) {
        free(*r->why);
        *r->why = NULL;
        nanosleep(&pause, NULL);
        rc = apply_once(r, m, print, &is_locked_out);
    }
    return rc;
}

static enum err apply_missing(struct migrate_run *r, const struct db_migration *list, size_t n,
                              int *applied)
{
    struct strmap *known = strmap_new();
    enum err rc = load_applied(r, known);
    for (size_t i = 0; i < n && rc == ERR_OK; i++) {
        char print[FINGERPRINT_SIZE];
        migrate_fingerprint(list[i].sql, print);
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

enum err migrate_connect(struct migrate_run *r, const char *url)
{
    const char *const keys[] = {"dbname", "connect_timeout", "application_name", NULL};
    const char *const values[] = {url, "5", "tts-migrate", NULL};
    r->pg = PQconnectdbParams(keys, values, 1);
    PQsetNoticeProcessor(r->pg, ignore_notice, NULL);
    if (PQstatus(r->pg) == CONNECTION_OK)
        return ERR_OK;
    migrate_explain(r, "connecting");
    return ERR_SERVICE_UNAVAILABLE;
}

void migrate_disconnect(struct migrate_run *r)
{
    PQfinish(r->pg); /* ends the advisory lock too */
}

enum err db_migrate(const char *url, const char *schema, const struct db_migration *list, size_t n,
                    int *applied, char **why)
{
    *applied = 0;
    *why = NULL;
    struct migrate_run r = {.arena = arena_new(), .why = why};
    enum err rc = migrate_connect(&r, url);
    if (rc == ERR_OK)
        rc = take_turn(&r, schema);
    if (rc == ERR_OK)
        rc = prepare_schema(&r, schema);
    if (rc == ERR_OK)
        rc = apply_missing(&r, list, n, applied);
    migrate_disconnect(&r);
    arena_free(r.arena);
    return rc;
}
