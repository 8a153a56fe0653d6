/* Consuming against a real broker and database: many messages, many consumers, and the end. */
#include "fixture.h"

/* ---- order and concurrency ----------------------------------------------------------------- */

static int in_hand, most_in_hand;
static char order[64];

static struct str first_letter(const struct mq_message *m)
{
    return str_slice(m->body, 0, 1);
}

static bool takes_two;

static enum err take_time(struct mq_delivery *d)
{
    in_hand++;
    most_in_hand = in_hand > most_in_hand ? in_hand : most_in_hand;
    /* The first of a key takes longest, the first of all until there is another. */
    int digit = d->message->body.p[1] - '0';
    enum err rc;
    do
        rc = co_sleep_ms(60 - 10 * digit);
    while (!rc && takes_two && most_in_hand < 2);
    in_hand--;
    strncat(order, str_cstr(d->arena, d->message->body), 2);
    return rc;
}

static void body_order(struct fixture *f)
{
    static const char *const BODIES[] = {"a0", "a1", "b0", "a2", "b1", "c0", "c1", "b2", "c2"};
    for (int i = 0; i < 9; i++)
        publish(f, "order", BODIES[i], BODIES[i]);
    WAIT_UNTIL(is_settled(f, 9));
    for (char key = 'a'; key <= 'c'; key++)
        for (char digit = '0'; digit < '2'; digit++) {
            const char *one = strstr(order, (char[]){key, digit, 0});
            const char *next = strstr(order, (char[]){key, (char)(digit + 1), 0});
            assert_true(one && next && one < next);
        }
    assert_true(most_in_hand > 1 && most_in_hand <= 3);
}

static void test_order_by_key(void **state)
{
    struct fixture *f = *state;
    in_hand = most_in_hand = 0;
    takes_two = true;
    order[0] = '\0';
    QUEUE(f, "order", MQ_QUORUM);
    mq_consume(f->mq,
               &(struct mq_consumer){.queue = fixture_name(f, "order"),
                                     .order_key = first_letter,
                                     .handler = take_time},
               NULL, NULL);
    mq_start(f->mq);
    fixture_run(f, body_order);
    takes_two = false;
}

static void body_one_at_a_time(struct fixture *f)
{
    static const char *const BODIES[] = {"a0", "b0", "a1", "b1"};
    for (int i = 0; i < 4; i++)
        publish(f, "serial", BODIES[i], BODIES[i]);
    WAIT_UNTIL(is_settled(f, 4));
    assert_string_equal(order, "a0b0a1b1");
    assert_int_equal(most_in_hand, 1);
}

static void test_one_at_a_time(void **state)
{
    struct fixture *f = *state;
    in_hand = most_in_hand = 0;
    order[0] = '\0';
    QUEUE(f, "serial", MQ_QUORUM);
    mq_consume(f->mq,
               &(struct mq_consumer){
                   .queue = fixture_name(f, "serial"), .concurrency = 1, .handler = take_time},
               NULL, NULL);
    mq_start(f->mq);
    fixture_run(f, body_one_at_a_time);
}

/* ---- fan-out ------------------------------------------------------------------------------- */

static enum err count_call(struct mq_delivery *d)
{
    ++*(int *)d->app;
    return ERR_OK;
}

static enum err count_and_fail(struct mq_delivery *d)
{
    ++*(int *)d->app;
    return ERR_INTERNAL_ERROR;
}

static int fan_calls[2];
static struct mq *second;

static void listen_exclusively(struct fixture *f, struct mq *m, mq_handler_fn handler, int *calls)
{
    const struct mq_binding bindings[] = {{MQ_EVENTS_EXCHANGE, fixture_name(f, "fan.*")}, {0}};
    mq_declare_queue(m, &(struct mq_queue){fixture_name(f, "fan"), MQ_EXCLUSIVE, bindings});
    mq_consume(m, &(struct mq_consumer){.queue = fixture_name(f, "fan"), .handler = handler}, NULL,
               calls);
    mq_start(m);
}

