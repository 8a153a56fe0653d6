/* Deliveries, digests, limits, devices, tallies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "json.h"
#include "people.h"
#include "store/delivery_list_store.h"
#include "store/delivery_store.h"
#include "store/device_store.h"
#include "store/digest_store.h"
#include "store/notification_store.h"
#include "store/recipient_store.h"
#include "store/tally_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)
#define NOW (INT64_C(1768213800) * US_PER_S)
#define HOUR (3600 * US_PER_S)

enum { EMIL = 51, EVE = 52 };

static int64_t notification(struct db_session *s, struct str channel)
{
    const struct new_notification n = {.user_id = EMIL,
                                       .type = STR("system"),
                                       .title = STR("Hello"),
                                       .message = STR("How are you?"),
                                       .channel = channel,
                                       .now = NOW};
    struct notification out;
    struct recipient who;
    bool is_new;
    OK(recipient_store_lock(s, EMIL, NOW, &who));
    OK(notification_store_add(s, &n, &out, &is_new));
    return out.id;
}

static struct new_delivery mail(struct db_session *s)
{
    return (struct new_delivery){.notification_id = notification(s, STR("email")),
                                 .user_id = EMIL,
                                 .channel = STR("email"),
                                 .recipient = STR("x@y.z"),
                                 .recipient_key = STR("user:51"),
                                 .target = STR("y.z"),
                                 .not_before = NOW,
                                 .now = NOW};
}

static int64_t add(struct db_session *s, const struct new_delivery *d)
{
    int64_t id;
    OK(delivery_store_add(s, d, &id));
    return id;
}

static bool claim(struct db_session *s, int64_t now, struct delivery *out)
{
    static const struct claim CLAIM = {.channel = {"email", 5}, .lease_s = 60};
    bool found;
    OK(delivery_store_claim(s, &CLAIM, now, out, &found));
    return found;
}

static void record(struct db_session *s, const struct delivery *d, enum delivery_end end,
                   int64_t retry_at)
{
    const struct delivery_outcome o = {.id = d->id,
                                       .attempt = d->attempts,
                                       .end = end,
                                       .why = end == DELIVERY_SENT ? STR_NULL : STR("why"),
                                       .retry_at = retry_at};
    OK(delivery_store_record(s, &o, NOW + 1));
}

static struct str status_of(struct db_session *s, int64_t id)
{
    struct delivery_row row;
    OK(delivery_list_store_find(s, id, &row));
    return row.status;
}

/* ---- claiming ----------------------------------------------------------------------------- */

static void a_claim_hides_until_its_lease_ends(struct db_session *s)
{
    struct new_delivery n = mail(s);
    struct delivery d;
    add(s, &n);
    assert_false(claim(s, NOW - 1, &d));
    assert_true(claim(s, NOW, &d));
    assert_int_equal(d.attempts, 1);
    assert_true(str_eq(d.address, STR("x@y.z")) && str_eq(d.title, STR("Hello")));
    assert_true(str_eq(status_of(s, d.id), STR("sending")));
    assert_false(claim(s, NOW + 59 * US_PER_S, &d));
    assert_true(claim(s, NOW + 60 * US_PER_S, &d));
    assert_int_equal(d.attempts, 2);
}

static void a_busy_target_is_passed_by(struct db_session *s)
{
    static const struct str BUSY[] = {{"y.z", 3}};
    const struct claim c = {.channel = STR("email"), .busy = BUSY, .busy_count = 1, .lease_s = 60};
    struct new_delivery n = mail(s);
    struct delivery d;
    bool found;
    add(s, &n);
    OK(delivery_store_claim(s, &c, NOW, &d, &found));
    assert_false(found);
    n.target = STR("other");
    n.not_before = NOW + 1;
    int64_t other = add(s, &n);
    OK(delivery_store_claim(s, &c, NOW + 1, &d, &found));
    assert_true(found && d.id == other);
}

