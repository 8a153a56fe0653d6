#pragma once
/*
 * For store tests: a schema of its own in the database that TTS_TEST_DB_URL names, and each test in
 * a transaction that is rolled back. Nothing but test programs may use it.
 */
#include "db.h"
#include "migrate.h"

/*
 * Creates the schema test_<name>_<pid>, applies the migrations (arrays as in struct service_desc,
 * those of mq first) and connects. Returns what cmocka wants of a group's fixture: 0, or 1 with the
 * reason on standard error.
 */
int store_test_open(const char *name, const struct db_migration *const *migrations);
/* Drops the schema; 0 when that went well. */
int store_test_close(void);

typedef void (*store_test_fn)(struct db_session *s);
/* Runs fn in a coroutine, in a transaction that is rolled back; aborts when fn takes over 120 s. */
void store_test_run(store_test_fn fn);
/* The same without a transaction: fn brings its own, and what it commits stays. */
void store_test_run_bare(store_test_fn fn);

/* Makes the cmocka test test_<fn> of a store_test_fn. */
#define STORE_TEST(fn)                                                                             \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        store_test_run(fn);                                                                        \
    }

/*
 * Has the server describe every statement that is linked in, and compares its parameters and
 * columns with the declared type letters. Returns the number of differences, each told on standard
 * error.
 */
int store_test_statements(void);

/* How the server would execute a statement whatever its values are, by what is committed: the text
 * of EXPLAIN. Aborts for a name that no linked statement has. */
struct str store_test_plan(struct arena *a, const char *name);

extern struct loop *store_test_loop;
extern struct db *store_test_db;