static void body_fan_out(struct fixture *f)
{
    WAIT_UNTIL(mq_is_up(f->mq) && mq_is_up(second));
    struct mq_message m = {.exchange = STR(MQ_EVENTS_EXCHANGE),
                           .routing_key = str_from(fixture_name(f, "fan.out"))};
    assert_int_equal(mq_publish(f->mq, &m), ERR_OK);
    WAIT_UNTIL(fan_calls[0] == 1 && fan_calls[1] == 1);
    broker_interrupt(f->mq->broker);
    WAIT_UNTIL(!mq_is_up(f->mq));
    WAIT_UNTIL(mq_is_up(f->mq));
    assert_int_equal(mq_publish(f->mq, &m), ERR_OK);
    WAIT_UNTIL(fan_calls[0] == 2 && fan_calls[1] == 2);
    assert_int_equal(stats_of(f).retried, 0);
    mq_stop(second, 1000);
}

static void test_fan_out(void **state)
{
    struct fixture *f = *state;
    memset(fan_calls, 0, sizeof fan_calls);
    second = fixture_mq(f->loop, f->amqp_url);
    listen_exclusively(f, f->mq, count_and_fail, &fan_calls[0]);
    listen_exclusively(f, second, count_call, &fan_calls[1]);
    fixture_run(f, body_fan_out);
    mq_free(second);
}

/* ---- stopping ------------------------------------------------------------------------------ */

static int slow_calls;
static bool is_told_to_stop;

static enum err be_slow(struct mq_delivery *d)
{
    slow_calls++;
    enum err rc;
    do
        rc = co_sleep_ms(100);
    while (!rc && !is_told_to_stop);
    return rc ? rc : write_effect(d);
}

/* Stops while one is in hand and two wait: the one is finished, the two stay in the queue. */
static void body_stop(struct fixture *f)
{
    publish(f, "stop", "s0", "slow 0");
    publish(f, "stop", "s1", "slow 1");
    publish(f, "stop", "s2", "slow 2");
    WAIT_UNTIL(slow_calls == 1);
    is_told_to_stop = true;
    mq_stop(f->mq, 60000);
    assert_int_equal(fixture_effects(f, "slow 0"), 1);
    assert_int_equal(slow_calls, 1);
    WAIT_UNTIL(raw_count(f->amqp_url, fixture_name(f, "stop")) == 2);
}

static void consume_slowly(struct fixture *f, mq_handler_fn handler)
{
    QUEUE(f, "stop", MQ_QUORUM);
    mq_consume(f->mq,
               &(struct mq_consumer){.queue = fixture_name(f, "stop"),
                                     .concurrency = 1,
                                     .use_inbox = true,
                                     .handler = handler},
               f->db, NULL);
    mq_start(f->mq);
}

static void test_stop(void **state)
{
    struct fixture *f = *state;
    slow_calls = 0;
    is_told_to_stop = false;
    consume_slowly(f, be_slow);
    fixture_run(f, body_stop);
}

static enum err never_end(struct mq_delivery *d)
{
    slow_calls++;
    enum err rc = write_effect(d);
    return rc ? rc : co_sleep_ms(TEST_DEADLINE_MS);
}

/* A handler that does not end is cancelled: its work is undone, the message stays. */
static void body_stop_hard(struct fixture *f)
{
    publish(f, "stop", "n0", "never");
    WAIT_UNTIL(slow_calls == 1);
    mq_stop(f->mq, 100);
    assert_int_equal(fixture_effects(f, "never"), 0);
    WAIT_UNTIL(raw_count(f->amqp_url, fixture_name(f, "stop")) == 1);
}

static void test_stop_hard(void **state)
{
    struct fixture *f = *state;
    slow_calls = 0;
    consume_slowly(f, never_end);
    fixture_run(f, body_stop_hard);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_order_by_key), T(test_one_at_a_time), T(test_fan_out),
        T(test_stop),         T(test_stop_hard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
