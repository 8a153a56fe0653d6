/* Consuming against a real broker and database: one message, and what may go wrong with it. */
#include "fixture.h"

#include <sys/wait.h>

/* ---- what a handler sees ------------------------------------------------------------------- */

static struct {
    int calls;
    char trace_id[33], span_id[17], header[64], id[64], reply_to[64];
    int64_t now, attempt;
    bool overridden;
} seen;

static void keep(char *out, size_t size, struct str s)
{
    snprintf(out, size, "%.*s", STR_ARG(s));
}

static enum err look(struct mq_delivery *d)
{
    seen.calls++;
    keep(seen.trace_id, sizeof seen.trace_id, d->log.trace_id);
    keep(seen.span_id, sizeof seen.span_id, d->log.span_id);
    keep(seen.header, sizeof seen.header, mq_header_get(d->message, "number"));
    keep(seen.id, sizeof seen.id, d->message->message_id);
    keep(seen.reply_to, sizeof seen.reply_to, d->message->reply_to);
    seen.now = d->now;
    seen.attempt = d->attempt;
    seen.overridden = d->time_overridden;
    assert_null(d->db);
    assert_ptr_equal(d->app, &seen);
    return ERR_OK;
}

static void body_delivery(struct fixture *f)
{
    int64_t then;
    assert_true(time_parse(STR("2026-01-12T10:30:00.123456Z"), &then));
    const struct mq_header headers[] = {
        {STR("traceparent"), STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
         MQ_HEADER_STR},
        {STR("x-tts-time"), STR("2026-01-12T10:30:00.123456Z"), MQ_HEADER_STR},
        {STR("number"), STR("42"), MQ_HEADER_INT}};
    struct mq_message m = {.routing_key = str_from(fixture_name(f, "look")),
                           .message_id = STR("m-1"),
                           .reply_to = STR("back"),
                           .headers = headers,
                           .header_count = 3};
    WAIT_UNTIL(mq_is_up(f->mq));
    memset(&seen, 0, sizeof seen);
    assert_int_equal(mq_publish(f->mq, &m), ERR_OK);
    WAIT_UNTIL(seen.calls == 1);
    assert_string_equal(seen.trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_string_equal(seen.span_id, "b7ad6b7169203331");
    assert_string_equal(seen.header, "42");
    assert_string_equal(seen.id, "m-1");
    assert_string_equal(seen.reply_to, "back");
    assert_int_equal(seen.attempt, 1);
    assert_true(seen.overridden);
    assert_int_equal(seen.now, then);

    m.header_count = 0;
    assert_int_equal(mq_publish(f->mq, &m), ERR_OK);
    WAIT_UNTIL(seen.calls == 2);
    assert_false(seen.overridden);
    assert_true(clock_wall_us() - seen.now < 60 * US_PER_S);
    assert_string_equal(seen.trace_id, "");
    WAIT_UNTIL(is_settled(f, 2));
}

static void test_delivery(void **state)
{
    struct fixture *f = *state;
    QUEUE(f, "look", MQ_QUORUM);
    mq_consume(f->mq, &(struct mq_consumer){.queue = fixture_name(f, "look"), .handler = look},
               NULL, &seen);
    mq_start(f->mq);
    fixture_run(f, body_delivery);
    assert_int_equal(raw_count(f->amqp_url, fixture_name(f, "look")), 0);
}

/* ---- the inbox ----------------------------------------------------------------------------- */

static void body_inbox(struct fixture *f)
{
    for (int i = 0; i < 3; i++)
        publish(f, "inbox", "same", "once");
    publish(f, "inbox", "other", "more");
    WAIT_UNTIL(is_settled(f, 4));
    assert_int_equal(fixture_effects(f, "once"), 1);
    assert_int_equal(fixture_effects(f, "more"), 1);
}

static void test_inbox(void **state)
{
    struct fixture *f = *state;
    QUEUE(f, "inbox", MQ_CLASSIC);
    mq_consume(f->mq,
               &(struct mq_consumer){
                   .queue = fixture_name(f, "inbox"), .use_inbox = true, .handler = write_effect},
               f->db, NULL);
    mq_start(f->mq);
    fixture_run(f, body_inbox);
}

/* The connection is lost between the commit and the acknowledgement of every third message. */
static struct fixture *interrupted;
static int interruptions;

static enum err write_and_interrupt(struct mq_delivery *d)
{
    enum err rc = write_effect(d);
    if (rc == ERR_OK && !d->redelivered && ++interruptions % 3 == 0)
        broker_interrupt(interrupted->mq->broker);
    return rc;
}

static void body_redelivery(struct fixture *f)
{
    enum { COUNT = 30 };
    char id[32], text[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(id, sizeof id, "r%d", i);
        struct mq_message m = {.routing_key = str_from(fixture_name(f, "redelivery")),
                               .message_id = str_from(id),
                               .body = str_from(id)};
        while (mq_publish(f->mq, &m) != ERR_OK)
            assert_int_equal(co_sleep_ms(10), ERR_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "r%d", i);
        WAIT_UNTIL(fixture_effects(f, text) >= 1);
    }
    WAIT_UNTIL(mq_is_up(f->mq) && f->mq->running == 0 &&
               raw_count(f->amqp_url, fixture_name(f, "redelivery")) == 0);
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "r%d", i);
        assert_int_equal(fixture_effects(f, text), 1);
    }
    assert_true(stats_of(f).redelivered > 0);
}

