#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/webhook_delivery_store.h"
#include "store/webhook_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)
#define NOW (INT64_C(1768213800) * US_PER_S)
#define LEASE_S 60

static const struct str CREATED[] = {STR("ticket.created"), STR("ticket.*"), STR("*")};
static const struct str CLOSED[] = {STR("ticket.closed"), STR("ticket.*"), STR("*")};

static struct webhook add(struct db_session *s, const struct str *types, size_t count)
{
    struct webhook w = {.url = STR("https://example.com/<hook>?'"),
                        .description = STR("\"quoted\"; DROP TABLE webhook"),
                        .event_types = types,
                        .event_type_count = count,
                        .headers = STR("sealed headers"),
                        .secret = STR("sealed\x01secret"),
                        .is_enabled = true,
                        .created_by = 41,
                        .created_at = NOW,
                        .disabled_at = INT64_MIN};
    OK(webhook_store_next_id(s, &w.id));
    OK(webhook_store_add(s, &w));
    OK(webhook_store_get(s, w.id, &w));
    return w;
}

static int64_t tell(struct db_session *s, const struct str *patterns, int64_t at)
{
    bool is_wanted;
    int64_t seq;
    OK(webhook_store_subscribed(s, patterns, 3, STR("TX1"), &is_wanted, &seq));
    if (!is_wanted)
        return -1;
    const struct webhook_message m = {.message_id = STR("msg_1"),
                                      .type = patterns[0],
                                      .body = STR("{\"type\":\"x\"}"),
                                      .patterns = patterns,
                                      .pattern_count = 3,
                                      .now = at};
    OK(webhook_store_tell(s, &m));
    return seq;
}

static void what_is_added_comes_back(struct db_session *s)
{
    struct webhook w = add(s, CREATED, 2), again;
    assert_true(str_eq(w.url, STR("https://example.com/<hook>?'")));
    assert_int_equal(w.event_type_count, 2);
    assert_true(str_eq(w.secret, STR("sealed\x01secret")));
    assert_int_equal(w.version, 1);
    assert_int_equal(w.failing_since, INT64_MIN);
    w.previous_secret = STR("old");
    w.previous_secret_until = NOW + 1;
    w.updated_at = NOW + 2;
    OK(webhook_store_update(s, &w));
    assert_int_equal(w.version, 2);
    OK(webhook_store_lock(s, w.id, &again));
    assert_int_equal(again.version, 2);
    assert_int_equal(again.updated_at, NOW + 2);
    assert_true(str_eq(again.previous_secret, STR("old")));
    OK(webhook_store_delete(s, w.id));
    assert_int_equal(webhook_store_get(s, w.id, &w), ERR_NOT_FOUND);
}

static void only_who_has_subscribed_is_told(struct db_session *s)
{
    static const struct str ALL[] = {STR("*")}, TASKS[] = {STR("task.*")};
    const int64_t *due;
    size_t count;
    assert_int_equal(tell(s, CREATED, NOW), -1);
    struct webhook one = add(s, CREATED, 1), other = add(s, TASKS, 1), all = add(s, ALL, 1);
    (void)other;
    assert_int_equal(tell(s, CREATED, NOW), 1);
    assert_int_equal(tell(s, CLOSED, NOW), 2);
    OK(webhook_store_due(s, NOW, &due, &count));
    assert_int_equal(count, 2);
    assert_true(due[0] == one.id && due[1] == all.id);
    OK(webhook_store_due(s, NOW - 1, &due, &count));
    assert_int_equal(count, 0);
}

