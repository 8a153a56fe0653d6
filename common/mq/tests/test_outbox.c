/* The outbox and its relay, on a real broker and database. */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>

#include "celery.h"
#include "outbox_store.h"
#include "thread.h"

DB_WRITE(insert_many_stmt, "tii", "",
         "INSERT INTO outbox (message_id, routing_key, body, key) "
         "SELECT 'm' || n, $1, (n / $3) || '', 'key ' || (n % $3) "
         "FROM generate_series(0, $2 - 1) n");
DB_READ(failed_rows_stmt, "", "i", "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL");

static struct outbox_relay *relay;

static void put_in(struct fixture *f, const struct outbox_entry *entries, size_t n, bool commits)
{
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, f->db, a);
    WAIT_UNTIL(db_is_up(f->db));
    assert_int_equal(db_begin(&s), ERR_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(outbox_put(&s, &entries[i]), ERR_OK);
    if (commits)
        assert_int_equal(db_commit(&s), ERR_OK);
    else
        db_rollback(&s);
    arena_free(a);
}

static int64_t outbox_count(struct fixture *f)
{
    return fixture_count(f, &count_outbox_stmt, NULL);
}

static void start_relay(struct fixture *f)
{
    WAIT_UNTIL(mq_is_up(f->mq) && db_is_up(f->db));
    relay = outbox_relay_start(f->loop, f->db, f->mq);
}

/* ---- one row ------------------------------------------------------------------------------- */

static void body_put(struct fixture *f)
{
    const struct outbox_entry entry = {
        .routing_key = str_from(fixture_name(f, "put")),
        .message_id = STR("put-1"),
        .correlation_id = STR("corr"),
        .type = STR("ticket.created"),
        .content_type = STR("application/cloudevents+json"),
        .headers_json = STR("{\"traceparent\":\"00-x\",\"retries\":0,\"eta\":null}"),
        .body = STR("{\"ä\":1}"),
        .key = STR("TX1"),
    };
    start_relay(f);
    put_in(f, &entry, 1, false);
    put_in(f, &entry, 1, true);
    WAIT_UNTIL(raw_count(f->amqp_url, fixture_name(f, "put")) == 1);
    WAIT_UNTIL(outbox_count(f) == 0);

    struct raw r;
    amqp_message_t m;
    raw_open(&r, f->amqp_url);
    assert_true(raw_get(&r, fixture_name(f, "put"), &m));
    assert_true(raw_is(m.properties.message_id, "put-1"));
    assert_true(raw_is(m.properties.correlation_id, "corr"));
    assert_true(raw_is(m.properties.type, "ticket.created"));
    assert_true(raw_is(m.properties.content_type, "application/cloudevents+json"));
    assert_true(raw_is(m.properties.content_encoding, "utf-8"));
    assert_int_equal(m.properties.delivery_mode, 2);
    assert_true(m.properties.timestamp > 1700000000);
    assert_true(raw_header_is(&m, "traceparent", "00-x"));
    assert_int_equal(raw_header(&m, "retries")->value.i64, 0);
    assert_int_equal(raw_header(&m, "eta")->kind, AMQP_FIELD_KIND_VOID);
    assert_true(raw_is(m.body, "{\"ä\":1}"));
    amqp_destroy_message(&m);
    raw_close(&r);
    outbox_relay_stop(relay);
}

static void test_put(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "put"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_put);
}

static void body_needs_transaction(struct fixture *f)
{
    struct arena *a = arena_new();
    struct db_session s;
    db_session_init(&s, f->db, a);
    const struct outbox_entry entry = {.routing_key = STR("q"), .body = STR("{}")};
    assert_int_equal(outbox_put(&s, &entry), ERR_INTERNAL_ERROR);
    arena_free(a);
}

static void test_needs_transaction(void **state)
{
    struct fixture *f = *state;
    fixture_run(f, body_needs_transaction);
}

static void body_celery(struct fixture *f)
{
    struct arena *a = arena_new();
    struct db_session s;
    WAIT_UNTIL(db_is_up(f->db));
    db_session_init(&s, f->db, a);
    assert_int_equal(db_begin(&s), ERR_OK);
    assert_int_equal(celery_put(&s, fixture_name(f, "celery"), "update_ticket_owner",
                                STR("[\"TX1\",7]"), STR_NULL, STR("TX1"), NULL, STR_NULL),
                     ERR_OK);
    assert_int_equal(db_commit(&s), ERR_OK);
    arena_free(a);
    start_relay(f);
    WAIT_UNTIL(raw_count(f->amqp_url, fixture_name(f, "celery")) == 1);
    struct raw r;
    amqp_message_t m;
    raw_open(&r, f->amqp_url);
    assert_true(raw_get(&r, fixture_name(f, "celery"), &m));
    assert_true(raw_header_is(&m, "task", "update_ticket_owner"));
    assert_true(raw_header(&m, "id")->value.bytes.len == 36);
    assert_int_equal(m.properties.correlation_id.len, 36);
    assert_int_equal(
        memcmp(m.properties.correlation_id.bytes, raw_header(&m, "id")->value.bytes.bytes, 36), 0);
    assert_true(raw_is(m.properties.content_type, "application/json"));
    assert_true(raw_is(m.body, "[[\"TX1\",7],{},{\"callbacks\":null,\"errbacks\":null,"
                               "\"chain\":null,\"chord\":null}]"));
    amqp_destroy_message(&m);
    raw_close(&r);
    outbox_relay_stop(relay);
}

