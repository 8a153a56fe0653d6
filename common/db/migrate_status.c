/* Compares the migrations of a schema with those of this program, and changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "migrate_internal.h"
#include "strmap.h"

/* One row, of nothing when there is no such table: a schema that has yet to be made. */
static enum err has_table(struct migrate_run *r, const char *table, bool *has)
{
    const char *params[] = {table};
    PGresult *res =
        PQexecParams(r->pg, "SELECT to_regclass($1) IS NOT NULL", 1, NULL, params, NULL, NULL, 0);
    bool is_fine = PQresultStatus(res) == PGRES_TUPLES_OK;
    *has = is_fine && strcmp(PQgetvalue(res, 0, 0), "t") == 0;
    PQclear(res);
    if (!is_fine)
        migrate_explain(r, "looking for the schema");
    return is_fine ? ERR_OK : ERR_DATABASE_ERROR;
}

static enum err read_applied(struct migrate_run *r, const char *schema, PGresult **out)
{
    char *quoted = PQescapeIdentifier(r->pg, schema, strlen(schema));
    const char *table = arena_printf(r->arena, "%s.schema_migration", quoted);
    bool has = false;
    PQfreemem(quoted);
    *out = NULL;
    enum err rc = has_table(r, table, &has);
    if (rc || !has)
        return rc;
    *out = PQexec(r->pg, arena_printf(r->arena,
                                      "SELECT module, version, name, fingerprint,"
                                      " to_char(applied_at AT TIME ZONE 'UTC',"
                                      " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM %s"
                                      " ORDER BY applied_at, module, version",
                                      table));
    if (PQresultStatus(*out) == PGRES_TUPLES_OK)
        return ERR_OK;
    migrate_explain(r, "reading applied migrations");
    PQclear(*out);
    *out = NULL;
    return ERR_DATABASE_ERROR;
}

static struct str key_of(struct arena *a, const char *module, const char *version)
{
    return str_from(arena_printf(a, "%s:%s", module, version));
}

/* In order of application: what this program has, then what only the schema knows. */
static void compare(struct arena *a, const PGresult *rows, const struct db_migration *list,
                    size_t n, struct db_migration_status *out, size_t *count)
{
    struct strmap *by_key = strmap_new();
    int applied = rows ? PQntuples(rows) : 0;
    bool *is_known = arena_alloc(a, (size_t)applied + 1);
    int *index = ARENA_ARRAY(a, int, (size_t)applied + 1);
    memset(is_known, 0, (size_t)applied + 1);
    for (int i = 0; i < applied; i++) {
        index[i] = i;
        strmap_set(by_key, key_of(a, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1)), &index[i]);
    }
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        char print[FINGERPRINT_SIZE];
        const int *at =
            strmap_get(by_key, key_of(a, list[i].module, arena_printf(a, "%d", list[i].version)));
        struct db_migration_status *s = &out[(*count)++];
        *s = (struct db_migration_status){list[i].module, list[i].version, list[i].name,
                                          NULL,           list[i].sql,     MIGRATION_PENDING};
        if (!at)
            continue;
        is_known[*at] = true;
        migrate_fingerprint(list[i].sql, print);
        s->applied_at = arena_strdup(a, PQgetvalue(rows, *at, 4));
        s->state =
            strcmp(print, PQgetvalue(rows, *at, 3)) == 0 ? MIGRATION_APPLIED : MIGRATION_CHANGED;
    }
    for (int i = 0; i < applied; i++)
        if (!is_known[i])
            out[(*count)++] =
                (struct db_migration_status){arena_strdup(a, PQgetvalue(rows, i, 0)),
                                             (int)strtol(PQgetvalue(rows, i, 1), NULL, 10),
                                             arena_strdup(a, PQgetvalue(rows, i, 2)),
                                             arena_strdup(a, PQgetvalue(rows, i, 4)),
                                             NULL,
                                             MIGRATION_UNKNOWN};
    strmap_free(by_key);
}

enum err db_migration_status(const char *url, const char *schema, const struct db_migration *list,
                             size_t n, struct arena *a, struct db_migration_status **out,
                             size_t *count, char **why)
{
    struct migrate_run r = {.arena = a, .why = why};
    PGresult *rows = NULL;
    *why = NULL;
    *count = 0;
    enum err rc = migrate_connect(&r, url);
    if (rc == ERR_OK)
        rc = read_applied(&r, schema, &rows);
    if (rc == ERR_OK) {
        size_t most = n + (rows ? (size_t)PQntuples(rows) : 0);
        *out = ARENA_ARRAY(a, struct db_migration_status, most + 1);
        compare(a, rows, list, n, *out, count);
    }
    PQclear(rows);
    migrate_disconnect(&r);
    return rc;
}
