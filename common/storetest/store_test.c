#include "store_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "buf.h"
#include "clock.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "outbox.h"

#define MAX_MIGRATIONS 64
#define DEADLINE_S 120
#define DEADLOCK_DETECTED "40P01"
#define DROP_TRIES 5

struct loop *store_test_loop;
struct db *store_test_db;
static char schema[64];

/* ---- the schema --------------------------------------------------------------------------- */

static const char *server_url(void)
{
    const char *url = getenv("TTS_TEST_DB_URL");
    if (!url)
        fprintf(stderr, "TTS_TEST_DB_URL must name a database\n");
    return url;
}

static size_t add(struct db_migration *all, size_t n, const struct db_migration *set)
{
    for (; set->sql; set++) {
        if (n == MAX_MIGRATIONS)
            abort();
        all[n++] = *set;
    }
    return n;
}

static bool migrate(const char *url, const struct db_migration *const *migrations)
{
    struct db_migration all[MAX_MIGRATIONS];
    size_t n = add(all, 0, MQ_MIGRATIONS);
    for (; *migrations; migrations++)
        n = add(all, n, *migrations);
    int applied;
    char *why = NULL;
    if (db_migrate(url, schema, all, n, &applied, &why) == ERR_OK)
        return true;
    fprintf(stderr, "%s\n", why);
    free(why);
    return false;
}

int store_test_open(const char *name, const struct db_migration *const *migrations)
{
    /* A failed assertion ends the process: jumping out of the coroutine would leave a loop behind
     * that can neither go on nor stop. */
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    const char *url = server_url();
    snprintf(schema, sizeof schema, "test_%s_%d", name, (int)getpid());
    log_init(schema, LOG_ERROR);
    if (!url || !migrate(url, migrations))
        return 1;
    const struct db_config config = {.url = str_from(url),
                                     .schema = str_from(schema),
                                     .pool_size = 3,
                                     .read_connections = 1,
                                     .statement_timeout_ms = 60000,
                                     .acquire_timeout_ms = 60000,
                                     .app_name = schema};
    store_test_loop = loop_new();
    store_test_db = db_new(store_test_loop, &config);
    db_start(store_test_db);
    return 0;
}

static PGconn *connect_directly(void)
{
    const char *url = server_url();
    PGconn *c = url ? PQconnectdb(url) : NULL;
    if (c && PQstatus(c) == CONNECTION_OK)
        return c;
    fprintf(stderr, "%s\n", c ? PQerrorMessage(c) : "no server");
    PQfinish(c);
    return NULL;
}

static bool execute(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!ok)
        fprintf(stderr, "%s\n", PQerrorMessage(c));
    PQclear(r);
    return ok;
}

/* The server may still be preparing the statements of a connection that is closed here already, and
 * they lock the tables in another order. */
static bool drop_schema(PGconn *c)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SET client_min_messages TO error; DROP SCHEMA \"%s\" CASCADE",
             schema);
    for (int tries = 1;; tries++) {
        PGresult *r = PQexec(c, sql);
        const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
        bool is_done = PQresultStatus(r) == PGRES_COMMAND_OK;
        bool is_deadlock = state && strcmp(state, DEADLOCK_DETECTED) == 0;
        PQclear(r);
        if (is_done)
            return true;
        if (!is_deadlock || tries == DROP_TRIES) {
            fprintf(stderr, "%s\n", PQerrorMessage(c));
            return false;
        }
    }
}

int store_test_close(void)
{
    db_free(store_test_db);
    loop_free(store_test_loop);
    PGconn *c = connect_directly();
    bool ok = c && drop_schema(c);
    PQfinish(c);
    return ok ? 0 : 1;
}

/* ---- one test ----------------------------------------------------------------------------- */

struct run {
    store_test_fn fn;
    bool in_transaction, is_done;
};

static void give_up(const char *why)
{
    fprintf(stderr, "store test: %s\n", why);
    abort();
}

static void CO_FN run_main(void *arg)
{
    struct run *run = arg;
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, store_test_db, a);
    enum err rc = run->in_transaction ? db_begin(&s) : ERR_OK;
    if (rc)
        give_up(err_code(rc));
    run->fn(&s);
    db_rollback(&s);
    arena_free(a);
    run->is_done = true;
}

static void run_until_done(struct run *run)
{
    int64_t limit = clock_mono_us() + DEADLINE_S * US_PER_S;
    while (!db_is_up(store_test_db) && clock_mono_us() < limit)
        loop_turn(store_test_loop, 100);
    co_start(store_test_loop, run_main, run, "store test");
    while (!run->is_done) {
        if (clock_mono_us() > limit)
            give_up("it takes too long");
        loop_turn(store_test_loop, 100);
    }
}

void store_test_run(store_test_fn fn)
{
    run_until_done(&(struct run){.fn = fn, .in_transaction = true});
}

void store_test_run_bare(store_test_fn fn)
{
    run_until_done(&(struct run){.fn = fn});
}

/* ---- the statements ----------------------------------------------------------------------- */

