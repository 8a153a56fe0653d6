/* Needs a PostgreSQL server: TTS_TEST_DB_URL. */
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

#define NOTIFY_COUNT 100

DB_WRITE(notify, "tt", "", "SELECT pg_notify($1, $2)");
DB_WRITE(end_listeners, "t", "b",
         "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
         "WHERE application_name = 'test_listen' AND query = 'LISTEN \"' || $1 || '\"'");

static struct loop *loop;
static struct db *db;
static char channel[64];

/* What the listener has been told. */
static int begun, notified;
static bool is_in_order;

static void on_notified(void *arg, struct str payload)
{
    int64_t n;

    assert_ptr_equal(arg, &db);
    if (!payload.p) {
        begun++;
        return;
    }
    assert_true(str_to_i64(payload, &n));
    is_in_order = is_in_order && n == notified;
    notified++;
}

static int setup(void **state)
{
    const char *url = getenv("TTS_TEST_DB_URL");
    const struct db_config cfg = {.url = str_from(url),
                                  .pool_size = 1,
                                  .statement_timeout_ms = 3000,
                                  .acquire_timeout_ms = 5000,
                                  .app_name = "test_listen"};

    (void)state;
    if (!url) {
        fprintf(stderr, "TTS_TEST_DB_URL is not set\n");
        return 1;
    }
    log_init("test", LOG_ERROR);
    /* A name that needs quoting. */
    snprintf(channel, sizeof channel, "Test listen-%d", (int)getpid());
    loop = loop_new();
    db = db_new(loop, &cfg);
    db_start(db);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    db_free(db);
    loop_free(loop);
    return 0;
}

static void turn_until(const int *counter, int value)
{
    int64_t deadline = clock_mono_us() + 20 * US_PER_S;

    while ((co_count() || *counter < value) && clock_mono_us() < deadline)
        loop_turn(loop, 50);
    assert_int_equal(*counter, value);
}

static void CO_FN send_all(void *arg)
{
    struct arena *a = arena_new();
    struct db_session s;

    (void)arg;
    db_session_init(&s, db, a);
    for (int i = 0; i < NOTIFY_COUNT; i++)
        assert_int_equal(
            db_query(&s, &notify, NULL, DB_STR(str_from(channel)), DB_STR(str_printf(a, "%d", i))),
            ERR_OK);
    arena_free(a);
}

static void CO_FN cut(void *arg)
{
    struct arena *a = arena_new();
    struct db_session s;
    struct db_result *r;

    (void)arg;
    db_session_init(&s, db, a);
    assert_int_equal(db_query(&s, &end_listeners, &r, DB_STR(str_from(channel))), ERR_OK);
    assert_int_equal(db_rows(r), 1);
    arena_free(a);
}

static void every_notification_arrives_in_order_and_again_after_a_cut(void **state)
{
    struct db_listener *l = db_listener_new(db, channel, on_notified, &db);

    (void)state;
    begun = 0;
    turn_until(&begun, 1);
    assert_true(db_listener_is_up(l));
    for (int round = 2; round < 5; round++) {
        notified = 0;
        is_in_order = true;
        co_start(loop, send_all, NULL, "notify");
        turn_until(&notified, NOTIFY_COUNT);
        assert_true(is_in_order);
        co_start(loop, cut, NULL, "cut");
        turn_until(&begun, round);
        assert_true(db_listener_is_up(l));
    }
    db_listener_free(l);
}

static void a_listener_may_go_before_it_is_connected(void **state)
{
    struct db_listener *l = db_listener_new(db, channel, on_notified, &db);

    (void)state;
    assert_false(db_listener_is_up(l));
    db_listener_free(l);
    db_listener_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_notification_arrives_in_order_and_again_after_a_cut),
        cmocka_unit_test(a_listener_may_go_before_it_is_connected),
    };
    return cmocka_run_group_tests_name("listen", tests, setup, teardown);
}