static void a_channel_claims_its_own(struct db_session *s)
{
    struct new_delivery n = mail(s);
    struct delivery d;
    n.channel = STR("sms");
    add(s, &n);
    assert_false(claim(s, NOW, &d));
}

static void the_address_is_the_persons_when_it_is_sent(struct db_session *s)
{
    const struct event_user u = {.id = EMIL,
                                 .email = STR("emil@example.com"),
                                 .name = STR("Emil"),
                                 .active = JSON_FALSE,
                                 .version = 1};
    struct new_delivery n = mail(s);
    struct delivery d;
    n.recipient = STR_NULL;
    add(s, &n);
    assert_true(claim(s, NOW, &d));
    assert_false(d.address.p || d.name.p || d.is_inactive);
    OK(people_apply(s, &u));
    assert_true(claim(s, NOW + 60 * US_PER_S, &d));
    assert_true(str_eq(d.address, STR("emil@example.com")) && str_eq(d.name, STR("Emil")));
    assert_true(d.is_inactive);
}

/* ---- outcomes ----------------------------------------------------------------------------- */

static void outcomes_are_kept(struct db_session *s)
{
    static const struct {
        enum delivery_end end;
        const char *status;
    } ENDS[] = {{DELIVERY_SENT, "sent"},
                {DELIVERY_RETRIED, "queued"},
                {DELIVERY_FAILED, "failed"},
                {DELIVERY_SUPPRESSED, "suppressed"}};
    for (size_t i = 0; i < 4; i++) {
        struct new_delivery n = mail(s);
        const struct attempt_row *attempts;
        struct delivery_row row;
        struct delivery d;
        size_t count;
        add(s, &n);
        assert_true(claim(s, NOW, &d));
        record(s, &d, ENDS[i].end, NOW + HOUR);
        OK(delivery_list_store_find(s, d.id, &row));
        assert_true(str_eq(row.status, str_from(ENDS[i].status)));
        assert_int_equal(row.sent_at, i == 0 ? NOW + 1 : INT64_MIN);
        OK(delivery_list_store_attempts(s, d.id, &attempts, &count));
        assert_int_equal(count, 1);
        assert_int_equal(attempts[0].error.p != NULL, i != 0);
        assert_false(claim(s, NOW + HOUR - 1, &d));
    }
}

static void an_attempt_that_was_overtaken_says_nothing(struct db_session *s)
{
    struct new_delivery n = mail(s);
    struct delivery first, second;
    add(s, &n);
    assert_true(claim(s, NOW, &first));
    assert_true(claim(s, NOW + 60 * US_PER_S, &second));
    record(s, &first, DELIVERY_FAILED, 0);
    assert_true(str_eq(status_of(s, first.id), STR("sending")));
    record(s, &second, DELIVERY_SENT, 0);
    record(s, &second, DELIVERY_FAILED, 0);
    assert_true(str_eq(status_of(s, first.id), STR("sent")));
}

/* ---- limits ------------------------------------------------------------------------------- */

static int64_t paced(struct db_session *s, int64_t hour, int64_t day, int64_t at)
{
    const struct pace pace = {hour, day};
    int64_t slot;
    OK(delivery_store_pace(s, STR("user:51"), STR("email"), &pace, at, &slot));
    return slot;
}

static void limits_put_off_what_exceeds_them(struct db_session *s)
{
    struct new_delivery n = mail(s);
    assert_int_equal(paced(s, 2, 0, NOW), NOW);
    add(s, &n);
    assert_int_equal(paced(s, 2, 0, NOW), NOW);
    n.not_before = NOW + 10;
    add(s, &n);
    assert_int_equal(paced(s, 2, 0, NOW + 20), NOW + HOUR);
    assert_int_equal(paced(s, 2, 2, NOW + 20), NOW + 24 * HOUR);
    assert_int_equal(paced(s, 3, 3, NOW + 20), NOW + 20);
    assert_int_equal(paced(s, 2, 0, NOW + 2 * HOUR), NOW + 2 * HOUR);
    n.not_before = NOW + HOUR;
    add(s, &n);
    assert_int_equal(paced(s, 2, 0, NOW + 30), NOW + 10 + HOUR);
    n.recipient_key = STR("user:52");
    n.not_before = NOW + 3 * HOUR;
    add(s, &n);
    assert_int_equal(paced(s, 3, 0, NOW + 40), NOW + HOUR);
}

