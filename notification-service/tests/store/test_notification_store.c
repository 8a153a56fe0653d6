#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/delivery_store.h"
#include "store/notification_store.h"
#include "store/preference_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)
#define NOW (INT64_C(1768213800) * US_PER_S)

enum { EMIL = 51, EVE = 52 };

static struct new_notification sample(void)
{
    return (struct new_notification){.user_id = EMIL,
                                     .type = STR("system"),
                                     .title = STR("Hello"),
                                     .message = STR("How are you?"),
                                     .channel = STR("in_app"),
                                     .now = NOW};
}

static struct notification add(struct db_session *s, const struct new_notification *n)
{
    struct notification out;
    bool is_new;
    OK(notification_store_add(s, n, &out, &is_new));
    assert_true(is_new);
    return out;
}

static int64_t unread(struct db_session *s, int64_t user_id)
{
    int64_t count;
    OK(notification_store_unread(s, user_id, &count));
    return count;
}

/* ---- notifications ------------------------------------------------------------------------ */

static void what_is_added_comes_back(struct db_session *s)
{
    struct new_notification n = sample();
    n.ticket_id = 7;
    n.ticket_number = STR("TX1");
    n.data = STR("{\"a\": [1]}");
    struct notification got = add(s, &n);
    assert_int_equal(got.user_id, EMIL);
    assert_int_equal(got.ticket_id, 7);
    assert_true(str_eq(got.ticket_number, STR("TX1")) && str_eq(got.data, STR("{\"a\": [1]}")));
    assert_false(got.is_read);
    assert_int_equal(got.read_at, INT64_MIN);
    assert_int_equal(got.created_at, NOW);
    n = sample();
    n.user_id = 0;
    n.is_read = true;
    got = add(s, &n);
    assert_int_equal(got.user_id, INT64_MIN);
    assert_int_equal(got.ticket_id, INT64_MIN);
    assert_true(str_eq(got.data, STR("{}")) && !got.ticket_number.p);
    assert_int_equal(got.read_at, NOW);
}

static void an_event_is_told_once_to_each(struct db_session *s)
{
    struct new_notification n = sample();
    struct notification out;
    bool is_new;
    n.event_id = STR("e1");
    add(s, &n);
    OK(notification_store_add(s, &n, &out, &is_new));
    assert_false(is_new);
    n.user_id = EVE;
    add(s, &n);
    n.type = STR("other");
    add(s, &n);
    n.event_id = STR_NULL;
    add(s, &n);
    add(s, &n);
}

