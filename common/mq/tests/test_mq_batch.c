/* What waits while all places are taken is handled together. */
#include "fixture.h"

static struct {
    bool is_open;       /* the first delivery waits for it */
    int alone, batches; /* calls of the handlers */
    size_t largest;
    const char *refused; /* the body that both handlers fail on, after writing */
} seen;

static enum err write_or_refuse(struct mq_delivery *d)
{
    enum err rc = write_effect(d);
    if (rc == ERR_OK && seen.refused && str_eq(d->message->body, str_from(seen.refused)))
        rc = MQ_PARK;
    return rc;
}

static enum err alone(struct mq_delivery *d)
{
    seen.alone++;
    while (!seen.is_open)
        if (co_sleep_ms(5))
            return ERR_CANCELLED;
    return write_or_refuse(d);
}

static enum err together(struct mq_delivery *d, size_t n)
{
    enum err rc = ERR_OK;
    seen.batches++;
    seen.largest = n > seen.largest ? n : seen.largest;
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        rc = write_or_refuse(&d[i]);
    return rc;
}

/* One delivery holds the only place; then n messages come, of which each has its effect once. */
static void let_wait(struct fixture *f, int n)
{
    char id[16];
    publish(f, "batch", "first", "first");
    WAIT_UNTIL(seen.alone == 1);
    for (int i = 0; i < n; i++) {
        snprintf(id, sizeof id, "m%d", i);
        publish(f, "batch", id, id);
    }
    WAIT_UNTIL(stats_of(f).consumed == n + 1);
}

static void open_gate(struct fixture *f, int64_t acked)
{
    seen.is_open = true;
    WAIT_UNTIL(stats_of(f).acked == acked);
}

static void expect_each_once(struct fixture *f, int n, const char *but)
{
    char id[16];
    for (int i = 0; i < n; i++) {
        snprintf(id, sizeof id, "m%d", i);
        assert_int_equal(fixture_effects(f, id), but && strcmp(id, but) == 0 ? 0 : 1);
    }
}

/* Without a handler of several: the handler for each in turn. */
static void run(void **state, mq_batch_fn several, void (*body)(struct fixture *f))
{
    struct fixture *f = *state;
    memset(&seen, 0, sizeof seen);
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "batch"), MQ_CLASSIC, NULL});
    mq_consume(f->mq,
               &(struct mq_consumer){.queue = fixture_name(f, "batch"),
                                     .prefetch = 256,
                                     .concurrency = 1,
                                     .use_inbox = true,
                                     .handler = alone,
                                     .batch_handler = several,
                                     .in_batches = !several},
               f->db, NULL);
    mq_start(f->mq);
    fixture_run(f, body);
}

static void body_together(struct fixture *f)
{
    let_wait(f, 100);
    open_gate(f, 101);
    assert_int_equal(seen.alone, 1);
    assert_int_equal(seen.batches, 2);
    assert_int_equal(seen.largest, MQ_BATCH_MAX);
    expect_each_once(f, 100, NULL);
}

static void test_together(void **state)
{
    run(state, together, body_together);
}

/* A message that the inbox knows is acknowledged and left out; twice among those that wait, they
 * are handled one after the other. */
static void body_doubles(struct fixture *f)
{
    let_wait(f, 10);
    open_gate(f, 11);
    seen.is_open = false;
    seen.alone = 0;
    publish(f, "batch", "second", "second");
    WAIT_UNTIL(seen.alone == 1);
    publish(f, "batch", "m3", "m3");
    publish(f, "batch", "new", "new");
    WAIT_UNTIL(stats_of(f).consumed == 14);
    open_gate(f, 14);
    assert_int_equal(seen.batches, 2);
    assert_int_equal(fixture_effects(f, "new"), 1);
    seen.is_open = false;
    seen.alone = 0;
    publish(f, "batch", "third", "third");
    WAIT_UNTIL(seen.alone == 1);
    publish(f, "batch", "twin", "twin");
    publish(f, "batch", "twin", "twin");
    WAIT_UNTIL(stats_of(f).consumed == 17);
    open_gate(f, 17);
    assert_int_equal(fixture_effects(f, "twin"), 1);
    expect_each_once(f, 10, NULL);
}

static void test_doubles(void **state)
{
    run(state, together, body_doubles);
}

/* One that fails leaves nothing of the batch behind: each is handled alone, and only that one goes
 * to the dead letters. */
static void body_one_fails(struct fixture *f)
{
    seen.refused = "m5";
    let_wait(f, 12);
    seen.is_open = true;
    WAIT_UNTIL(stats_of(f).acked == 12 && stats_of(f).dead == 1);
    assert_int_equal(seen.batches, 1);
    assert_int_equal(seen.alone, 13);
    expect_each_once(f, 12, "m5");
    WAIT_UNTIL(raw_count(f->amqp_url, fixture_name(f, "batch.dead")) == 1);
}

static void test_one_fails(void **state)
{
    run(state, together, body_one_fails);
}

/* ---- the handler for each in turn ----------------------------------------------------------- */

DB_READ(count_transactions_stmt, "", "i", "SELECT count(DISTINCT xmin::text) FROM effect");

static void body_in_turn(struct fixture *f)
{
    let_wait(f, 10);
    open_gate(f, 11);
    assert_int_equal(seen.alone, 11);
    assert_int_equal(fixture_count(f, &count_transactions_stmt, NULL), 2);
    expect_each_once(f, 10, NULL);
}

static void body_one_in_turn_fails(struct fixture *f)
{
    seen.refused = "m5";
    let_wait(f, 12);
    seen.is_open = true;
    WAIT_UNTIL(stats_of(f).acked == 12 && stats_of(f).dead == 1);
    expect_each_once(f, 12, "m5");
}

static void test_in_turn(void **state)
{
    run(state, NULL, body_in_turn);
}

static void test_one_in_turn_fails(void **state)
{
    run(state, NULL, body_one_in_turn_fails);
}

/* ---- stopping ------------------------------------------------------------------------------- */

/* Stopped with a batch in hand: nothing is acknowledged that was not committed. */
static enum err linger(struct mq_delivery *d, size_t n)
{
    enum err rc = together(d, n);
    return rc || co_sleep_ms(60000) ? ERR_CANCELLED : ERR_OK;
}

static void body_stopped(struct fixture *f)
{
    let_wait(f, 5);
    seen.is_open = true;
    WAIT_UNTIL(seen.batches == 1);
    mq_stop(f->mq, 50);
    assert_int_equal(fixture_effects(f, "m0"), 0);
    assert_int_equal(fixture_effects(f, "first"), 1);
}

static void test_stopped(void **state)
{
    struct fixture *f = *state;
    run(state, linger, body_stopped);
    assert_int_equal(raw_count(f->amqp_url, fixture_name(f, "batch")), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_together, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_doubles, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_in_turn, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_one_in_turn_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_stopped, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
