#pragma once
/* A migrated schema and a database to run test bodies on; each body in a transaction that is rolled
 * back. TTS_TEST_DB_URL names the database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "db.h"
#include "log.h"
#include "loop.h"
#include "migrate.h"
#include "outbox.h"
#include "people.h"
#include "write_run.h"

#define NOW (INT64_C(1767225600) * US_PER_S)

extern const struct db_migration SERVICE_MIGRATIONS[];

static struct loop *fixture_loop;
static struct db *fixture_db;

/* With the tables of the outbox: every statement of the program is prepared, theirs too. */
static enum err fixture_migrate(const char *url, const char *schema)
{
    struct db_migration all[64];
    size_t n = 0;
    int applied;
    char *why = NULL;
    enum err rc;

    for (const struct db_migration *m = MQ_MIGRATIONS; m->sql; m++)
        all[n++] = *m;
    for (const struct db_migration *m = PEOPLE_MIGRATIONS; m->sql; m++)
        all[n++] = *m;
    for (const struct db_migration *m = WRITE_MIGRATIONS; m->sql; m++)
        all[n++] = *m;
    for (const struct db_migration *m = SERVICE_MIGRATIONS; m->sql; m++)
        all[n++] = *m;
    rc = db_migrate(url, schema, all, n, &applied, &why);
    if (rc)
        fprintf(stderr, "%s\n", why ? why : err_text(rc));
    free(why);
    return rc;
}

static int fixture_setup(void **state)
{
    static char schema[64];
    const char *url = getenv("TTS_TEST_DB_URL");
    struct db_config cfg = {.url = str_from(url),
                            .pool_size = 2,
                            .read_connections = 1,
                            .statement_timeout_ms = 60000,
                            .acquire_timeout_ms = 60000,
                            .app_name = "store-test"};

    (void)state;
    if (!url) {
        fprintf(stderr, "TTS_TEST_DB_URL is not set\n");
        return 1;
    }
    log_init("store-test", LOG_ERROR);
    snprintf(schema, sizeof schema, "store_test_%d", (int)getpid());
    if (fixture_migrate(url, schema))
        return 1;
    cfg.schema = str_from(schema);
    fixture_loop = loop_new();
    fixture_db = db_new(fixture_loop, &cfg);
    db_start(fixture_db);
    return 0;
}

static int fixture_teardown(void **state)
{
    (void)state;
    db_free(fixture_db);
    loop_free(fixture_loop);
    return 0;
}

typedef void (*fixture_body_fn)(struct db_session *s);

static void fixture_run_body(void *arg)
{
    fixture_body_fn *body = arg;
    struct arena *a = arena_new();
    struct db_session s;

    db_session_init(&s, fixture_db, a);
    assert_int_equal(db_begin(&s), ERR_OK);
    (*body)(&s);
    db_rollback(&s);
    arena_free(a);
}

/* Runs the body of the test, given as its initial state. */
static void fixture_run(void **state)
{
    fixture_body_fn body = (fixture_body_fn)(intptr_t)*state;
    int64_t deadline = clock_mono_us() + 120 * US_PER_S;

    if (co_count())
        _exit(1); /* a failed assertion left its coroutine, and with it the loop, half way */
    while (!db_is_up(fixture_db) && clock_mono_us() < deadline)
        loop_turn(fixture_loop, 20);
    co_start(fixture_loop, fixture_run_body, &body, "test");
    while (co_count() && clock_mono_us() < deadline)
        loop_turn(fixture_loop, 50);
    assert_int_equal(co_count(), 0);
}

#define STORE_TEST(body)                                                                           \
    (struct CMUnitTest)                                                                            \
    {                                                                                              \
        .name = #body, .test_func = fixture_run, .initial_state = (void *)(intptr_t)body           \
    }
#define STORE_TESTS_RUN(tests) cmocka_run_group_tests(tests, fixture_setup, fixture_teardown)