static void a_delivery_is_claimed_once_and_comes_back_after_its_lease(struct db_session *s)
{
    struct webhook w = add(s, CREATED, 1);
    struct webhook_due due, again;
    tell(s, CREATED, NOW);
    assert_int_equal(webhook_store_claim(s, w.id, NOW - 1, LEASE_S, &due), ERR_NOT_FOUND);
    OK(webhook_store_claim(s, w.id, NOW, LEASE_S, &due));
    assert_true(str_eq(due.message_id, STR("msg_1")) && str_eq(due.url, w.url));
    assert_int_equal(due.attempt, 1);
    assert_int_equal(webhook_store_claim(s, w.id, NOW + 1, LEASE_S, &again), ERR_NOT_FOUND);
    OK(webhook_store_claim(s, w.id, NOW + LEASE_S * US_PER_S, LEASE_S, &again));
    assert_int_equal(again.attempt, 2);
    /* Whoever was too slow has nothing to say any more. */
    const struct webhook_attempt late = {.started_at = NOW, .status = 200};
    struct webhook_delivery d;
    OK(webhook_store_record(s, &due, &late, INT64_MIN));
    OK(webhook_store_delivery(s, w.id, due.id, &d));
    assert_true(str_eq(d.status, STR("pending")));
    OK(webhook_store_record(s, &again, &late, INT64_MIN));
    OK(webhook_store_delivery(s, w.id, due.id, &d));
    assert_true(str_eq(d.status, STR("delivered")) && d.last_status == 200);
    assert_true(str_eq(d.body, STR("{\"type\":\"x\"}")));
}

static void nothing_goes_to_an_endpoint_that_rests(struct db_session *s)
{
    struct webhook w = add(s, CREATED, 1);
    struct webhook_due due;
    tell(s, CREATED, NOW);
    w.failures = 5;
    w.failing_since = NOW;
    w.paused_until = NOW + 10;
    OK(webhook_store_failed(s, &w, NOW));
    assert_int_equal(webhook_store_claim(s, w.id, NOW + 9, LEASE_S, &due), ERR_NOT_FOUND);
    OK(webhook_store_claim(s, w.id, NOW + 10, LEASE_S, &due));
    assert_int_equal(due.failures, 5);
    OK(webhook_store_succeeded(s, w.id, NOW + 11));
    OK(webhook_store_get(s, w.id, &w));
    assert_true(w.failures == 0 && w.failing_since == INT64_MIN && w.last_success_at == NOW + 11);
    tell(s, CREATED, NOW);
    w.is_enabled = false;
    w.disabled_reason = STR("gone");
    OK(webhook_store_failed(s, &w, NOW));
    assert_int_equal(webhook_store_claim(s, w.id, NOW + 20, LEASE_S, &due), ERR_NOT_FOUND);
}

static void attempts_are_logged(struct db_session *s)
{
    struct webhook w = add(s, CREATED, 1);
    const struct webhook_attempt failure = {.started_at = NOW,
                                            .duration_ms = 7,
                                            .status = INT64_MIN,
                                            .error = STR("no answer in time")};
    const struct webhook_attempt *log;
    struct webhook_delivery d;
    struct webhook_due due;
    size_t count;
    tell(s, CREATED, NOW);
    OK(webhook_store_claim(s, w.id, NOW, LEASE_S, &due));
    OK(webhook_store_record(s, &due, &failure, NOW + 5));
    OK(webhook_store_claim(s, w.id, NOW + 5, LEASE_S, &due));
    OK(webhook_store_record(s, &due, &failure, INT64_MIN));
    OK(webhook_store_attempts(s, due.id, &log, &count));
    assert_int_equal(count, 2);
    assert_true(log[1].duration_ms == 7 && log[1].status == INT64_MIN);
    OK(webhook_store_delivery(s, w.id, due.id, &d));
    assert_true(str_eq(d.status, STR("failed")) && d.next_attempt_at == INT64_MIN);
    assert_int_equal(webhook_store_delivery(s, w.id + 1, due.id, &d), ERR_NOT_FOUND);
}

