#pragma once
/*
 * PostgreSQL on the loop. Statements are declared beside the function that uses them, prepared when
 * a connection opens, and exchanged in binary. Outside a transaction reads are pipelined over a few
 * shared connections; a write, or a long read, is one autocommitted statement on a pooled one;
 * inside a transaction everything runs on its connection, BEGIN travelling with the first
 * statement. Lost connections are reopened with backoff; work in flight on them ends in
 * ERR_SERVICE_UNAVAILABLE.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "co.h"
#include "err.h"
#include "str.h"

struct db;
struct db_tx;
struct loop;

struct db_config {
    struct str url;       /* postgres://… */
    struct str schema;    /* becomes the search_path, followed by public */
    int pool_size;        /* connections for writes and transactions */
    int read_connections; /* pipelined connections for reads; 0: reads use the pool */
    int statement_timeout_ms;
    int acquire_timeout_ms; /* longest wait for a pooled connection */
    const char *app_name;
};

/* Strings are copied. Nothing connects before db_start; until then the database counts as away. */
struct db *db_new(struct loop *l, const struct db_config *cfg);
/* Starts connecting in the background: call it once the schema is migrated. */
void db_start(struct db *db);
/* Closes all connections; nothing may be in flight. */
void db_free(struct db *db);
/* At least one usable connection right now. */
bool db_is_up(const struct db *db);
/* Round trip on a pooled connection, for readiness checks. */
MUST_CHECK enum err CO_FN db_ping(struct db *db);

struct db_stats {
    int pool_size, in_use, waiting, connected;
};
void db_stats(const struct db *db, struct db_stats *out);

/* ---- statements --------------------------------------------------------------------------- */

/*
 * Type letters of params and cols: i int8, n int4, t text, b bool, z timestamptz (int64_t µs),
 * j jsonb (text), u uuid (text), d float8, y bytea, I int8[], T text[].
 * Every parameter and column may be NULL.
 */
struct db_stmt {
    const char *name, *params, *cols, *sql;
    bool is_read; /* pipelined with others */
    bool is_planned_anew;
};

/*
 * Declares and registers a statement: DB_READ(by_number, "t", "it", "SELECT …"). File scope only.
 * A read that may take long is a DB_READ_LONG: it has a pooled connection to itself, so that no
 * quick one waits behind it. On a pooled connection a statement is planned once, without its values
 * and to find rows by indexes. Long reads, and what is DB_WRITE_PLANNED since its best plan depends
 * on its values or on how many rows there are, are left to PostgreSQL's judgement.
 */
