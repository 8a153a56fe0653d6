/* Needs a PostgreSQL server: TTS_TEST_DB_URL names a database this test may create schemas in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "co.h"
#include "db.h"
#include "log.h"
#include "loop.h"
#include "migrate.h"

DB_WRITE(insert_thing, "tizjITbd", "iz",
         "INSERT INTO thing (name, amount, at, doc, numbers, words, flag, ratio) "
         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id, at");
DB_READ(
    read_thing, "i", "tizjITbdu",
    "SELECT name, amount, at, doc, numbers, words, flag, ratio, token FROM thing WHERE id = $1");
DB_READ(count_named, "t", "i", "SELECT count(*) FROM thing WHERE name = $1");
DB_READ(divide, "i", "i", "SELECT 10 / $1");
DB_WRITE(rename_thing, "it", "", "UPDATE thing SET name = $2 WHERE id = $1");
DB_WRITE(add_named, "t", "", "INSERT INTO thing (name) VALUES ($1)");
DB_WRITE(plan_mode, "", "t", "SELECT current_setting('plan_cache_mode')");
DB_WRITE_PLANNED(planned_mode, "i", "t",
                 "SELECT current_setting('plan_cache_mode') FROM"
                 " (SELECT 10 / $1) x (n) WHERE n > 0");
DB_WRITE(end_own_session, "", "b", "SELECT pg_terminate_backend(pg_backend_pid())");
DB_WRITE(sleep_long, "", "t", "SELECT pg_sleep(30)::text");

static const struct db_migration MIGRATIONS[] = {
    {"test", 1, "thing",
     "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
     " name text NOT NULL UNIQUE, amount bigint CHECK (amount >= 0), at timestamptz, doc jsonb,"
     " numbers bigint[], words text[], flag boolean, ratio float8,"
     " token uuid NOT NULL DEFAULT gen_random_uuid())"},
};

static struct loop *loop;
static struct db *db;
static char schema[64];
static const char *url;

static int setup(void **state)
{
    (void)state;
    url = getenv("TTS_TEST_DB_URL");
    if (!url) {
        fprintf(stderr, "TTS_TEST_DB_URL is not set\n");
        return 1;
    }
    log_init("test", LOG_ERROR);
    snprintf(schema, sizeof schema, "test_db_%d", (int)getpid());
    int applied;
    char *why;
    if (db_migrate(url, schema, MIGRATIONS, 1, &applied, &why) != ERR_OK) {
        fprintf(stderr, "%s\n", why);
        free(why);
        return 1;
    }
    loop = loop_new();
    struct db_config cfg = {.url = str_from(url),
                            .schema = str_from(schema),
                            .pool_size = 3,
                            .read_connections = 1,
                            .statement_timeout_ms = 30000,
                            .acquire_timeout_ms = 30000,
                            .app_name = "test_db"};
    db = db_new(loop, &cfg);
    db_start(db);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    db_free(db);
    loop_free(loop);
    static const struct db_migration DROP[] = {
        {"test", 2, "drop", "DROP TABLE thing"},
    };
    int applied;
    char *why;
    enum err rc = db_migrate(url, schema, DROP, 1, &applied, &why);
    free(why);
    return rc;
}

static void (*body)(struct db_session *s);

static void run_body(void *arg)
{
    (void)arg;
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, db, a);
    body(&s);
    arena_free(a);
}

static void turn_until_done(void)
{
    int64_t deadline = clock_mono_us() + 120 * US_PER_S;
    while (co_count() && clock_mono_us() < deadline)
        loop_turn(loop, 50);
    assert_int_equal(co_count(), 0);
}

static void in_coroutine(void (*fn)(struct db_session *s))
{
    body = fn;
    co_start(loop, run_body, NULL, "test");
    turn_until_done();
}

static int64_t insert(struct db_session *s, const char *name, enum err expect)
{
    struct db_result *r = NULL;
    enum err rc = db_query(s, &insert_thing, &r, DB_STR(str_from(name)), DB_INT(1), DB_TIME(0),
                           DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL);
    assert_int_equal(rc, expect);
    return rc ? 0 : db_get_int(r, 0, 0);
}

static int64_t count(struct db_session *s, const char *name)
{
    struct db_result *r;
    assert_int_equal(db_query(s, &count_named, &r, DB_STR(str_from(name))), ERR_OK);
    return db_get_int(r, 0, 0);
}

static void round_trip(struct db_session *s)
{
    const int64_t numbers[] = {1, -2, INT64_MAX};
    const struct str words[] = {STR("a"), STR(""), STR("\xC3\xA9 'quoted'")};
    struct db_result *r;
    assert_int_equal(db_query(s, &insert_thing, &r, DB_STR(STR("Robert'); DROP TABLE thing;--")),
                              DB_INT(7), DB_TIME(1768213800123456), DB_STR(STR("{\"k\": [1, 2]}")),
                              DB_INT_ARRAY(numbers, 3), DB_STR_ARRAY(words, 3), DB_BOOL(true),
                              DB_DOUBLE(0.5)),
                     ERR_OK);
    int64_t id = db_get_int(r, 0, 0);
    assert_int_equal(db_get_time(r, 0, 1), 1768213800123456);
    assert_int_equal(db_query(s, &read_thing, &r, DB_INT(id)), ERR_OK);
    assert_int_equal(db_rows(r), 1);
    assert_true(str_eq(db_get_str(r, 0, 0), STR("Robert'); DROP TABLE thing;--")));
    assert_int_equal(db_get_int(r, 0, 1), 7);
    assert_true(str_eq(db_get_str(r, 0, 3), STR("{\"k\": [1, 2]}")));
    const int64_t *got;
    assert_int_equal(db_get_int_array(r, 0, 4, &got), 3);
    assert_memory_equal(got, numbers, sizeof numbers);
    const struct str *texts;
    assert_int_equal(db_get_str_array(r, 0, 5, &texts), 3);
    assert_true(str_eq(texts[2], words[2]));
    assert_int_equal(texts[1].len, 0);
    assert_true(db_get_bool(r, 0, 6));
    assert_true(db_get_double(r, 0, 7) == 0.5);
    assert_int_equal(db_get_str(r, 0, 8).len, 36);
}

static void nulls(struct db_session *s)
{
    struct db_result *r;
    int64_t id = insert(s, "nulls", ERR_OK);
    assert_int_equal(db_query(s, &read_thing, &r, DB_INT(id)), ERR_OK);
    assert_true(db_is_null(r, 0, 3));
    assert_null(db_get_str(r, 0, 3).p);
    assert_false(db_get_bool(r, 0, 6));
    assert_true(isnan(db_get_double(r, 0, 7)));
    const int64_t *none;
    assert_int_equal(db_get_int_array(r, 0, 4, &none), 0);
}

static void values_round_trip(void **state)
{
    (void)state;
    in_coroutine(round_trip);
    in_coroutine(nulls);
}

static void errors(struct db_session *s)
{
    insert(s, "once", ERR_OK);
    insert(s, "once", ERR_CONFLICT);
    assert_true(str_eq(s->error_constraint, STR("thing_name_key")));
    assert_int_equal(db_query(s, &insert_thing, NULL, DB_STR(STR("negative")), DB_INT(-1), DB_NULL,
                              DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL),
                     ERR_VALIDATION_ERROR);
    assert_int_equal(db_query(s, &insert_thing, NULL, DB_STR(STR("bad json")), DB_NULL, DB_NULL,
                              DB_STR(STR("{")), DB_NULL, DB_NULL, DB_NULL, DB_NULL),
                     ERR_VALIDATION_ERROR);
    assert_int_equal(db_query(s, &insert_thing, NULL, DB_STR(str_n("nul\0byte", 8)), DB_NULL,
                              DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL),
                     ERR_VALIDATION_ERROR);
    assert_int_equal(db_query(s, &divide, NULL, DB_INT(0)), ERR_VALIDATION_ERROR);
}

static void errors_are_classified(void **state)
{
    (void)state;
    in_coroutine(errors);
}

static void commits(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    int64_t id = insert(s, "kept", ERR_OK);
    assert_int_equal(db_query(s, &rename_thing, NULL, DB_INT(id), DB_STR(STR("kept2"))), ERR_OK);
    assert_int_equal(db_commit(s), ERR_OK);
    assert_int_equal(count(s, "kept2"), 1);
}

static void rolls_back(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    insert(s, "dropped", ERR_OK);
    db_rollback(s);
    assert_int_equal(count(s, "dropped"), 0);
}

static void fails_inside(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    insert(s, "first", ERR_OK);
    insert(s, "kept2", ERR_CONFLICT);
    assert_int_not_equal(db_commit(s), ERR_OK);
    assert_int_equal(count(s, "first"), 0);
}

static void leaves_open(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    insert(s, "forgotten", ERR_OK);
}

static void was_rolled_back(struct db_session *s)
{
    assert_int_equal(count(s, "forgotten"), 0);
}

static void transactions_commit_or_vanish(void **state)
{
    (void)state;
    in_coroutine(commits);
    in_coroutine(rolls_back);
    in_coroutine(fails_inside);
    for (int i = 0; i < 5; i++) /* more often than there are connections */
        in_coroutine(leaves_open);
    in_coroutine(was_rolled_back);
}