static void test_celery(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "celery"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_celery);
}

/* ---- rows that fail ------------------------------------------------------------------------ */

static struct outbox_entry entry_to(const char *queue, const char *key, const char *body)
{
    return (struct outbox_entry){
        .routing_key = str_from(queue), .key = str_from(key), .body = str_from(body)};
}

static void declare_raw(struct fixture *f, const char *queue)
{
    struct raw r;
    raw_open(&r, f->amqp_url);
    assert_non_null(
        amqp_queue_declare(r.conn, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, amqp_empty_table));
    raw_close(&r);
}

static void expect_next(struct raw *r, const char *queue, const char *body)
{
    amqp_message_t m;
    assert_true(raw_get(r, queue, &m));
    assert_true(raw_is(m.body, body));
    amqp_destroy_message(&m);
}

/* Nothing takes the rows of key a at first: they wait in order, and others pass them by. */
static void body_unroutable(struct fixture *f)
{
    const char *late = fixture_name(f, "late"), *there = fixture_name(f, "there");
    const struct outbox_entry first[] = {entry_to(late, "a", "a1"),  entry_to(late, "a", "a2"),
                                         entry_to(there, "b", "b1"), entry_to(there, "b", "b2"),
                                         entry_to(there, "a", "a3"), entry_to(there, NULL, "c1")};
    start_relay(f);
    put_in(f, first, 6, true);
    WAIT_UNTIL(raw_count(f->amqp_url, there) == 4);
    WAIT_UNTIL(fixture_count(f, &failed_rows_stmt, NULL) == 1);
    const struct outbox_entry more[] = {entry_to(late, "a", "a4"), entry_to(there, "d", "d1")};
    put_in(f, more, 2, true);
    WAIT_UNTIL(raw_count(f->amqp_url, there) == 5);
    WAIT_UNTIL(outbox_count(f) == 3);
    int64_t pending;
    double oldest_s;
    WAIT_UNTIL((outbox_relay_stats(relay, &pending, &oldest_s), pending == 3));

    declare_raw(f, late);
    WAIT_UNTIL(outbox_count(f) == 0);
    struct raw r;
    raw_open(&r, f->amqp_url);
    expect_next(&r, late, "a1");
    expect_next(&r, late, "a2");
    expect_next(&r, late, "a4");
    raw_close(&r);
    outbox_relay_stop(relay);
}

static void test_unroutable_rows(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "there"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_unroutable);
}

/* An event without subscribers is kept a while, then dropped; its key is free again. */
static void body_unwanted(struct fixture *f)
{
    struct outbox_entry event = entry_to("nobody.listens", "k", "{}");
    event.exchange = STR(MQ_EVENTS_EXCHANGE);
    start_relay(f);
    put_in(f, &event, 1, true);
    WAIT_UNTIL(fixture_count(f, &failed_rows_stmt, NULL) == 1);
    WAIT_UNTIL(outbox_count(f) == 0);
    int64_t started = clock_mono_us();
    put_in(f, &event, 1, true);
    WAIT_UNTIL(outbox_count(f) == 0);
    assert_true(clock_mono_us() - started < 8 * US_PER_S);
    outbox_relay_stop(relay);
}

static void test_unwanted_events(void **state)
{
    struct fixture *f = *state;
    mq_start(f->mq);
    fixture_run(f, body_unwanted);
}

static void body_bad_headers(struct fixture *f)
{
    const char *there = fixture_name(f, "bad");
    struct outbox_entry entries[] = {entry_to(there, "a", "a1"), entry_to(there, "b", "b1")};
    entries[0].headers_json = STR("{\"nested\":[1]}");
    start_relay(f);
    put_in(f, entries, 2, true);
    WAIT_UNTIL(raw_count(f->amqp_url, there) == 1);
    WAIT_UNTIL(fixture_count(f, &failed_rows_stmt, NULL) == 1);
    outbox_relay_stop(relay);
}

static void test_bad_headers(void **state)
{
    struct fixture *f = *state;
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "bad"), MQ_CLASSIC, NULL});
    mq_start(f->mq);
    fixture_run(f, body_bad_headers);
}

/* ---- several processes --------------------------------------------------------------------- */