/* ---- digests ------------------------------------------------------------------------------ */

static void a_digest_takes_what_was_collected(struct db_session *s)
{
    struct new_delivery n = mail(s);
    struct digest_items items;
    struct delivery d;
    int64_t user_id, count, collected[3], digest;
    bool taken;
    n.is_collected = true;
    for (int i = 0; i < 3; i++) {
        n.notification_id = notification(s, STR("in_app"));
        collected[i] = add(s, &n);
    }
    assert_false(claim(s, NOW + HOUR, &d));
    OK(digest_store_schedule(s, EMIL, NOW + 20));
    OK(digest_store_schedule(s, EMIL, NOW + 10));
    OK(digest_store_schedule(s, EMIL, NOW + 30));
    OK(digest_store_next(s, NOW + 9, &user_id));
    assert_int_equal(user_id, 0);
    OK(digest_store_next(s, NOW + 10, &user_id));
    assert_int_equal(user_id, EMIL);
    OK(digest_store_take(s, EMIL, NOW + 10, &taken));
    assert_true(taken);
    OK(digest_store_take(s, EMIL, NOW + 10, &taken));
    assert_false(taken);
    n = mail(s);
    digest = add(s, &n);
    OK(digest_store_fill(s, EMIL, digest, &count));
    assert_int_equal(count, 3);
    OK(digest_store_fill(s, EMIL, digest, &count));
    assert_int_equal(count, 0);
    OK(digest_store_items(s, digest, 2, &items));
    assert_true(items.count == 2 && items.total == 3);
    assert_true(claim(s, NOW, &d));
    assert_int_equal(d.id, digest);
    record(s, &d, DELIVERY_RETRIED, NOW);
    assert_true(str_eq(status_of(s, collected[0]), STR("collected")));
    assert_true(claim(s, NOW, &d));
    record(s, &d, DELIVERY_SENT, 0);
    for (int i = 0; i < 3; i++)
        assert_true(str_eq(status_of(s, collected[i]), STR("sent")));
}

static void what_was_collected_for_nobody_is_suppressed(struct db_session *s)
{
    struct new_delivery n = mail(s);
    n.is_collected = true;
    int64_t id = add(s, &n);
    OK(digest_store_suppress(s, EVE, STR("no")));
    assert_true(str_eq(status_of(s, id), STR("collected")));
    OK(digest_store_suppress(s, EMIL, STR("no")));
    assert_true(str_eq(status_of(s, id), STR("suppressed")));
}

/* ---- lists -------------------------------------------------------------------------------- */

static size_t page(struct db_session *s, struct delivery_filter f, int64_t *total)
{
    const struct delivery_row *rows;
    size_t n;
    if (!f.limit)
        f.limit = 100;
    if (!f.before)
        f.before = INT64_MAX;
    OK(delivery_list_store_page(s, &f, &rows, &n));
    OK(delivery_list_store_count(s, &f, 100, total));
    for (size_t i = 1; i < n; i++)
        assert_true(rows[i - 1].id > rows[i].id);
    return n;
}