static void send(struct db_session *s, const char *name)
{
    assert_int_equal(db_send(s, &add_named, DB_STR(str_from(name))), ERR_OK);
}

static void sends_along(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    send(s, "along 1");
    send(s, "along 2");
    assert_int_equal(count(s, "along 1") + count(s, "along 2"), 2);
    send(s, "along 3");
    assert_int_equal(db_commit(s), ERR_OK);
    assert_int_equal(count(s, "along 3"), 1);
}

/* Whatever comes next tells of the failure, and nothing of the transaction stays. */
static void sends_what_fails(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    send(s, "before");
    send(s, "along 1");
    send(s, "behind");
    assert_int_equal(db_query(s, &count_named, NULL, DB_STR(STR("before"))), ERR_CONFLICT);
    assert_string_equal(str_cstr(s->arena, s->error_constraint), "thing_name_key");
    assert_int_equal(db_send(s, &add_named, DB_STR(STR("late"))), ERR_DATABASE_ERROR);
    assert_int_not_equal(db_commit(s), ERR_OK);
    assert_int_equal(db_begin(s), ERR_OK);
    send(s, "before");
    send(s, "along 1");
    assert_int_equal(db_commit(s), ERR_CONFLICT);
    assert_int_equal(count(s, "before") + count(s, "behind"), 0);
}

