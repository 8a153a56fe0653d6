#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/delivery_store.h"
#include "store/message_store.h"
#include "store/notification_store.h"
#include "store/recipient_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)
#define NOW (INT64_C(1768213800) * US_PER_S)

enum { EMIL = 51, EVE = 52, MESSAGE = 7 };

static int64_t add(struct db_session *s, int64_t user_id, const char *channel, const char *language)
{
    const struct new_notification n = {.user_id = user_id,
                                       .type = STR("message_received"),
                                       .title = STR("From Cora"),
                                       .message = STR("a secret"),
                                       .template = STR("message_received"),
                                       .facts = STR("{\"text\":\"a secret\"}"),
                                       .language = str_from(language),
                                       .channel = str_from(channel),
                                       .message_id = MESSAGE,
                                       .now = NOW};
    struct notification out;
    struct recipient who;
    bool is_new;
    OK(recipient_store_lock(s, user_id, NOW, &who));
    OK(notification_store_add(s, &n, &out, &is_new));
    return out.id;
}

static void a_message_ends_once(struct db_session *s)
{
    bool is_gone, is_new;
    OK(message_store_lock(s, MESSAGE, &is_gone));
    assert_false(is_gone);
    OK(message_store_end(s, MESSAGE, NOW, &is_new));
    assert_true(is_new);
    OK(message_store_end(s, MESSAGE, NOW, &is_new));
    assert_false(is_new);
    OK(message_store_lock(s, MESSAGE, &is_gone));
    assert_true(is_gone);
    OK(message_store_lock(s, MESSAGE + 1, &is_gone));
    assert_false(is_gone);
}

static void who_was_told_is_found_by_language(struct db_session *s)
{
    const struct told *told;
    size_t n;
    int64_t first = add(s, EMIL, "in_app", "en"), second = add(s, EVE, "push", "de");
    OK(message_store_told(s, MESSAGE, &told, &n));
    assert_int_equal(n, 2);
    assert_int_equal(told[0].id, second);
    assert_false(told[0].is_in_app);
    assert_int_equal(told[1].id, first);
    assert_true(told[1].is_in_app && told[1].user_id == EMIL);
    OK(message_store_told(s, MESSAGE + 1, &told, &n));
    assert_int_equal(n, 0);
}

DB_READ(words_of, "i", "t", "SELECT n::text FROM notification n WHERE id = $1");
DB_READ(states_of, "i", "t",
        "SELECT string_agg(status || coalesce(':' || last_error, ''), ' ' ORDER BY id)"
        " FROM delivery WHERE notification_id = $1");
DB_WRITE(sent_already, "i", "", "UPDATE delivery SET status = 'sent' WHERE id = $1");

static int64_t deliver(struct db_session *s, int64_t notification_id)
{
    const struct new_delivery d = {.notification_id = notification_id,
                                   .user_id = EMIL,
                                   .channel = STR("push"),
                                   .recipient_key = STR("user:51"),
                                   .target = STR(""),
                                   .not_before = NOW,
                                   .now = NOW};
    int64_t id;
    OK(delivery_store_add(s, &d, &id));
    return id;
}

static void other_words_take_the_place(struct db_session *s)
{
    const struct other_words w = {.title = STR("A message"),
                                  .message = STR("gone"),
                                  .template = STR("message_gone"),
                                  .facts = STR("{\"actor\": \"Cora\"}"),
                                  .language = STR("en"),
                                  .why = STR("the message is gone")};
    struct notification n;
    struct db_result *r;
    int64_t id = add(s, EMIL, "in_app", "en"), change_id;
    OK(db_query(s, &sent_already, NULL, DB_INT(deliver(s, id))));
    deliver(s, id);
    OK(message_store_reword(s, id, &w, &n, &change_id));
    assert_true(change_id > id);
    assert_true(str_eq(n.title, w.title) && str_eq(n.message, w.message) && !n.is_read);
    OK(db_query(s, &words_of, &r, DB_INT(id)));
    assert_true(str_find(db_get_str(r, 0, 0), STR("secret")) < 0);
    OK(db_query(s, &states_of, &r, DB_INT(id)));
    assert_true(str_eq(db_get_str(r, 0, 0), STR("sent suppressed:the message is gone")));
    assert_int_equal(message_store_reword(s, id, &w, &n, &change_id), ERR_NOT_FOUND);
    assert_int_equal(message_store_reword(s, id + 1000, &w, &n, &change_id), ERR_NOT_FOUND);
}

static void an_edit_that_comes_late_undoes_nothing(struct db_session *s)
{
    struct other_words w = {.title = STR("From Cora"),
                            .message = STR("edited twice"),
                            .template = STR("message_received"),
                            .facts = STR("{}"),
                            .language = STR("en"),
                            .version = 3};
    struct notification n;
    struct db_result *r;
    int64_t id = add(s, EMIL, "in_app", "en"), change_id, last_id;
    deliver(s, id);
    OK(message_store_reword(s, id, &w, &n, &change_id));
    OK(db_query(s, &states_of, &r, DB_INT(id)));
    assert_true(str_eq(db_get_str(r, 0, 0), STR("queued")));
    for (w.version = 2; w.version <= 3; w.version++)
        assert_int_equal(message_store_reword(s, id, &w, &n, &last_id), ERR_NOT_FOUND);
    OK(message_store_reword(s, id, &w, &n, &last_id));
    assert_true(last_id > change_id && str_eq(n.message, w.message));
}

DB_WRITE(fill, "zi", "",
         "INSERT INTO notification (user_id, type, title, message, channel, created_at, message_id)"
         " SELECT i % 100, 'message_received', 'Hello', 'x', 'in_app', $1,"
         " CASE WHEN i % 2 = 0 THEN i / 10 END FROM generate_series(1, $2) i");
DB_WRITE(analyze, "", "", "ANALYZE notification");

static void nothing_scans_the_table(struct db_session *s)
{
    static const char *const STATEMENTS[] = {"told_of_message", "message_is_gone"};
    static const char *const INDEXES[] = {"notification_of_message", "gone_message_pkey"};
    OK(db_query(s, &fill, NULL, DB_TIME(NOW), DB_INT(50000)));
    OK(db_query(s, &analyze, NULL));
    for (size_t i = 0; i < 2; i++) {
        struct str plan = store_test_plan(s->arena, STATEMENTS[i]);
        if (str_find(plan, str_from(INDEXES[i])) < 0)
            fail_msg("%s: %.*s", STATEMENTS[i], STR_ARG(plan));
    }
}

STORE_TEST(a_message_ends_once)
STORE_TEST(who_was_told_is_found_by_language)
STORE_TEST(other_words_take_the_place)
STORE_TEST(an_edit_that_comes_late_undoes_nothing)
STORE_TEST(nothing_scans_the_table)

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
        cmocka_unit_test(test_a_message_ends_once),
        cmocka_unit_test(test_who_was_told_is_found_by_language),
        cmocka_unit_test(test_other_words_take_the_place),
        cmocka_unit_test(test_an_edit_that_comes_late_undoes_nothing),
        cmocka_unit_test(test_nothing_scans_the_table),
    };
    return cmocka_run_group_tests_name("messages of notifications", tests, open_store, close_store);
}