static void failed_and_missed_ones_are_replayed(struct db_session *s)
{
    struct webhook w = add(s, CREATED, 1);
    const struct webhook_attempt failure = {.started_at = NOW, .status = 500, .error = STR("500")};
    struct webhook_due due;
    int64_t count;
    tell(s, CREATED, NOW);
    OK(webhook_store_claim(s, w.id, NOW, LEASE_S, &due));
    assert_int_equal(webhook_store_replay(s, w.id, due.id, NOW), ERR_CONFLICT);
    OK(webhook_store_record(s, &due, &failure, INT64_MIN));
    w.is_enabled = false;
    w.disabled_reason = STR("manual");
    OK(webhook_store_update(s, &w));
    tell(s, CREATED, NOW + 10);
    struct webhook_replay r = {w.id, NOW + 11, NOW + 20, 10, NOW + 20, CREATED, 1};
    OK(webhook_store_replay_range(s, &r, &count));
    assert_int_equal(count, 0);
    r.since = NOW;
    OK(webhook_store_replay_range(s, &r, &count));
    assert_int_equal(count, 2);
    OK(webhook_store_replay_range(s, &r, &count));
    assert_int_equal(count, 0);
    assert_int_equal(webhook_store_replay(s, w.id + 1, due.id, NOW), ERR_NOT_FOUND);
    assert_int_equal(webhook_store_replay(s, w.id, 0, NOW), ERR_NOT_FOUND);
}