static void leaves_what_fails(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    send(s, "before");
    send(s, "along 1");
}

static void loses_the_connection(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    send(s, "before");
    assert_int_equal(db_send(s, &end_own_session), ERR_OK);
    send(s, "behind");
    assert_int_equal(db_commit(s), ERR_SERVICE_UNAVAILABLE);
    assert_int_equal(count(s, "before") + count(s, "behind"), 0);
}

static void sends_alone(struct db_session *s)
{
    assert_int_equal(db_send(s, &add_named, DB_STR(STR("along 1"))), ERR_CONFLICT);
    assert_int_equal(db_send(s, &add_named, DB_STR(STR("alone"))), ERR_OK);
    assert_int_equal(count(s, "alone"), 1);
    assert_int_equal(count(s, "before"), 0);
}

static void statements_may_be_sent_along(void **state)
{
    (void)state;
    in_coroutine(sends_along);
    in_coroutine(sends_what_fails);
    for (int i = 0; i < 5; i++) /* more often than there are connections */
        in_coroutine(leaves_what_fails);
    in_coroutine(loses_the_connection);
    in_coroutine(sends_alone);
}

static void has_mode(struct db_session *s, const struct db_stmt *stmt, int64_t divisor,
                     const char *expect)
{
    struct db_result *r;
    enum err rc =
        stmt == &plan_mode ? db_query(s, stmt, &r) : db_query(s, stmt, &r, DB_INT(divisor));
    assert_int_equal(rc == ERR_OK, expect != NULL);
    if (expect)
        assert_string_equal(str_cstr(s->arena, db_get_str(r, 0, 0)), expect);
}

static void changes_mode(struct db_session *s)
{
    has_mode(s, &plan_mode, 0, "force_generic_plan");
    has_mode(s, &planned_mode, 1, "auto");
    has_mode(s, &plan_mode, 0, "force_generic_plan");
    has_mode(s, &planned_mode, 0, NULL);
    has_mode(s, &plan_mode, 0, "force_generic_plan");
}

static void changes_mode_in_transactions(struct db_session *s)
{
    for (int i = 0; i < 3; i++) {
        assert_int_equal(db_begin(s), ERR_OK);
        has_mode(s, &planned_mode, 1, "auto");
        has_mode(s, &plan_mode, 0, "force_generic_plan");
        has_mode(s, &planned_mode, i, i ? "auto" : NULL);
        db_rollback(s);
        has_mode(s, &plan_mode, 0, "force_generic_plan");
    }
}