static void test_redelivery(void **state)
{
    struct fixture *f = *state;
    interrupted = f;
    interruptions = 0;
    QUEUE(f, "redelivery", MQ_QUORUM);
    mq_consume(f->mq,
               &(struct mq_consumer){.queue = fixture_name(f, "redelivery"),
                                     .use_inbox = true,
                                     .handler = write_and_interrupt},
               f->db, NULL);
    mq_start(f->mq);
    fixture_run(f, body_redelivery);
}

/* ---- retry and dead letters ---------------------------------------------------------------- */

static int64_t attempted_at[8];
static int attempts;

static enum err fail_always(struct mq_delivery *d)
{
    assert_int_equal(d->attempt, attempts + 1);
    attempted_at[attempts++] = clock_mono_us();
    enum err rc = write_effect(d);
    return rc ? rc : ERR_WORKFLOW_NOT_FOUND;
}

/* As a Celery producer would send it: a nested header, an expiry, no message_id. */
static void publish_odd(struct fixture *f, const char *queue)
{
    amqp_field_value_t nothing[2] = {{.kind = AMQP_FIELD_KIND_VOID},
                                     {.kind = AMQP_FIELD_KIND_VOID}};
    amqp_table_entry_t e[2] = {{.key = amqp_cstring_bytes("timelimit")},
                               {.key = amqp_cstring_bytes("task")}};
    e[0].value.kind = AMQP_FIELD_KIND_ARRAY;
    e[0].value.value.array = (amqp_array_t){2, nothing};
    e[1].value.kind = AMQP_FIELD_KIND_UTF8;
    e[1].value.value.bytes = amqp_cstring_bytes("some.task");
    amqp_basic_properties_t p = {
        ._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG |
                  AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_PRIORITY_FLAG | AMQP_BASIC_APP_ID_FLAG,
        .headers = {2, e},
        .correlation_id = amqp_cstring_bytes("corr-1"),
        .expiration = amqp_cstring_bytes("60000"),
        .priority = 3,
        .app_id = amqp_cstring_bytes("odd")};
    raw_publish(f->amqp_url, fixture_name(f, queue), fixture_name(f, queue), &p, "odd body");
}