static void only_the_app_counts_as_unread(struct db_session *s)
{
    struct new_notification n = sample();
    struct notification_list list;
    const struct notification_filter all = {.limit = 10};
    add(s, &n);
    n.channel = STR("email");
    struct notification mail = add(s, &n);
    n.channel = STR("in_app");
    n.is_read = true;
    add(s, &n);
    assert_int_equal(unread(s, EMIL), 1);
    OK(notification_store_list(s, EMIL, &all, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(notification_store_read(s, EMIL, mail.id, NOW, &mail), ERR_NOT_FOUND);
    assert_int_equal(notification_store_delete(s, EMIL, mail.id), ERR_NOT_FOUND);
}

static void pages_and_filters(struct db_session *s)
{
    struct new_notification n = sample();
    struct notification_list list;
    struct notification one;
    int64_t ids[4];
    for (int i = 0; i < 4; i++)
        ids[i] = add(s, &n).id;
    OK(notification_store_read(s, EMIL, ids[1], NOW, &one));
    const struct notification_filter page = {.before = ids[3], .limit = 2};
    OK(notification_store_list(s, EMIL, &page, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].id, ids[2]);
    assert_int_equal(list.items[1].id, ids[1]);
    const struct notification_filter open = {.unread_only = true, .limit = 10};
    OK(notification_store_list(s, EMIL, &open, &list));
    assert_int_equal(list.count, 3);
    OK(notification_store_list(s, EVE, &open, &list));
    assert_int_equal(list.count, 0);
}

static void reading_is_ones_own_and_keeps_its_first_time(struct db_session *s)
{
    struct new_notification n = sample();
    struct notification one = add(s, &n);
    int64_t count;
    assert_int_equal(notification_store_read(s, EVE, one.id, NOW, &one), ERR_NOT_FOUND);
    OK(notification_store_read(s, EMIL, one.id, NOW + 1, &one));
    OK(notification_store_read(s, EMIL, one.id, NOW + 2, &one));
    assert_true(one.is_read);
    assert_int_equal(one.read_at, NOW + 1);
    add(s, &n);
    add(s, &n);
    n.user_id = EVE;
    add(s, &n);
    OK(notification_store_read_all(s, EMIL, NOW, &count));
    assert_int_equal(count, 2);
    assert_int_equal(unread(s, EMIL), 0);
    assert_int_equal(unread(s, EVE), 1);
    assert_int_equal(notification_store_delete(s, EVE, one.id), ERR_NOT_FOUND);
    OK(notification_store_delete(s, EMIL, one.id));
    assert_int_equal(notification_store_delete(s, EMIL, one.id), ERR_NOT_FOUND);
}

static void what_was_missed_is_unread_and_in_the_app(struct db_session *s)
{
    struct new_notification n = sample();
    struct notification_list list;
    int64_t first = add(s, &n).id, newest;
    int64_t second = add(s, &n).id;
    n.channel = STR("sms");
    add(s, &n);
    n = sample();
    n.is_read = true;
    int64_t last = add(s, &n).id;
    OK(notification_store_missed(s, first, 10, &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].id, second);
    OK(notification_store_newest(s, &newest));
    assert_int_equal(newest, last);
}

/* ---- deliveries --------------------------------------------------------------------------- */

static void know(struct db_session *s, int64_t id, struct str email)
{
    const struct event_user u = {
        .id = id, .email = email, .name = STR("Emil"), .active = JSON_TRUE, .version = 1};
    OK(people_apply(s, &u));
}

static struct new_delivery delivery_of(struct db_session *s, struct str recipient)
{
    const struct new_notification n = sample();
    return (struct new_delivery){.notification_id = add(s, &n).id,
                                 .channel = STR("email"),
                                 .recipient = recipient,
                                 .now = NOW};
}

static size_t claim(struct db_session *s, int64_t now, const struct delivery **out)
{
    size_t n;
    OK(delivery_store_claim(s, now, 60, 10, out, &n));
    return n;
}

static void a_claim_hides_until_its_lease_ends(struct db_session *s)
{
    const struct delivery *d;
    struct new_delivery n = delivery_of(s, STR("x@y.z"));
    OK(delivery_store_add(s, &n));
    assert_int_equal(claim(s, NOW - 1, &d), 0);
    assert_int_equal(claim(s, NOW, &d), 1);
    assert_int_equal(d->attempts, 1);
    assert_true(str_eq(d->address, STR("x@y.z")) && str_eq(d->title, STR("Hello")));
    assert_int_equal(claim(s, NOW + 59 * US_PER_S, &d), 0);
    assert_int_equal(claim(s, NOW + 60 * US_PER_S, &d), 1);
    assert_int_equal(d->attempts, 2);
}

static void the_address_is_the_persons_when_it_is_sent(struct db_session *s)
{
    const struct delivery *d;
    struct new_delivery n = delivery_of(s, STR_NULL);
    OK(delivery_store_add(s, &n));
    assert_int_equal(claim(s, NOW, &d), 1);
    assert_false(d->address.p || d->name.p);
    know(s, EMIL, STR("emil@example.com"));
    assert_int_equal(claim(s, NOW + 60 * US_PER_S, &d), 1);
    assert_true(str_eq(d->address, STR("emil@example.com")) && str_eq(d->name, STR("Emil")));
}

static void outcomes_are_kept(struct db_session *s)
{
    const struct delivery *d;
    const struct delivery_count *counts;
    struct notification_list list;
    size_t n;
    for (int i = 0; i < 3; i++) {
        struct new_notification mail = sample();
        mail.channel = STR("email");
        const struct new_delivery x = {.notification_id = add(s, &mail).id,
                                       .channel = STR("email"),
                                       .recipient = STR("x@y.z"),
                                       .now = NOW + i};
        OK(delivery_store_add(s, &x));
    }
    assert_int_equal(claim(s, NOW + 9, &d), 3);
    OK(delivery_store_sent(s, d[0].id, NOW + 10));
    OK(delivery_store_failed(s, d[1].id, STR("no such user"), INT64_MIN));
    OK(delivery_store_failed(s, d[2].id, STR("busy"), NOW + 20));
    const struct new_notification told = sample();
    add(s, &told);
    OK(delivery_store_counts(s, &counts, &n));
    assert_int_equal(n, 3);
    assert_true(str_eq(counts[0].status, STR("failed")) && counts[0].count == 1);
    assert_true(str_eq(counts[1].status, STR("pending")) && counts[1].count == 1);
    assert_true(str_eq(counts[2].status, STR("sent")) && counts[2].count == 2);
    OK(notification_store_history(s, EMIL, 10, &list));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.items[0].sent_at, NOW);
    assert_int_equal(claim(s, NOW + 19, &d), 0);
    assert_int_equal(claim(s, NOW + 20, &d), 1);
    OK(notification_store_history(s, EMIL, 10, &list));
    int64_t retries = 0;
    for (size_t i = 0; i < list.count; i++)
        retries += list.items[i].retry_count;
    assert_int_equal(retries, 1);
}

/* ---- preferences -------------------------------------------------------------------------- */

static void preferences_are_kept_field_by_field(struct db_session *s)
{
    struct preference p;
    OK(preference_store_get(s, EMIL, &p));
    assert_true(p.email_enabled == JSON_TRUE && p.updated_at == INT64_MIN);
    const struct preference no_mail = {JSON_FALSE, JSON_UNSET, JSON_UNSET, 0};
    OK(preference_store_put(s, EMIL, &no_mail, NOW, &p));
    const struct preference no_push = {JSON_UNSET, JSON_UNSET, JSON_FALSE, 0};
    OK(preference_store_put(s, EMIL, &no_push, NOW + 1, &p));
    OK(preference_store_get(s, EMIL, &p));
    assert_true(p.email_enabled == JSON_FALSE && p.sms_enabled == JSON_TRUE &&
                p.push_enabled == JSON_FALSE && p.updated_at == NOW + 1);
}

static void preferences_stop_what_is_optional(struct db_session *s)
{
    const struct delivery *d;
    struct preference p;
    const struct preference no_mail = {JSON_FALSE, JSON_UNSET, JSON_UNSET, 0};
    OK(preference_store_put(s, EMIL, &no_mail, NOW, &p));
    struct new_delivery n = delivery_of(s, STR("x@y.z"));
    n.is_optional = true;
    OK(delivery_store_add(s, &n));
    assert_int_equal(claim(s, NOW, &d), 0);
    n.channel = STR("sms");
    OK(delivery_store_add(s, &n));
    n.channel = STR("email");
    n.is_optional = false;
    OK(delivery_store_add(s, &n));
    assert_int_equal(claim(s, NOW, &d), 2);
}

STORE_TEST(what_is_added_comes_back)
STORE_TEST(an_event_is_told_once_to_each)
STORE_TEST(only_the_app_counts_as_unread)
STORE_TEST(pages_and_filters)
STORE_TEST(reading_is_ones_own_and_keeps_its_first_time)
STORE_TEST(what_was_missed_is_unread_and_in_the_app)
STORE_TEST(a_claim_hides_until_its_lease_ends)
STORE_TEST(the_address_is_the_persons_when_it_is_sent)
STORE_TEST(outcomes_are_kept)
STORE_TEST(preferences_are_kept_field_by_field)
STORE_TEST(preferences_stop_what_is_optional)

static void statements_fit_the_schema(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

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
        cmocka_unit_test(test_what_is_added_comes_back),
        cmocka_unit_test(test_an_event_is_told_once_to_each),
        cmocka_unit_test(test_only_the_app_counts_as_unread),
        cmocka_unit_test(test_pages_and_filters),
        cmocka_unit_test(test_reading_is_ones_own_and_keeps_its_first_time),
        cmocka_unit_test(test_what_was_missed_is_unread_and_in_the_app),
        cmocka_unit_test(test_a_claim_hides_until_its_lease_ends),
        cmocka_unit_test(test_the_address_is_the_persons_when_it_is_sent),
        cmocka_unit_test(test_outcomes_are_kept),
        cmocka_unit_test(test_preferences_are_kept_field_by_field),
        cmocka_unit_test(test_preferences_stop_what_is_optional),
        cmocka_unit_test(statements_fit_the_schema),
    };
    return cmocka_run_group_tests_name("notification store", tests, open_store, close_store);
}