static void statements_are_planned_once_unless_said_otherwise(void **state)
{
    (void)state;
    in_coroutine(changes_mode);
    in_coroutine(changes_mode_in_transactions);
}

static int answers, failures;

static void reads_pipelined(struct db_session *s)
{
    static int turn;
    int mine = turn++;
    struct db_result *r;
    enum err rc = db_query(s, &divide, &r, DB_INT(mine % 10 == 3 ? 0 : 5));
    if (rc == ERR_OK && db_get_int(r, 0, 0) == 2)
        answers++;
    else if (rc == ERR_VALIDATION_ERROR)
        failures++;
}

static void a_failing_read_does_not_hurt_its_neighbours(void **state)
{
    (void)state;
    body = reads_pipelined;
    for (int i = 0; i < 100; i++)
        co_start(loop, run_body, NULL, "read");
    turn_until_done();
    assert_int_equal(answers, 90);
    assert_int_equal(failures, 10);
}

static void holds(struct db_session *s)
{
    if (db_begin(s) == ERR_OK && db_query(s, &divide, NULL, DB_INT(1)) == ERR_OK &&
        co_sleep_ms(5) == ERR_OK && db_commit(s) == ERR_OK)
        answers++;
}

static void the_pool_is_shared_fairly(void **state)
{
    (void)state;
    answers = 0;
    body = holds;
    for (int i = 0; i < 50; i++)
        co_start(loop, run_body, NULL, "hold");
    turn_until_done();
    assert_int_equal(answers, 50);
    struct db_stats stats;
    db_stats(db, &stats);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.waiting, 0);
}

static void loses_connection(struct db_session *s)
{
    assert_int_equal(db_begin(s), ERR_OK);
    insert(s, "lost", ERR_OK);
    assert_int_equal(db_query(s, &end_own_session, NULL), ERR_SERVICE_UNAVAILABLE);
    assert_int_not_equal(db_commit(s), ERR_OK);
    assert_int_equal(count(s, "lost"), 0);
}

static void recovers(struct db_session *s)
{
    struct db_stats stats;
    int64_t deadline = clock_mono_us() + 60 * US_PER_S;
    do {
        assert_int_equal(co_sleep_ms(20), ERR_OK);
        db_stats(db, &stats);
    } while (stats.connected < stats.pool_size && clock_mono_us() < deadline);
    assert_int_equal(stats.connected, stats.pool_size);
    assert_int_equal(db_ping(s->db), ERR_OK);
}

static void lost_connections_come_back(void **state)
{
    (void)state;
    in_coroutine(loses_connection);
    in_coroutine(recovers);
}

static void times_out(struct db_session *s)
{
    assert_int_equal(db_query(s, &sleep_long, NULL), ERR_TIMEOUT);
}

static void statements_time_out(void **state)
{
    (void)state;
    struct db *patient = db;
    struct db_config cfg = {.url = str_from(url),
                            .schema = str_from(schema),
                            .pool_size = 1,
                            .statement_timeout_ms = 1000,
                            .acquire_timeout_ms = 30000,
                            .app_name = "test_db"};
    db = db_new(loop, &cfg);
    db_start(db);
    in_coroutine(times_out);
    db_free(db);
    db = patient;
}

static void an_unreachable_server_is_unavailable(void **state)
{
    (void)state;
    struct db *real = db;
    struct db_config cfg = {.url = STR("postgresql://nobody@127.0.0.1:1/nowhere"),
                            .pool_size = 1,
                            .statement_timeout_ms = 1000,
                            .acquire_timeout_ms = 60000,
                            .app_name = "test_db"};
    db = db_new(loop, &cfg);
    db_start(db);
    answers = failures = 0;
    body = reads_pipelined;
    int64_t before = clock_mono_us();
    co_start(loop, run_body, NULL, "read");
    turn_until_done();
    assert_int_equal(answers + failures, 0);
    assert_true(clock_mono_us() - before < 30 * US_PER_S);
    assert_false(db_is_up(db));
    db_free(db);
    db = real;
}