static void check_dead(struct fixture *f, const char *queue, const char *reason, int attempt)
{
    char dead[160];
    snprintf(dead, sizeof dead, "%s.dead", fixture_name(f, queue));
    struct raw r;
    amqp_message_t m;
    WAIT_UNTIL(raw_count(f->amqp_url, dead) == 1);
    raw_open(&r, f->amqp_url);
    assert_true(raw_get(&r, dead, &m));
    assert_true(raw_is(m.body, "odd body"));
    assert_true(raw_is(m.properties.correlation_id, "corr-1"));
    assert_true(raw_is(m.properties.app_id, "odd"));
    assert_int_equal(m.properties.priority, 3);
    assert_int_equal(m.properties._flags & AMQP_BASIC_EXPIRATION_FLAG, 0);
    assert_int_equal(m.properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG, 0);
    assert_int_equal(raw_header(&m, "timelimit")->value.array.num_entries, 2);
    assert_true(raw_header_is(&m, "task", "some.task"));
    assert_true(raw_header_is(&m, "x-tts-reason", reason));
    assert_true(raw_header_is(&m, "x-tts-queue", fixture_name(f, queue)));
    assert_int_equal(raw_header(&m, "x-tts-attempt")->value.i32, attempt);
    assert_null(raw_header(&m, "x-death"));
    amqp_destroy_message(&m);
    raw_close(&r);
}

static void body_retry(struct fixture *f)
{
    WAIT_UNTIL(mq_is_up(f->mq));
    publish_odd(f, "retry");
    check_dead(f, "retry", "WORKFLOW_NOT_FOUND", 5);
    assert_int_equal(attempts, 5);
    for (int i = 1; i < 5; i++) {
        int64_t waited = attempted_at[i] - attempted_at[i - 1];
        int64_t expected = (1LL << (i - 1)) * US_PER_S;
        assert_true(waited > expected - 100 * US_PER_MS && waited < expected + 30 * US_PER_S);
    }
    assert_int_equal(fixture_effects(f, "odd body"), 0);
    assert_int_equal(raw_count(f->amqp_url, fixture_name(f, "retry")), 0);
    assert_int_equal(stats_of(f).retried, 4);
    assert_int_equal(stats_of(f).dead, 1);
}

static void test_retry_then_dead(void **state)
{
    struct fixture *f = *state;
    attempts = 0;
    QUEUE(f, "retry", MQ_CLASSIC);
    mq_consume(f->mq,
               &(struct mq_consumer){
                   .queue = fixture_name(f, "retry"), .use_inbox = true, .handler = fail_always},
               f->db, NULL);
    mq_start(f->mq);
    fixture_run(f, body_retry);
}

static enum err park(struct mq_delivery *d)
{
    d->reject_reason = STR("no such ticket");
    return MQ_PARK;
}

static void body_park(struct fixture *f)
{
    WAIT_UNTIL(mq_is_up(f->mq));
    publish_odd(f, "park");
    check_dead(f, "park", "PARKED: no such ticket", 1);
}

static void test_park(void **state)
{
    struct fixture *f = *state;
    QUEUE(f, "park", MQ_CLASSIC);
    mq_consume(f->mq, &(struct mq_consumer){.queue = fixture_name(f, "park"), .handler = park},
               NULL, NULL);
    mq_start(f->mq);
    fixture_run(f, body_park);
}

static int recovered_calls;

static enum err fail_once(struct mq_delivery *d)
{
    recovered_calls++;
    enum err rc = write_effect(d);
    return rc ? rc : d->attempt == 1 ? ERR_INVALID_PAYLOAD : ERR_OK;
}

static void body_recovers(struct fixture *f)
{
    publish(f, "recovers", "rec", "recovered");
    WAIT_UNTIL(is_settled(f, 1));
    assert_int_equal(recovered_calls, 2);
    assert_int_equal(fixture_effects(f, "recovered"), 1);
}

static void test_recovers(void **state)
{
    struct fixture *f = *state;
    recovered_calls = 0;
    QUEUE(f, "recovers", MQ_QUORUM);
    mq_consume(f->mq,
               &(struct mq_consumer){
                   .queue = fixture_name(f, "recovers"), .use_inbox = true, .handler = fail_once},
               f->db, NULL);
    mq_start(f->mq);
    fixture_run(f, body_recovers);
}

