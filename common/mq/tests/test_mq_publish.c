/* Publishing against a real broker. */
#include "fixture.h"

static struct mq_message to_queue(const char *queue, const char *body)
{
    return (struct mq_message){.routing_key = str_from(queue), .body = str_from(body)};
}

static void body_confirms(struct fixture *f)
{
    enum { COUNT = 1000 };
    const char *queue = fixture_name(f, "confirms");
    struct mq_message *messages = mem_zalloc(COUNT * sizeof *messages);
    enum err *rc = mem_zalloc(COUNT * sizeof *rc);
    WAIT_UNTIL(mq_is_up(f->mq));
    for (int i = 0; i < COUNT; i++)
        messages[i] = to_queue(queue, "{}");
    mq_publish_many(f->mq, messages, COUNT, rc);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(rc[i], ERR_OK);
    assert_int_equal(raw_count(f->amqp_url, queue), COUNT);
    struct mq_stats stats;
    mq_stats(f->mq, &stats);
    assert_int_equal(stats.published, COUNT);
    assert_int_equal(stats.confirmed, COUNT);
    assert_int_equal(stats.connected, 1);
    free(messages);
    free(rc);
}

static void test_confirms(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "confirms"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_confirms);
}

static void body_unroutable(struct fixture *f)
{
    const char *queue = fixture_name(f, "there"), *nowhere = fixture_name(f, "nowhere");
    const struct mq_message messages[] = {to_queue(queue, "1"), to_queue(nowhere, "2"),
                                          to_queue(queue, "3"), to_queue(nowhere, "4")};
    enum err rc[4];
    WAIT_UNTIL(mq_is_up(f->mq));
    mq_publish_many(f->mq, messages, 4, rc);
    assert_int_equal(rc[0], ERR_OK);
    assert_int_equal(rc[1], ERR_QUEUE_ERROR);
    assert_int_equal(rc[2], ERR_OK);
    assert_int_equal(rc[3], ERR_QUEUE_ERROR);
    assert_int_equal(raw_count(f->amqp_url, queue), 2);
    struct mq_message event = {.exchange = STR(MQ_EVENTS_EXCHANGE),
                               .routing_key = str_from(nowhere)};
    assert_int_equal(mq_publish(f->mq, &event), ERR_QUEUE_ERROR);
    struct mq_stats stats;
    mq_stats(f->mq, &stats);
    assert_int_equal(stats.returned, 3);
}

static void test_unroutable(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "there"), MQ_QUORUM, NULL});
    mq_start(f->mq);
    fixture_run(f, body_unroutable);
}

/* What AMQP cannot carry is refused by itself; a malformed frame would cost the connection. */
static void body_unencodable(struct fixture *f)
{
    static char longer[300], huge[70000];
    memset(longer, 'k', sizeof longer);
    memset(huge, 'h', sizeof huge);
    const char *queue = fixture_name(f, "strict");
    const struct mq_header bad_number = {STR("n"), STR("12x"), MQ_HEADER_INT};
    const struct mq_header too_much = {STR("n"), {huge, sizeof huge}, MQ_HEADER_STR};
    struct mq_message messages[] = {to_queue(queue, "1"), to_queue(queue, "2"),
                                    to_queue(queue, "3"), to_queue(queue, "4"),
                                    to_queue(queue, "5")};
    messages[1].correlation_id = str_n(longer, sizeof longer);
    messages[2].headers = &bad_number;
    messages[2].header_count = 1;
    messages[3].headers = &too_much;
    messages[3].header_count = 1;
    enum err rc[5];
    WAIT_UNTIL(mq_is_up(f->mq));
    mq_publish_many(f->mq, messages, 5, rc);
    assert_int_equal(rc[0], ERR_OK);
    assert_int_equal(rc[1], ERR_QUEUE_ERROR);
    assert_int_equal(rc[2], ERR_QUEUE_ERROR);
    assert_int_equal(rc[3], ERR_QUEUE_ERROR);
    assert_int_equal(rc[4], ERR_OK);
    assert_true(mq_is_up(f->mq));
}

static void test_unencodable(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "strict"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_unencodable);
}

static void body_properties(struct fixture *f)
{
    const struct mq_header headers[] = {{STR("s"), STR("text"), MQ_HEADER_STR},
                                        {STR("i"), STR("-7"), MQ_HEADER_INT},
                                        {STR("b"), STR("true"), MQ_HEADER_BOOL},
                                        {STR("n"), STR("null"), MQ_HEADER_NULL}};
    struct mq_message m = to_queue(fixture_name(f, "properties"), "{\"x\":1}");
    m.message_id = STR("id-1");
    m.correlation_id = STR("corr");
    m.type = STR("ticket.created");
    m.content_type = STR("application/json");
    m.timestamp_s = 1700000000;
    m.headers = headers;
    m.header_count = 4;
    WAIT_UNTIL(mq_is_up(f->mq));
    assert_int_equal(mq_publish(f->mq, &m), ERR_OK);

    struct raw r;
    amqp_message_t got;
    raw_open(&r, f->amqp_url);
    assert_true(raw_get(&r, fixture_name(f, "properties"), &got));
    assert_true(raw_is(got.properties.message_id, "id-1"));
    assert_true(raw_is(got.properties.correlation_id, "corr"));
    assert_true(raw_is(got.properties.type, "ticket.created"));
    assert_true(raw_is(got.properties.content_type, "application/json"));
    assert_int_equal(got.properties.timestamp, 1700000000);
    assert_int_equal(got.properties.delivery_mode, 2);
    assert_true(raw_header_is(&got, "s", "text"));
    assert_int_equal(raw_header(&got, "i")->value.i64, -7);
    assert_int_equal(raw_header(&got, "b")->value.boolean, 1);
    assert_int_equal(raw_header(&got, "n")->kind, AMQP_FIELD_KIND_VOID);
    assert_true(raw_is(got.body, "{\"x\":1}"));
    amqp_destroy_message(&got);
    raw_close(&r);
}