static void lists_filter(struct db_session *s)
{
    struct new_delivery n = mail(s);
    int64_t total, ids[4];
    struct delivery d;
    for (int i = 0; i < 4; i++) {
        n.channel = i % 2 ? STR("sms") : STR("email");
        n.user_id = i < 3 ? EMIL : EVE;
        ids[i] = add(s, &n);
    }
    assert_true(claim(s, NOW, &d));
    record(s, &d, DELIVERY_FAILED, 0);
#define FILTER(...) page(s, (struct delivery_filter){__VA_ARGS__}, &total)
    assert_int_equal(FILTER(.user_id = JSON_NO_INT), 4);
    assert_int_equal(total, 4);
    assert_int_equal(FILTER(.user_id = JSON_NO_INT, .limit = 2, .skip = 1), 2);
    assert_int_equal(FILTER(.user_id = JSON_NO_INT, .before = ids[1]), 1);
    assert_int_equal(FILTER(.user_id = JSON_NO_INT, .channel = STR("sms")), 2);
    assert_int_equal(FILTER(.user_id = JSON_NO_INT, .status = STR("failed")), 1);
    assert_int_equal(
        FILTER(.user_id = JSON_NO_INT, .status = STR("queued"), .channel = STR("email")), 1);
    assert_int_equal(FILTER(.user_id = EMIL), 3);
    assert_int_equal(total, 3);
    assert_int_equal(FILTER(.user_id = EVE, .channel = STR("sms"), .status = STR("queued")), 1);
    assert_int_equal(FILTER(.user_id = EVE, .channel = STR("email")), 0);
#undef FILTER
}

static void what_is_repeated_is_due_at_once(struct db_session *s)
{
    struct new_delivery n = mail(s);
    int64_t again;
    struct delivery d;
    add(s, &n);
    assert_true(claim(s, NOW, &d));
    record(s, &d, DELIVERY_FAILED, 0);
    OK(delivery_list_store_repeat(s, d.id, NOW + HOUR, &again));
    assert_true(again != d.id);
    assert_true(claim(s, NOW + HOUR, &d));
    assert_true(d.id == again && d.attempts == 1 && str_eq(d.address, STR("x@y.z")));
}

/* ---- devices ------------------------------------------------------------------------------ */

static void a_device_is_one_persons(struct db_session *s)
{
    struct device d = {.user_id = EMIL, .token = STR("t"), .platform = STR("web")};
    struct device_list list;
    OK(device_store_put(s, &d, NOW));
    OK(device_store_put(s, &d, NOW + 1));
    OK(device_store_list(s, EMIL, &list));
    assert_true(list.count == 1 && list.items[0].created_at == NOW);
    d.user_id = EVE;
    OK(device_store_put(s, &d, NOW + 2));
    OK(device_store_list(s, EMIL, &list));
    assert_int_equal(list.count, 0);
    assert_int_equal(device_store_delete(s, EMIL, d.id), ERR_NOT_FOUND);
    OK(device_store_delete(s, EVE, d.id));
    for (int i = 0; i < DEVICES_MAX + 5; i++) {
        d.token = str_printf(s->arena, "t%d", i);
        OK(device_store_put(s, &d, NOW));
    }
    OK(device_store_list(s, EVE, &list));
    assert_int_equal(list.count, DEVICES_MAX);
    assert_true(str_eq(list.items[0].token, STR("t24")));
    OK(device_store_forget(s, list.items[0].id));
    OK(device_store_list(s, EVE, &list));
    assert_int_equal(list.count, DEVICES_MAX - 1);
}

/* ---- tallies ------------------------------------------------------------------------------ */

static int64_t tally(struct db_session *s, const char *channel, const char *status)
{
    const struct tally *t;
    size_t n;
    OK(tally_store_read(s, &t, &n));
    for (size_t i = 0; i < n; i++)
        if (str_eq(t[i].channel, str_from(channel)) && str_eq(t[i].status, str_from(status)))
            return t[i].count;
    return 0;
}