static char letter_of(Oid type)
{
    static const struct {
        Oid type;
        char letter;
    } TYPES[] = {
        {20, 'i'},   {23, 'n'},   {25, 't'},  {1043, 't'}, {19, 't'},   {16, 'b'},   {1184, 'z'},
        {3802, 'j'}, {2950, 'u'}, {701, 'd'}, {17, 'y'},   {1016, 'I'}, {1009, 'T'},
    };
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (TYPES[i].type == type)
            return TYPES[i].letter;
    return '?';
}

static Oid type_of(char letter)
{
    static const char LETTERS[] = "intbzjudyIT";
    static const Oid TYPES[] = {20, 23, 25, 16, 1184, 3802, 2950, 701, 17, 1016, 1009};
    const char *at = letter ? strchr(LETTERS, letter) : NULL;
    return at ? TYPES[at - LETTERS] : 0;
}

static int differs(const struct db_stmt *s, const char *what, const char *declared,
                   const char *actual)
{
    if (strcmp(declared, actual) == 0)
        return 0;
    fprintf(stderr, "%s: %s are \"%s\", declared \"%s\"\n", s->name, what, actual, declared);
    return 1;
}

static int compare_description(const struct db_stmt *s, const PGresult *r)
{
    char params[64] = "", cols[64] = "";
    for (int i = 0; i < PQnparams(r) && i < 63; i++)
        params[i] = letter_of(PQparamtype(r, i));
    for (int i = 0; i < PQnfields(r) && i < 63; i++)
        cols[i] = letter_of(PQftype(r, i));
    return differs(s, "parameters", s->params, params) + differs(s, "columns", s->cols, cols);
}

static int compare_statement(PGconn *c, const struct db_stmt *s)
{
    Oid types[64];
    int n = (int)strlen(s->params);
    for (int i = 0; i < n && i < 64; i++)
        types[i] = type_of(s->params[i]);
    PGresult *prepared = PQprepare(c, "", s->sql, n, types);
    int differences = 1;
    if (PQresultStatus(prepared) == PGRES_COMMAND_OK) {
        PGresult *r = PQdescribePrepared(c, "");
        differences = compare_description(s, r);
        PQclear(r);
    } else {
        fprintf(stderr, "%s: %s", s->name, PQerrorMessage(c));
    }
    PQclear(prepared);
    return differences;
}

int store_test_statements(void)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SET search_path TO \"%s\", public", schema);
    PGconn *c = connect_directly();
    if (!c || !execute(c, sql)) {
        PQfinish(c);
        return 1;
    }
    size_t n;
    const struct db_stmt *const *all = db_statements(&n);
    int differences = 0;
    for (size_t i = 0; i < n; i++)
        differences += compare_statement(c, all[i]);
    PQfinish(c);
    return differences;
}

/* ---- plans -------------------------------------------------------------------------------- */

static const char *name_of(char letter)
{
    switch (letter) {
    case 'i':
        return "bigint";
    case 'n':
        return "int";
    case 'b':
        return "boolean";
    case 'z':
        return "timestamptz";
    case 'j':
        return "jsonb";
    case 'u':
        return "uuid";
    case 'd':
        return "float8";
    case 'y':
        return "bytea";
    case 'I':
        return "bigint[]";
    case 'T':
        return "text[]";
    default:
        return "text";
    }
}

static const struct db_stmt *statement_named(const char *name)
{
    size_t n;
    const struct db_stmt *const *all = db_statements(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    fprintf(stderr, "store test: no statement %s\n", name);
    abort();
}

struct str store_test_plan(struct arena *a, const char *name)
{
    const struct db_stmt *s = statement_named(name);
    struct buf types, values, plan;
    buf_init(&types, a);
    buf_init(&values, a);
    buf_init(&plan, a);
    for (const char *p = s->params; *p; p++) {
        buf_printf(&types, "%s%s", p == s->params ? "(" : ", ", name_of(*p));
        buf_printf(&values, "%sNULL", p == s->params ? "(" : ", ");
    }
    const char *end = *s->params ? ")" : "";
    const char *const steps[] = {
        arena_printf(a, "SET search_path TO \"%s\", public", schema),
        "SET plan_cache_mode = force_generic_plan",
        arena_printf(a, "PREPARE plan%.*s%s AS %s", STR_ARG(buf_str(&types)), end, s->sql),
    };
    PGconn *c = connect_directly();
    bool ok = c != NULL;
    for (size_t i = 0; ok && i < sizeof steps / sizeof steps[0]; i++)
        ok = execute(c, steps[i]);
    if (!ok)
        give_up("a plan cannot be had");
    PGresult *r =
        PQexec(c, arena_printf(a, "EXPLAIN EXECUTE plan%.*s%s", STR_ARG(buf_str(&values)), end));
    for (int i = 0; i < PQntuples(r); i++)
        buf_printf(&plan, "%s\n", PQgetvalue(r, i, 0));
    PQclear(r);
    PQfinish(c);
    return buf_str(&plan);
}