#define DB_READ(var, params_, cols_, sql_) DB_STMT_(var, params_, cols_, true, false, sql_)
#define DB_READ_LONG(var, params_, cols_, sql_) DB_STMT_(var, params_, cols_, false, true, sql_)
#define DB_WRITE(var, params_, cols_, sql_) DB_STMT_(var, params_, cols_, false, false, sql_)
#define DB_WRITE_PLANNED(var, params_, cols_, sql_) DB_STMT_(var, params_, cols_, false, true, sql_)
#define DB_STMT_(var, params_, cols_, read_, planned_, sql_)                                       \
    static const struct db_stmt var = {#var, params_, cols_, sql_, read_, planned_};               \
    static const struct db_stmt *const var##_registered                                            \
        __attribute__((section("db_stmts"), used)) = &var

struct db_value {
    char kind; /* the type letter, or 0 for NULL */
    union {
        int64_t i;
        double d;
        struct str s;
        struct {
            const void *items; /* int64_t or struct str */
            size_t count;
        } array;
    };
};

#define DB_INT(v) ((struct db_value){.kind = 'i', .i = (v)})
#define DB_BOOL(v) ((struct db_value){.kind = 'b', .i = (v)})
#define DB_DOUBLE(v) ((struct db_value){.kind = 'd', .d = (v)})
/* text, jsonb, uuid and bytea; absent → NULL */
#define DB_STR(v) ((struct db_value){.kind = 't', .s = (v)})
/* INT64_MIN → NULL */
#define DB_TIME(v) ((struct db_value){.kind = 'z', .i = (v)})
#define DB_OPT_INT(v) ((struct db_value){.kind = 'i', .i = (v)})
#define DB_NULL ((struct db_value){.kind = 0})
#define DB_INT_ARRAY(items, count) db_array_value('I', (items), (count))
#define DB_STR_ARRAY(items, count) db_array_value('T', (items), (count))
static inline struct db_value db_array_value(char kind, const void *items, size_t count)
{
    struct db_value v = {.kind = kind};
    v.array.items = items;
    v.array.count = count;
    return v;
}

/* ---- sessions ----------------------------------------------------------------------------- */

/*
 * Where statements run: given to every store function. Results and errors live in arena. With
 * tx == NULL each statement stands alone. A transaction left open when the arena is freed is rolled
 * back.
 */
struct db_session {
    struct db *db;
    struct db_tx *tx;
    struct arena *arena;
    struct str error_constraint; /* of the last constraint violation, else absent */
    struct str error_detail;     /* the server's message of the last failure, for logs */
};

void db_session_init(struct db_session *s, struct db *db, struct arena *a);

/* ERR_SERVICE_UNAVAILABLE when no connection can be had in time. */
MUST_CHECK enum err CO_FN db_begin(struct db_session *s);
MUST_CHECK enum err CO_FN db_commit(struct db_session *s);
/* Safe without a transaction and after a failure. */
void CO_FN db_rollback(struct db_session *s);
/* Calls fn(arg) once the current transaction has committed; outside one, at once. */
void db_on_commit(struct db_session *s, void (*fn)(void *arg), void *arg);

/*
 * Runs fn(s, arg) in the transaction right before it commits, in the order registered; what fn
 * fails with ends the commit. For rows that are best written together.
 */
typedef enum err (*db_tx_fn)(struct db_session *s, void *arg);
void db_before_commit(struct db_session *s, db_tx_fn fn, void *arg);
/* The arg that the transaction has registered with fn; NULL without. */
void *db_before_commit_arg(const struct db_session *s, db_tx_fn fn);

/*
 * begin, fn, commit; rolls back when fn fails; repeats up to three times on a serialization failure
 * or deadlock. fn must be repeatable.
 */
MUST_CHECK enum err CO_FN db_transact(struct db_session *s, db_tx_fn fn, void *arg);

/* ---- running ------------------------------------------------------------------------------ */

struct db_result; /* in the session's arena */

/*
 * Unique violations → ERR_CONFLICT, foreign key → ERR_NOT_FOUND, check and not-null →
 * ERR_VALIDATION_ERROR, 40001/40P01 → ERR_SERIALIZATION, connection, shutdown and resource classes
 * → ERR_SERVICE_UNAVAILABLE, statement timeout → ERR_TIMEOUT, all others → ERR_DATABASE_ERROR
 * (logged). out may be NULL.
 */
MUST_CHECK enum err CO_FN db_run(struct db_session *s, const struct db_stmt *stmt,
                                 struct db_result **out, const struct db_value *values, size_t n);
#define DB_VALUES_(...) ((const struct db_value[]){DB_NULL, ##__VA_ARGS__})
/* db_query(s, &by_number, &rows, DB_STR(number)) */
#define db_query(s, stmt, out, ...)                                                                \
    db_run((s), (stmt), (out), DB_VALUES_(__VA_ARGS__) + 1,                                        \
           sizeof DB_VALUES_(__VA_ARGS__) / sizeof(struct db_value) - 1)

/*
 * For a statement of which only the success matters: inside a transaction it waits for nothing and
 * travels with the next statement or the commit, which then ends in what this one failed with.
 */
MUST_CHECK enum err CO_FN db_run_along(struct db_session *s, const struct db_stmt *stmt,
                                       const struct db_value *values, size_t n);
#define db_send(s, stmt, ...)                                                                      \
    db_run_along((s), (stmt), DB_VALUES_(__VA_ARGS__) + 1,                                         \
                 sizeof DB_VALUES_(__VA_ARGS__) / sizeof(struct db_value) - 1)

size_t db_rows(const struct db_result *r);
/* Rows touched by INSERT, UPDATE or DELETE. */
int64_t db_affected(const struct db_result *r);
/* A wrong row, column or type letter aborts: it is a programming error. */
bool db_is_null(const struct db_result *r, size_t row, int col);
int64_t db_get_int(const struct db_result *r, size_t row, int col);   /* i, n; NULL → INT64_MIN */
bool db_get_bool(const struct db_result *r, size_t row, int col);     /* NULL → false */
double db_get_double(const struct db_result *r, size_t row, int col); /* NULL → NaN */
int64_t db_get_time(const struct db_result *r, size_t row, int col);  /* NULL → INT64_MIN */
struct str db_get_str(const struct db_result *r, size_t row,
                      int col); /* t, j, u, y; NULL → absent */
/* Elements in the arena; NULL → count 0. */
size_t db_get_int_array(const struct db_result *r, size_t row, int col, const int64_t **out);
size_t db_get_str_array(const struct db_result *r, size_t row, int col, const struct str **out);

/* Iterates over every registered statement: the test that compares them with the server. */
const struct db_stmt *const *db_statements(size_t *count);

/* ---- notifications (listen.c) ------------------------------------------------------------- */

struct db_listener;
/* On the loop's own stack. payload absent: listening has begun, or begun again after the connection
 * was lost. What was notified before that is missed: look at the tables. */
typedef void (*db_notified_fn)(void *arg, struct str payload);

/* A connection of its own that LISTENs on the channel until it is freed, reopened with backoff.
 * After db_start. Goes through no transaction-pooling proxy. */
struct db_listener *db_listener_new(struct db *db, const char *channel, db_notified_fn fn,
                                    void *arg);
bool db_listener_is_up(const struct db_listener *l);
/* Before db_free. NULL is accepted. */
void db_listener_free(struct db_listener *l);
