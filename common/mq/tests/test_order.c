/* Order by key inside a consumer, without a broker: deliveries are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "co.h"
#include "loop.h"
#include "mq_internal.h"
#include "thread.h"

static struct loop *loop;
static struct mq *mq;
static struct consumer *consumer;
static char begun[64];
static struct co_wait *gates[16];
static int gate_count;

/* Every handler notes its body and waits until it is let go. */
static enum err wait_at_gate(struct mq_delivery *d)
{
    strncat(begun, d->message->body.p, d->message->body.len);
    struct co_wait w;
    co_wait_init(&w);
    gates[gate_count++] = &w;
    return co_wait(&w, -1);
}

static struct str first_letter(const struct mq_message *m)
{
    return m->body.p[0] == '-' ? STR_NULL : str_slice(m->body, 0, 1);
}

static void set_up(int concurrency)
{
    const struct mq_config cfg = {.url = STR("amqp://"), .name = "test"};
    loop = loop_new();
    mq = mq_new(loop, &cfg);
    mq_declare_queue(mq, &(struct mq_queue){"q", MQ_QUORUM, NULL});
    mq_consume(mq,
               &(struct mq_consumer){.queue = "q",
                                     .concurrency = concurrency,
                                     .order_key = first_letter,
                                     .handler = wait_at_gate},
               NULL, NULL);
    consumer = LIST_ENTRY(mq->consumers.next, struct consumer, node);
    mq->consumer_epoch = 1;
    gate_count = 0;
    begun[0] = '\0';
}

static void tear_down(void)
{
    mq_free(mq);
    loop_free(loop);
}

static void deliver_text(const char *text, uint64_t epoch)
{
    amqp_basic_deliver_t deliver = {.delivery_tag = 1};
    const amqp_method_t method = {AMQP_BASIC_DELIVER_METHOD, &deliver};
    struct content *c = content_new(&method);
    content_describe(c);
    c->incoming.message.body = str_from(text);
    c->incoming.epoch = epoch;
    consumer_take(consumer, &c->incoming);
}

/* Once each: behind its gate a handler takes its stack along. */
static void let_go(int gate)
{
    if (gates[gate])
        co_wake(gates[gate], ERR_OK);
    gates[gate] = NULL;
    loop_turn(loop, 0);
}

static void test_same_key_waits(void **state)
{
    (void)state;
    set_up(16);
    static const char *const TEXTS[] = {"a1", "b1", "a2", "-x", "a3", "-y", "b2"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        deliver_text(TEXTS[i], 1);
    assert_string_equal(begun, "a1b1-x-y");
    let_go(0);
    assert_string_equal(begun, "a1b1-x-ya2");
    let_go(1);
    assert_string_equal(begun, "a1b1-x-ya2b2");
    let_go(4);
    assert_string_equal(begun, "a1b1-x-ya2b2a3");
    for (int gate = 2; gate < 7; gate++)
        let_go(gate);
    assert_int_equal(mq->running, 0);
    assert_int_equal(strmap_count(consumer->lanes), 0);
    assert_int_equal(mq->stats.acked, 7);
    tear_down();
}

static void test_concurrency_is_kept(void **state)
{
    (void)state;
    set_up(2);
    static const char *const TEXTS[] = {"a1", "b1", "c1", "a2"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        deliver_text(TEXTS[i], 1);
    assert_string_equal(begun, "a1b1");
    let_go(0);
    assert_string_equal(begun, "a1b1c1");
    let_go(1);
    assert_string_equal(begun, "a1b1c1a2");
    let_go(2);
    let_go(3);
    assert_int_equal(mq->running, 0);
    tear_down();
}

/* A lost connection: what waits is dropped, what runs ends, nothing blocks its key afterwards. */
static void test_lost_connection(void **state)
{
    (void)state;
    set_up(2);
    static const char *const TEXTS[] = {"a1", "b1", "a2", "c1", "c2"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        deliver_text(TEXTS[i], 1);
    consumer_drop_backlog(consumer);
    mq->consumer_epoch = 2;
    deliver_text("a1", 2);
    deliver_text("c1", 2);
    deliver_text("x9", 1);
    assert_string_equal(begun, "a1b1");
    let_go(0);
    let_go(1);
    assert_string_equal(begun, "a1b1c1a1");
    let_go(2);
    let_go(3);
    assert_int_equal(strmap_count(consumer->lanes), 0);
    assert_int_equal(mq->running, 0);
    tear_down();
}

static enum err end_at_once(struct mq_delivery *d)
{
    ++*(int *)d->app;
    return ERR_OK;
}

/* Handlers that never wait must not pile up stacks. */
static void test_many_without_waiting(void **state)
{
    (void)state;
    int calls = 0;
    set_up(4);
    consumer->config.handler = wait_at_gate;
    for (int i = 0; i < 4; i++)
        deliver_text("-g", 1);
    consumer->config.handler = end_at_once;
    consumer->app = &calls;
    for (int i = 0; i < 2000; i++)
        deliver_text("-n", 1);
    assert_int_equal(calls, 0);
    for (int i = 0; i < 4; i++)
        let_go(i);
    assert_int_equal(calls, 2000);
    assert_int_equal(co_count(), 0);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_key_waits),
        cmocka_unit_test(test_concurrency_is_kept),
        cmocka_unit_test(test_lost_connection),
        cmocka_unit_test(test_many_without_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