static void test_properties(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "properties"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_properties);
}

/* ---- the broker away ----------------------------------------------------------------------- */

static void body_away(struct fixture *f)
{
    struct mq_message m = to_queue("any", "{}");
    for (int i = 0; i < 20; i++) {
        assert_int_equal(mq_publish(f->mq, &m), ERR_QUEUE_CONNECTION_FAILED);
        assert_false(mq_is_up(f->mq));
        assert_int_equal(co_sleep_ms(20), ERR_OK);
    }
}

static void use_url(struct fixture *f, const char *url)
{
    mq_free(f->mq);
    f->mq = fixture_mq(f->loop, url);
    mq_start(f->mq);
}

static void test_nobody_listens(void **state)
{
    struct fixture *f = *state;
    use_url(f, "amqp://guest:guest@127.0.0.1:9/");
    fixture_run(f, body_away);
}

static void test_bad_url(void **state)
{
    struct fixture *f = *state;
    use_url(f, "http://127.0.0.1");
    fixture_run(f, body_away);
}

static void test_wrong_password(void **state)
{
    struct fixture *f = *state;
    struct arena *a = arena_new();
    struct mq_url u;
    const char *why;
    assert_int_equal(mq_url_parse(a, str_from(f->amqp_url), &u, &why), ERR_OK);
    use_url(f, arena_printf(a, "amqp://guest:wrong@%s:%d/", u.host, u.port));
    fixture_run(f, body_away);
    arena_free(a);
}

/* ---- reconnecting -------------------------------------------------------------------------- */

static void body_reconnect(struct fixture *f)
{
    struct mq_message m = to_queue(fixture_name(f, "again"), "{}");
    for (int i = 0; i < 3; i++) {
        WAIT_UNTIL(mq_is_up(f->mq));
        assert_int_equal(mq_publish(f->mq, &m), ERR_OK);
        broker_interrupt(f->mq->broker);
        WAIT_UNTIL(!mq_is_up(f->mq));
    }
    WAIT_UNTIL(mq_is_up(f->mq));
    assert_int_equal(raw_count(f->amqp_url, fixture_name(f, "again")), 3);
}

static void test_reconnect(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "again"), MQ_QUORUM, NULL});
    mq_start(f->mq);
    fixture_run(f, body_reconnect);
}

/* A queue that somebody declared otherwise is used as it is, and the others are declared. */
static void body_mismatch(struct fixture *f)
{
    struct mq_message first = to_queue(fixture_name(f, "other"), "1");
    struct mq_message second = to_queue(fixture_name(f, "mine"), "2");
    WAIT_UNTIL(mq_is_up(f->mq));
    assert_int_equal(mq_publish(f->mq, &first), ERR_OK);
    assert_int_equal(mq_publish(f->mq, &second), ERR_OK);
}

static void test_mismatch(void **state)
{
    struct fixture *f = *state;
    struct raw r;
    raw_open(&r, f->amqp_url);
    amqp_table_entry_t e = {.key = amqp_cstring_bytes("x-max-priority")};
    e.value.kind = AMQP_FIELD_KIND_I32;
    e.value.value.i32 = 5;
    amqp_table_t t = {1, &e};
    assert_non_null(
        amqp_queue_declare(r.conn, 1, amqp_cstring_bytes(fixture_name(f, "other")), 0, 1, 0, 0, t));
    raw_close(&r);
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "other"), MQ_CLASSIC, NULL});
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "mine"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_mismatch);
}

/* What Celery's own library declares for a queue: the same declarations must be accepted. */
static void body_like_celery(struct fixture *f)
{
    amqp_bytes_t name = amqp_cstring_bytes(fixture_name(f, "celery"));
    struct raw r;
    WAIT_UNTIL(mq_is_up(f->mq));
    raw_open(&r, f->amqp_url);
    assert_non_null(amqp_exchange_declare(r.conn, 1, name, amqp_cstring_bytes("direct"), 0, 1, 0, 0,
                                          amqp_empty_table));
    assert_non_null(amqp_queue_declare(r.conn, 1, name, 0, 1, 0, 0, amqp_empty_table));
    assert_int_equal(amqp_basic_publish(r.conn, 1, name, name, 1, 0, NULL, name), 0);
    raw_close(&r);
    WAIT_UNTIL(raw_count(f->amqp_url, fixture_name(f, "celery")) == 1);
}

static void test_like_celery(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "celery"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_like_celery);
}

static void test_freed_without_stop(void **state)
{
    struct fixture *f = *state;
    mq_start(f->mq);
    loop_turn(f->loop, 50);
    mq_free(f->mq);
    f->mq = NULL;
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_confirms),       T(test_unroutable),         T(test_unencodable),
        T(test_properties),     T(test_nobody_listens),     T(test_bad_url),
        T(test_reconnect),      T(test_mismatch),           T(test_like_celery),
        T(test_wrong_password), T(test_freed_without_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