static void tallies_follow_every_change(struct db_session *s)
{
    struct new_delivery n = mail(s);
    struct delivery d;
    bool more = true;
    int64_t told = notification(s, STR("in_app"));
    add(s, &n);
    add(s, &n);
    assert_true(claim(s, NOW, &d));
    for (int folded = 0; folded < 2; folded++) {
        assert_int_equal(tally(s, "email", "queued"), 1);
        assert_int_equal(tally(s, "email", "sending"), 1);
        assert_int_equal(tally(s, "in_app", "sent"), 1);
        OK(tally_store_fold(s, &more));
        assert_false(more);
    }
    record(s, &d, DELIVERY_SENT, 0);
    OK(notification_store_drop(s, told));
    assert_int_equal(tally(s, "email", "sending"), 0);
    assert_int_equal(tally(s, "email", "sent"), 1);
    assert_int_equal(tally(s, "in_app", "sent"), 0);
}

/* ---- plans -------------------------------------------------------------------------------- */

static void no_statement_scans_deliveries(struct db_session *s)
{
    static const struct {
        const char *statement, *index;
    } PLANS[] = {
        {"delivery_claim", "delivery_due"},
        {"delivery_pace", "delivery_paced"},
        {"digest_next", "digest_due"},
        {"digest_fill", "delivery_collected"},
        {"digest_items", "delivery_of_digest"},
        {"page_all", "delivery_pkey"},
        {"page_status", "delivery_by_status"},
        {"page_channel", "delivery_by_channel"},
        {"page_both", "delivery_by_channel_and_status"},
        {"page_person", "delivery_by_person"},
        {"device_list", "device_of_person"},
    };
    for (size_t i = 0; i < sizeof PLANS / sizeof *PLANS; i++) {
        struct str plan = store_test_plan(s->arena, PLANS[i].statement);
        if (str_find(plan, str_from(PLANS[i].index)) < 0 ||
            str_find(plan, STR("Seq Scan on delivery")) >= 0)
            fail_msg("%s: %.*s", PLANS[i].statement, STR_ARG(plan));
    }
}

STORE_TEST(a_claim_hides_until_its_lease_ends)
STORE_TEST(a_busy_target_is_passed_by)
STORE_TEST(a_channel_claims_its_own)
STORE_TEST(the_address_is_the_persons_when_it_is_sent)
STORE_TEST(outcomes_are_kept)
STORE_TEST(an_attempt_that_was_overtaken_says_nothing)
STORE_TEST(limits_put_off_what_exceeds_them)
STORE_TEST(a_digest_takes_what_was_collected)
STORE_TEST(what_was_collected_for_nobody_is_suppressed)
STORE_TEST(lists_filter)
STORE_TEST(what_is_repeated_is_due_at_once)
STORE_TEST(a_device_is_one_persons)
STORE_TEST(tallies_follow_every_change)
STORE_TEST(no_statement_scans_deliveries)

static int open_store(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, WRITE_MIGRATIONS,
                                                            SERVICE_MIGRATIONS, NULL};
    (void)state;
    return store_test_open("notification", MIGRATIONS);
}

static int close_store(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_claim_hides_until_its_lease_ends),
        cmocka_unit_test(test_a_busy_target_is_passed_by),
        cmocka_unit_test(test_a_channel_claims_its_own),
        cmocka_unit_test(test_the_address_is_the_persons_when_it_is_sent),
        cmocka_unit_test(test_outcomes_are_kept),
        cmocka_unit_test(test_an_attempt_that_was_overtaken_says_nothing),
        cmocka_unit_test(test_limits_put_off_what_exceeds_them),
        cmocka_unit_test(test_a_digest_takes_what_was_collected),
        cmocka_unit_test(test_what_was_collected_for_nobody_is_suppressed),
        cmocka_unit_test(test_lists_filter),
        cmocka_unit_test(test_what_is_repeated_is_due_at_once),
        cmocka_unit_test(test_a_device_is_one_persons),
        cmocka_unit_test(test_tallies_follow_every_change),
        cmocka_unit_test(test_no_statement_scans_deliveries),
    };
    return cmocka_run_group_tests_name("delivery store", tests, open_store, close_store);
}