static void the_log_is_filtered(struct db_session *s)
{
    static const struct str BOTH[] = {STR("ticket.*")};
    struct webhook w = add(s, BOTH, 1);
    struct webhook_delivery_list list;
    struct webhook_due due;
    for (int i = 0; i < 3; i++)
        tell(s, i == 1 ? CLOSED : CREATED, NOW + i);
    OK(webhook_store_claim(s, w.id, NOW, LEASE_S, &due));
    const struct webhook_attempt fine = {.started_at = NOW, .status = 204};
    OK(webhook_store_record(s, &due, &fine, INT64_MIN));
    static const struct {
        const char *status, *type;
        int count;
    } cases[] = {
        {NULL, NULL, 3},
        {"pending", NULL, 2},
        {"delivered", NULL, 1},
        {"failed", NULL, 0},
        {NULL, "ticket.created", 2},
        {"pending", "ticket.closed", 1},
        {"delivered", "ticket.closed", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct webhook_delivery_filter f = {.webhook_id = w.id,
                                                  .status = str_from(cases[i].status),
                                                  .type = str_from(cases[i].type),
                                                  .before = INT64_MIN,
                                                  .limit = 10};
        OK(webhook_store_deliveries(s, &f, &list));
        assert_int_equal(list.count, cases[i].count);
        assert_int_equal(list.total, cases[i].count);
    }
    const struct webhook_delivery_filter page = {
        .webhook_id = w.id, .before = list.count ? 0 : due.id + 2, .limit = 1};
    OK(webhook_store_deliveries(s, &page, &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].id, due.id + 1);
}

static void old_messages_are_forgotten(struct db_session *s)
{
    struct webhook w = add(s, CREATED, 1);
    struct webhook_delivery_list list;
    int64_t count;
    for (int i = 0; i < 4; i++)
        tell(s, CREATED, NOW + i);
    OK(webhook_store_purge(s, NOW + 3, 2, &count));
    assert_int_equal(count, 2);
    OK(webhook_store_purge(s, NOW + 3, 2, &count));
    assert_int_equal(count, 1);
    const struct webhook_delivery_filter all = {
        .webhook_id = w.id, .before = INT64_MIN, .limit = 9};
    OK(webhook_store_deliveries(s, &all, &list));
    assert_int_equal(list.count, 1);
}

/* ---- plans -------------------------------------------------------------------------------- */

/* Ten endpoints with five thousand deliveries each, as a planner sees them. */
DB_WRITE(fill_webhooks, "", "",
         "INSERT INTO webhook (url, description, event_types, header_names, headers, secret,"
         " is_enabled, created_by, created_at, updated_at) SELECT 'https://example.com', '',"
         " '{*}', '{}', '', '', true, 41, now(), now() FROM generate_series(1, 10)");
DB_WRITE(fill_messages, "", "",
         "INSERT INTO webhook_message (message_id, type, body, patterns, created_at)"
         " SELECT 'msg_' || i, 'ticket.created', '{}', '{ticket.created,ticket.*,*}',"
         " now() - i * interval '1 minute' FROM generate_series(1, 5000) i");
DB_WRITE(fill_deliveries, "", "",
         "INSERT INTO webhook_delivery (webhook_id, webhook_message, type, status,"
         " next_attempt_at, created_at) SELECT w.id, m.id, m.type, CASE m.id % 3 WHEN 0 THEN"
         " 'pending' WHEN 1 THEN 'failed' ELSE 'delivered' END, now(), m.created_at"
         " FROM webhook w, webhook_message m");
DB_WRITE(fill_attempts, "", "",
         "INSERT INTO webhook_attempt (delivery_id, started_at, duration_ms)"
         " SELECT id, now(), 1 FROM webhook_delivery");
DB_WRITE(analyze_webhooks, "", "",
         "ANALYZE webhook, webhook_delivery, webhook_message, webhook_attempt");

static void fill(struct db_session *s)
{
    OK(db_query(s, &fill_webhooks, NULL));
    OK(db_query(s, &fill_messages, NULL));
    OK(db_query(s, &fill_deliveries, NULL));
    OK(db_query(s, &fill_attempts, NULL));
}

static void expect_no_scan(struct db_session *s, const char *statement)
{
    static const char *const tables[] = {"webhook_delivery", "webhook_message", "webhook_attempt"};
    struct str plan = store_test_plan(s->arena, statement);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (str_find(plan, str_printf(s->arena, "Seq Scan on %s ", tables[i])) >= 0)
            fail_msg("%s scans %s:\n%.*s", statement, tables[i], STR_ARG(plan));
}

static void nothing_scans_the_log(struct db_session *s)
{
    static const char *const statements[] = {
        "webhooks_due",
        "webhook_claim",
        "webhook_record",
        "webhook_deliveries",
        "webhook_deliveries_of_status",
        "webhook_deliveries_of_type",
        "webhook_deliveries_of_both",
        "webhook_delivery_count",
        "webhook_delivery_count_of_status",
        "webhook_delivery_count_of_type",
        "webhook_delivery_count_of_both",
        "webhook_delivery_by_id",
        "webhook_attempts",
        "webhook_replay_one",
        "webhook_replay_failed",
        "webhook_replay_missing",
        "webhook_forget",
    };
    fill(s);
    OK(db_query(s, &analyze_webhooks, NULL));
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        expect_no_scan(s, statements[i]);
}

static void test_nothing_scans_the_log(void **state)
{
    store_test_run_bare(nothing_scans_the_log);
}

static void test_statements_match_the_server(void **state)
{
    assert_int_equal(store_test_statements(), 0);
}

STORE_TEST(what_is_added_comes_back)
STORE_TEST(only_who_has_subscribed_is_told)
STORE_TEST(a_delivery_is_claimed_once_and_comes_back_after_its_lease)
STORE_TEST(nothing_goes_to_an_endpoint_that_rests)
STORE_TEST(attempts_are_logged)
STORE_TEST(failed_and_missed_ones_are_replayed)
STORE_TEST(the_log_is_filtered)
STORE_TEST(old_messages_are_forgotten)

static int open(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, WRITE_MIGRATIONS,
                                                            SERVICE_MIGRATIONS, NULL};
    return store_test_open("webhook", MIGRATIONS);
}

static int close_down(void **state)
{
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_match_the_server),
        cmocka_unit_test(test_what_is_added_comes_back),
        cmocka_unit_test(test_only_who_has_subscribed_is_told),
        cmocka_unit_test(test_a_delivery_is_claimed_once_and_comes_back_after_its_lease),
        cmocka_unit_test(test_nothing_goes_to_an_endpoint_that_rests),
        cmocka_unit_test(test_attempts_are_logged),
        cmocka_unit_test(test_failed_and_missed_ones_are_replayed),
        cmocka_unit_test(test_the_log_is_filtered),
        cmocka_unit_test(test_old_messages_are_forgotten),
        cmocka_unit_test(test_nothing_scans_the_log),
    };
    return cmocka_run_group_tests(tests, open, close_down);
}
