#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/message_store.h"
#include "store/notification_store.h"
#include "store/recipient_store.h"
#include "store/retention_store.h"
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
    struct recipient who;
    bool is_new;
    if (n->user_id)
        OK(recipient_store_lock(s, n->user_id, n->now, &who));
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
    struct missed_list list;
    const struct other_words words = {.title = STR("Other"),
                                      .message = STR("words"),
                                      .template = STR("t"),
                                      .facts = STR("{}"),
                                      .language = STR("en")};
    struct notification reworded;
    int64_t first = add(s, &n).id, newest, change_id;
    int64_t second = add(s, &n).id;
    n.channel = STR("sms");
    add(s, &n);
    n = sample();
    n.is_read = true;
    int64_t last = add(s, &n).id;
    OK(notification_store_missed(s, first, 10, &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].id, second);
    assert_int_equal(list.items[0].notification.id, second);
    assert_false(list.items[0].is_change);
    OK(notification_store_newest(s, &newest));
    assert_int_equal(newest, last);
    OK(message_store_reword(s, first, &words, &reworded, &change_id));
    OK(notification_store_missed(s, first, 10, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[1].id, change_id);
    assert_int_equal(list.items[1].notification.id, first);
    assert_true(list.items[1].is_change);
    OK(notification_store_missed(s, first, 1, &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].id, second);
    OK(notification_store_newest(s, &newest));
    assert_int_equal(newest, change_id);
}

/* ---- counting ----------------------------------------------------------------------------- */

static int64_t counted(struct db_session *s, int64_t user_id)
{
    struct notification_list list;
    const struct notification_filter open = {.unread_only = true, .limit = 1000};
    OK(notification_store_list(s, user_id, &open, &list));
    return (int64_t)list.count;
}

static void the_count_is_that_of_the_rows(struct db_session *s)
{
    struct new_notification n = sample();
    struct notification one, out;
    int64_t ids[6], all;
    bool is_new;
    n.event_id = STR("e");
    ids[0] = add(s, &n).id;
    OK(notification_store_add(s, &n, &out, &is_new)); /* told before: counts once */
    n.event_id = STR_NULL;
    for (int i = 1; i < 6; i++)
        ids[i] = add(s, &n).id;
    assert_int_equal(unread(s, EMIL), 6);
    OK(notification_store_read(s, EMIL, ids[0], NOW, &one));
    OK(notification_store_read(s, EMIL, ids[0], NOW, &one));
    assert_int_equal(unread(s, EMIL), 5);
    OK(notification_store_delete(s, EMIL, ids[0])); /* a read one */
    OK(notification_store_delete(s, EMIL, ids[1]));
    assert_int_equal(notification_store_delete(s, EVE, ids[2]), ERR_NOT_FOUND);
    assert_int_equal(unread(s, EMIL), 4);
    assert_int_equal(counted(s, EMIL), 4);
    OK(notification_store_read_all(s, EMIL, NOW, &all));
    OK(notification_store_read_all(s, EMIL, NOW, &all));
    assert_int_equal(all, 0);
    assert_int_equal(unread(s, EMIL), 0);
    assert_int_equal(counted(s, EMIL), 0);
}

static void the_oldest_are_forgotten(struct db_session *s)
{
    struct new_notification n = sample();
    int64_t count;
    n.now = NOW - 9 * US_PER_S;
    for (int i = 0; i < 3; i++)
        add(s, &n);
    n.is_read = true;
    add(s, &n);
    n.user_id = EVE;
    n.is_read = false;
    add(s, &n);
    n.now = NOW;
    add(s, &n);
    OK(retention_store_notifications(s, NOW - 9 * US_PER_S, &count));
    assert_int_equal(count, 0);
    OK(retention_store_notifications(s, NOW, &count));
    assert_int_equal(count, 5);
    assert_int_equal(unread(s, EMIL), 0);
    assert_int_equal(unread(s, EVE), 1);
    OK(retention_store_notifications(s, NOW, &count));
    assert_int_equal(count, 0);
    OK(retention_store_gone_messages(s, NOW));
}

/* A person with 100,000 notifications, of which every second is unread, among others. */
DB_WRITE(fill, "zi", "",
         "INSERT INTO notification (user_id, type, title, message, channel, created_at, is_read)"
         " SELECT CASE WHEN i % 10 = 0 THEN i ELSE 1000 END, 'system', 'Hello', 'x',"
         " CASE WHEN i % 7 = 0 THEN 'email' ELSE 'in_app' END, $1, i % 2 = 0"
         " FROM generate_series(1, $2) i");
DB_WRITE(fill_mailboxes, "", "",
         "INSERT INTO mailbox SELECT user_id, count(*) FROM notification WHERE NOT is_read"
         " AND channel = 'in_app' GROUP BY 1");
DB_WRITE(analyze, "", "", "ANALYZE notification");

static void no_list_scans_the_table(struct db_session *s)
{
    struct notification_list list;
    const struct notification_filter open = {.unread_only = true, .limit = 100};
    OK(db_query(s, &fill, NULL, DB_TIME(NOW), DB_INT(110000)));
    OK(db_query(s, &fill_mailboxes, NULL));
    OK(db_query(s, &analyze, NULL));
    OK(notification_store_list(s, 1000, &open, &list));
    assert_int_equal(list.count, 100);
    int64_t begin = clock_mono_us();
    assert_true(unread(s, 1000) > 40000);
    assert_true(clock_mono_us() - begin < 100 * US_PER_MS);

    static const struct {
        const char *statement, *index;
    } PLANS[] = {
        {"list_notifications", "notification_in_app"},   {"list_unread", "notification_unread"},
        {"notification_history", "notification_newest"}, {"count_unread", "mailbox_pkey"},
        {"missed_notifications", "notification_pkey"},   {"mark_all_read", "notification_unread"},
        {"lock_old_notifications", "notification_pkey"},
    };
    for (size_t i = 0; i < sizeof PLANS / sizeof *PLANS; i++) {
        struct str plan = store_test_plan(s->arena, PLANS[i].statement);
        if (str_find(plan, STR("Seq Scan")) >= 0 || str_find(plan, str_from(PLANS[i].index)) < 0)
            fail_msg("%s: %.*s", PLANS[i].statement, STR_ARG(plan));
    }
}

STORE_TEST(what_is_added_comes_back)
STORE_TEST(an_event_is_told_once_to_each)
STORE_TEST(only_the_app_counts_as_unread)
STORE_TEST(pages_and_filters)
STORE_TEST(reading_is_ones_own_and_keeps_its_first_time)
STORE_TEST(what_was_missed_is_unread_and_in_the_app)
STORE_TEST(the_count_is_that_of_the_rows)
STORE_TEST(the_oldest_are_forgotten)

static void test_no_list_scans_the_table(void **state)
{
    (void)state;
    store_test_run_bare(no_list_scans_the_table);
}

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
        cmocka_unit_test(test_the_count_is_that_of_the_rows),
        cmocka_unit_test(test_the_oldest_are_forgotten),
        cmocka_unit_test(test_no_list_scans_the_table),
        cmocka_unit_test(statements_fit_the_schema),
    };
    return cmocka_run_group_tests_name("notification store", tests, open_store, close_store);
}