static void migrations_are_applied_once_and_guarded(void **state)
{
    (void)state;
    int applied;
    char *why;
    assert_int_equal(db_migrate(url, schema, MIGRATIONS, 1, &applied, &why), ERR_OK);
    assert_int_equal(applied, 0);
    struct db_migration changed = MIGRATIONS[0];
    changed.sql = "SELECT 1";
    assert_int_equal(db_migrate(url, schema, &changed, 1, &applied, &why), ERR_DATABASE_ERROR);
    assert_non_null(strstr(why, "was changed"));
    free(why);
    struct db_migration broken = {"test", 9, "broken",
                                  "CREATE TABLE half (id int); SELECT nonsense"};
    assert_int_equal(db_migrate(url, schema, &broken, 1, &applied, &why), ERR_DATABASE_ERROR);
    assert_non_null(strstr(why, "0009_broken"));
    free(why);
    assert_int_equal(
        db_migrate("postgresql://127.0.0.1:1/x", schema, MIGRATIONS, 1, &applied, &why),
        ERR_SERVICE_UNAVAILABLE);
    free(why);
}

static enum err migrate_one(int version, const char *sql, char **why)
{
    const struct db_migration m = {"test", version, "one", sql};
    int applied;
    enum err rc = db_migrate(url, schema, &m, 1, &applied, why);
    assert_int_equal(applied, rc == ERR_OK);
    return rc;
}

#define ALIKE "INSERT INTO thing (name, amount) VALUES ('alike 1', 77), ('alike 2', 77)"
#define NO_MORE "DELETE FROM thing WHERE name LIKE 'alike%'"
#define UNIQUE_AMOUNT                                                                              \
    "CREATE UNIQUE INDEX CONCURRENTLY one_amount ON thing (amount) WHERE amount = 77"
#define ALL_ARE_VALID                                                                              \
    "DO $$ BEGIN IF (SELECT count(*) FROM pg_index WHERE indrelid = 'thing'::regclass"             \
    "  AND indexrelid = 'one_amount'::regclass AND indisvalid) <> 1"                               \
    " THEN RAISE 'no valid index'; END IF; END $$"

static void an_index_that_could_not_be_built_is_built_anew(void **state)
{
    (void)state;
    char *why;
    assert_int_equal(migrate_one(20, ALIKE, &why), ERR_OK);
    assert_int_equal(migrate_one(21, UNIQUE_AMOUNT, &why), ERR_DATABASE_ERROR);
    assert_non_null(strstr(why, "0021_one"));
    free(why);
    assert_int_equal(migrate_one(22, NO_MORE, &why), ERR_OK);
    assert_int_equal(migrate_one(21, UNIQUE_AMOUNT, &why), ERR_OK);
    assert_int_equal(migrate_one(23, ALL_ARE_VALID, &why), ERR_OK);
}

static void *migrate_at_once(void *arg)
{
    static const struct db_migration ALL[] = {
        {"test", 30, "slow", "SELECT pg_sleep(0.3)"},
        {"test", 31, "index", "CREATE INDEX CONCURRENTLY at_once ON thing (at)"},
    };
    char *why;
    if (db_migrate(url, schema, ALL, 2, arg, &why) == ERR_OK)
        return NULL;
    fprintf(stderr, "%s\n", why);
    free(why);
    return arg;
}

/* One of them builds it while the others wait for their turn. */
static void many_may_start_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    int applied[4], sum = 0;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_at_once, &applied[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
        sum += applied[i];
    }
    assert_int_equal(sum, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_round_trip),
        cmocka_unit_test(errors_are_classified),
        cmocka_unit_test(transactions_commit_or_vanish),
        cmocka_unit_test(statements_may_be_sent_along),
        cmocka_unit_test(statements_are_planned_once_unless_said_otherwise),
        cmocka_unit_test(a_failing_read_does_not_hurt_its_neighbours),
        cmocka_unit_test(the_pool_is_shared_fairly),
        cmocka_unit_test(lost_connections_come_back),
        cmocka_unit_test(statements_time_out),
        cmocka_unit_test(an_unreachable_server_is_unavailable),
        cmocka_unit_test(migrations_are_applied_once_and_guarded),
        cmocka_unit_test(an_index_that_could_not_be_built_is_built_anew),
        cmocka_unit_test(many_may_start_at_once),
    };
    return cmocka_run_group_tests_name("db", tests, setup, teardown);
}