enum { ROWS = 3000, KEYS = 100 };

static void run_relay_until_told(void *arg)
{
    struct fixture *f = arg;
    start_relay(f);
    f->is_done = true;
}

/* A process of its own that relays until it is killed. */
static pid_t start_relay_process(struct fixture *f)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct fixture child = *f;
    child.loop = loop_new();
    child.db = fixture_db(&child, child.loop);
    child.mq = fixture_mq(child.loop, f->amqp_url);
    mq_start(child.mq);
    co_start(child.loop, run_relay_until_told, &child, "child");
    loop_run(child.loop);
    _exit(0);
}

static void end_process(pid_t pid)
{
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void body_fill(struct fixture *f)
{
    struct arena *a = arena_new();
    struct db_session s;
    WAIT_UNTIL(mq_is_up(f->mq) && db_is_up(f->db));
    db_session_init(&s, f->db, a);
    assert_int_equal(db_query(&s, &insert_many_stmt, NULL,
                              DB_STR(str_from(fixture_name(f, "many"))), DB_INT(ROWS),
                              DB_INT(KEYS)),
                     ERR_OK);
    arena_free(a);
}

static void body_drain(struct fixture *f)
{
    WAIT_UNTIL(outbox_count(f) == 0);
}

/* Every row is there; a row may be there twice only if a process was killed holding it. */
static void check_messages(struct fixture *f, int most_doubled)
{
    int seen[ROWS] = {0}, last[KEYS], doubled = 0;
    memset(last, -1, sizeof last);
    struct raw r;
    amqp_message_t m;
    raw_open(&r, f->amqp_url);
    while (raw_get(&r, fixture_name(f, "many"), &m)) {
        int64_t n = -1;
        struct str id = str_from_bytes(m.properties.message_id);
        assert_true(str_to_i64(str_slice(id, 1, id.len), &n));
        assert_in_range(n, 0, ROWS - 1);
        if (seen[n]++)
            doubled++;
        else
            assert_true(n / KEYS > last[n % KEYS]);
        if (n / KEYS > last[n % KEYS])
            last[n % KEYS] = n / KEYS;
        amqp_destroy_message(&m);
    }
    raw_close(&r);
    for (int i = 0; i < ROWS; i++)
        assert_true(seen[i] >= 1);
    assert_true(doubled <= most_doubled);
}

static void restart_mq(struct fixture *f)
{
    mq_free(f->mq);
    f->mq = fixture_mq(f->loop, f->amqp_url);
    mq_start(f->mq);
}

static void run_processes(struct fixture *f, int kills)
{
    mq_declare_queue(f->mq, &(struct mq_queue){fixture_name(f, "many"), MQ_QUORUM, NULL});
    mq_start(f->mq);
    fixture_run(f, body_fill);
    pid_t pids[2] = {start_relay_process(f), start_relay_process(f)};
    for (int i = 0; i < kills; i++) {
        usleep(150 * 1000); /* at any moment, so no condition to wait for */
        end_process(pids[i % 2]);
        pids[i % 2] = start_relay_process(f);
    }
    restart_mq(f);
    fixture_run(f, body_drain);
    end_process(pids[0]);
    end_process(pids[1]);
    check_messages(f, kills * 256);
}

static void test_two_relays(void **state)
{
    run_processes(*state, 0);
}

static void test_killed_relays(void **state)
{
    run_processes(*state, 4);
}

/* ---- pruning ------------------------------------------------------------------------------- */

DB_WRITE(age_inbox_stmt, "", "",
         "UPDATE inbox SET seen_at = now() - interval '8 days' WHERE message_id LIKE 'old%'");

static void body_prune(struct fixture *f)
{
    static const char *const IDS[] = {"old1", "old2", "new"};
    struct arena *a = arena_new();
    struct db_session s;
    bool is_new;
    int64_t n;
    WAIT_UNTIL(db_is_up(f->db));
    db_session_init(&s, f->db, a);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(inbox_record(&s, "c", str_from(IDS[i]), &is_new), ERR_OK);
        assert_true(is_new);
    }
    assert_int_equal(db_query(&s, &age_inbox_stmt, NULL), ERR_OK);
    assert_int_equal(inbox_prune(&s, 7, 1, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(inbox_prune(&s, 7, 10, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(inbox_record(&s, "c", STR("new"), &is_new), ERR_OK);
    assert_false(is_new);
    assert_int_equal(inbox_record(&s, "other", STR("new"), &is_new), ERR_OK);
    assert_true(is_new);
    arena_free(a);
}

static void test_prune(void **state)
{
    fixture_run(*state, body_prune);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_put),         T(test_needs_transaction), T(test_celery),
        T(test_bad_headers), T(test_unroutable_rows),   T(test_prune),
        T(test_two_relays),  T(test_killed_relays),     T(test_unwanted_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