/* ---- the database goes away in the middle -------------------------------------------------- */

DB_WRITE(end_own_session_stmt, "", "b", "SELECT pg_terminate_backend(pg_backend_pid())");

static int lost_sessions;

static enum err lose_database(struct mq_delivery *d)
{
    assert_int_equal(d->attempt, 1);
    enum err rc = write_effect(d);
    if (rc == ERR_OK && lost_sessions++ < 3)
        rc = db_query(d->db, &end_own_session_stmt, NULL);
    return rc;
}

/* Not the message's fault: it is handled again in place, without counting an attempt. */
static void body_database_lost(struct fixture *f)
{
    publish(f, "lost", "l1", "survived");
    WAIT_UNTIL(is_settled(f, 1));
    assert_int_equal(lost_sessions, 4);
    assert_int_equal(fixture_effects(f, "survived"), 1);
    assert_int_equal(stats_of(f).retried, 0);
}

static void test_database_lost(void **state)
{
    struct fixture *f = *state;
    lost_sessions = 0;
    QUEUE(f, "lost", MQ_QUORUM);
    mq_consume(f->mq,
               &(struct mq_consumer){
                   .queue = fixture_name(f, "lost"), .use_inbox = true, .handler = lose_database},
               f->db, NULL);
    mq_start(f->mq);
    fixture_run(f, body_database_lost);
}

/* ---- a message that kills the program ------------------------------------------------------ */

static enum err die(struct mq_delivery *d)
{
    if (str_eq(d->message->body, STR("poison")))
        _exit(9);
    return write_effect(d);
}

static void consume_poison(struct fixture *f, struct mq *m, struct db *db)
{
    mq_declare_queue(m, &(struct mq_queue){fixture_name(f, "poison"), MQ_CLASSIC, NULL});
    mq_consume(m,
               &(struct mq_consumer){
                   .queue = fixture_name(f, "poison"), .use_inbox = true, .handler = die},
               db, NULL);
    mq_start(m);
}

/* A program of its own that consumes until it dies of it, or until the queue is empty. */
static int run_victim(struct fixture *f)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct loop *l = loop_new();
        struct db *db = fixture_db(f, l);
        struct mq *m = fixture_mq(l, f->amqp_url);
        consume_poison(f, m, db);
        int64_t quiet_since = clock_mono_us();
        while (clock_mono_us() - quiet_since < 4 * US_PER_S) {
            struct mq_stats before, after;
            mq_stats(m, &before);
            loop_turn(l, 50);
            mq_stats(m, &after);
            if (m->running || after.consumed != before.consumed || !mq_is_up(m))
                quiet_since = clock_mono_us();
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void body_poison_setup(struct fixture *f)
{
    publish(f, "poison", "p0", "innocent 0");
    publish(f, "poison", "p1", "poison");
    publish(f, "poison", "p2", "innocent 2");
    publish(f, "poison", "p3", "innocent 3");
}

static void body_poison_check(struct fixture *f)
{
    char name[32], dead[160];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "innocent %d", i);
        assert_int_equal(fixture_effects(f, name), i != 1);
    }
    snprintf(dead, sizeof dead, "%s.dead", fixture_name(f, "poison"));
    assert_int_equal(raw_count(f->amqp_url, dead), 1);
    assert_int_equal(raw_count(f->amqp_url, fixture_name(f, "poison")), 0);
}

static void restart_mq(struct fixture *f)
{
    mq_free(f->mq);
    f->mq = fixture_mq(f->loop, f->amqp_url);
    mq_start(f->mq);
}

static void test_poison(void **state)
{
    struct fixture *f = *state;
    int deaths = 0;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "poison"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_poison_setup);
    while (run_victim(f) == 9)
        assert_true(++deaths < 10);
    assert_true(deaths >= 2);
    restart_mq(f);
    fixture_run(f, body_poison_check);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_delivery), T(test_inbox),         T(test_redelivery), T(test_park),
        T(test_recovers), T(test_database_lost), T(test_poison),     T(test_retry_then_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
