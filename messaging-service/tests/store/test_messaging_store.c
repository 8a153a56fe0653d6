#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/conversation_store.h"
#include "store/message_store.h"
#include "store_test.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)
#define NOW (INT64_C(1768213800) * US_PER_S)
#define NUMBER STR("TX20260112000001")

enum { EMIL = 51, CORA = 11, COLE = 12, RITA = 21, ADAM = 41 };

/* ---- the people of a ticket --------------------------------------------------------------- */

static void follow(struct db_session *s, int64_t requester, int64_t owner, int64_t assignee,
                   int64_t since)
{
    const struct ticket_people p = {NUMBER, STR("VPN"), requester, owner, assignee, since, NOW};
    OK(conversation_store_follow_ticket(s, &p));
}

static struct conversation find(struct db_session *s, int64_t user_id)
{
    struct conversation c;
    OK(conversation_store_by_ticket(s, NUMBER, user_id, &c));
    return c;
}

static void check_participants(struct db_session *s, size_t n, const int64_t *expected)
{
    const int64_t *ids;
    size_t count;
    OK(conversation_store_participants(s, find(s, 0).id, &ids, &count));
    assert_int_equal(count, n);
    assert_memory_equal(ids, expected, n * sizeof *ids);
}
#define CHECK_PARTICIPANTS(s, ...)                                                                 \
    check_participants(s, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                      \
                       (int64_t[]){__VA_ARGS__})

static void a_ticket_has_one_conversation(struct db_session *s)
{
    follow(s, EMIL, 0, 0, NOW);
    struct conversation first = find(s, EMIL);
    follow(s, 0, CORA, 0, NOW + 1);
    struct conversation again = find(s, CORA);
    assert_int_equal(first.id, again.id);
    assert_true(str_eq(again.type, STR("support")));
    assert_true(str_eq(again.title, STR("VPN")));
    assert_true(first.takes_part && first.is_current && again.takes_part && again.is_current);
    CHECK_PARTICIPANTS(s, CORA, EMIL);
}

static void strangers_take_no_part(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    struct conversation c = find(s, RITA);
    assert_false(c.takes_part || c.is_current);
    assert_int_equal(conversation_store_by_ticket(s, STR("TX0"), EMIL, &c),
                     ERR_CONVERSATION_NOT_FOUND);
    assert_int_equal(conversation_store_get(s, INT64_MAX, EMIL, &c), ERR_CONVERSATION_NOT_FOUND);
}

static void who_is_replaced_becomes_a_former_participant(struct db_session *s)
{
    follow(s, EMIL, CORA, RITA, NOW);
    follow(s, 0, COLE, 0, NOW + 1);
    struct conversation c = find(s, CORA);
    assert_true(c.takes_part);
    assert_false(c.is_current);
    CHECK_PARTICIPANTS(s, COLE, RITA, EMIL);
    follow(s, 0, CORA, 0, NOW + 2);
    assert_true(find(s, CORA).is_current);
}

static void an_older_event_replaces_nobody(struct db_session *s)
{
    follow(s, EMIL, CORA, RITA, NOW);
    follow(s, 0, COLE, COLE, NOW - 1);
    CHECK_PARTICIPANTS(s, CORA, RITA, EMIL);
    assert_true(find(s, COLE).takes_part);
}

static void one_person_may_be_several(struct db_session *s)
{
    follow(s, CORA, CORA, CORA, NOW);
    CHECK_PARTICIPANTS(s, CORA);
    follow(s, 0, COLE, 0, NOW + 1);
    CHECK_PARTICIPANTS(s, CORA, COLE);
}

static void who_joins_by_writing_stays(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, ADAM).id;
    OK(conversation_store_join(s, id, ADAM, NOW));
    OK(conversation_store_join(s, id, ADAM, NOW));
    CHECK_PARTICIPANTS(s, CORA, ADAM, EMIL);
    follow(s, 0, COLE, 0, NOW + 1);
    OK(conversation_store_join(s, id, CORA, NOW));
    assert_true(find(s, CORA).is_current);
}

static void a_direct_conversation_is_found_from_both_sides(struct db_session *s)
{
    struct conversation a, b;
    OK(conversation_store_direct(s, EMIL, RITA, NOW, &a));
    OK(conversation_store_direct(s, RITA, EMIL, NOW + 1, &b));
    assert_int_equal(a.id, b.id);
    assert_true(str_eq(a.type, STR("direct")) && !a.ticket_number.p);
    assert_int_equal(b.created_at, NOW);
    OK(conversation_store_get(s, a.id, RITA, &b));
    assert_true(b.takes_part && b.is_current);
    OK(conversation_store_get(s, a.id, ADAM, &b));
    assert_false(b.takes_part || b.is_current);
}

/* ---- messages ----------------------------------------------------------------------------- */

static struct message say(struct db_session *s, int64_t conversation, int64_t sender,
                          struct str content, struct str client_id, bool expect_new)
{
    const struct message m = {.conversation_id = conversation,
                              .sender_id = sender,
                              .sender_name = STR("Somebody"),
                              .content = content,
                              .client_id = client_id,
                              .created_at = NOW + 5};
    struct message out;
    bool is_new;
    OK(message_store_add(s, &m, &out, &is_new));
    assert_int_equal(is_new, expect_new);
    return out;
}

static void a_message_is_kept_as_it_is(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    struct message said = say(s, id, EMIL, STR("\xC3\xA9 'x'"), STR_NULL, true), got;
    OK(message_store_get(s, said.id, &got));
    assert_int_equal(got.conversation_id, id);
    assert_int_equal(got.sender_id, EMIL);
    assert_int_equal(got.created_at, NOW + 5);
    assert_true(str_eq(got.content, STR("\xC3\xA9 'x'")) && !got.client_id.p);
    assert_int_equal(message_store_get(s, said.id + 1, &got), ERR_NOT_FOUND);
    assert_int_equal(find(s, EMIL).updated_at, NOW + 5);
}

static void a_client_id_counts_once_per_sender(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    struct message first = say(s, id, EMIL, STR("one"), STR("k"), true);
    struct message again = say(s, id, EMIL, STR("two"), STR("k"), false);
    assert_int_equal(first.id, again.id);
    assert_true(str_eq(again.content, STR("one")));
    say(s, id, CORA, STR("three"), STR("k"), true);
    say(s, id, EMIL, STR("four"), STR_NULL, true);
    say(s, id, EMIL, STR("five"), STR_NULL, true);
}

static void pages_are_cut_between_bounds(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id, ids[5], newest;
    struct message_list list;
    OK(message_store_newest(s, id, &newest));
    assert_int_equal(newest, 0);
    for (int i = 0; i < 5; i++)
        ids[i] = say(s, id, EMIL, STR("x"), STR_NULL, true).id;
    OK(message_store_newest(s, id, &newest));
    assert_int_equal(newest, ids[4]);
    OK(message_store_newest(s, 0, &newest));
    assert_int_equal(newest, ids[4]);
    OK(message_store_before(s, id, INT64_MAX, 2, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].id, ids[3]);
    OK(message_store_after(s, id, ids[0], ids[4], 2, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[1].id, ids[2]);
    OK(message_store_after(s, id, ids[2], ids[4], 9, &list));
    assert_int_equal(list.count, 1);
}

static void unread_messages_are_counted(struct db_session *s)
{
    const struct conversation_filter all = {.limit = 10};
    const struct conversation *c;
    size_t count;
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    say(s, id, EMIL, STR("one"), STR_NULL, true);
    int64_t last = say(s, id, EMIL, STR("two"), STR_NULL, true).id;
    OK(conversation_store_of_person(s, CORA, &all, &c, &count));
    assert_int_equal(count, 1);
    assert_int_equal(c->unread, 2);
    assert_true(str_eq(c->last_message, STR("two")));
    OK(conversation_store_mark_read(s, id, CORA, last));
    OK(conversation_store_mark_read(s, id, CORA, 1));
    OK(conversation_store_of_person(s, CORA, &all, &c, &count));
    assert_int_equal(c->unread, 0);
    OK(conversation_store_of_person(s, EMIL, &all, &c, &count));
    assert_int_equal(c->unread, 0);
    OK(conversation_store_of_person(s, RITA, &all, &c, &count));
    assert_int_equal(count, 0);
}

static void filters_narrow_the_list(struct db_session *s)
{
    const struct conversation *c;
    struct conversation direct;
    size_t count;
    follow(s, EMIL, CORA, 0, NOW);
    OK(conversation_store_direct(s, EMIL, RITA, NOW + 9, &direct));
    const struct conversation_filter none = {.limit = 1};
    OK(conversation_store_of_person(s, EMIL, &none, &c, &count));
    assert_int_equal(count, 1);
    assert_int_equal(c->id, direct.id);
    const struct conversation_filter number = {.ticket_number = NUMBER, .limit = 10};
    OK(conversation_store_of_person(s, EMIL, &number, &c, &count));
    assert_int_equal(count, 1);
    assert_int_equal(c->id, find(s, EMIL).id);
    const struct conversation_filter id = {.id = direct.id, .limit = 10};
    OK(conversation_store_of_person(s, RITA, &id, &c, &count));
    assert_int_equal(count, 1);
    OK(conversation_store_of_person(s, CORA, &id, &c, &count));
    assert_int_equal(count, 0);
}

static void what_was_missed_names_its_people(struct db_session *s)
{
    const struct missed_message *missed;
    size_t count;
    follow(s, EMIL, CORA, 0, NOW);
    follow(s, 0, COLE, 0, NOW + 1);
    int64_t id = find(s, EMIL).id;
    int64_t before = say(s, id, EMIL, STR("one"), STR_NULL, true).id;
    say(s, id, EMIL, STR("two"), STR("k"), true);
    OK(message_store_missed(s, before, 10, &missed, &count));
    assert_int_equal(count, 1);
    assert_true(str_eq(missed->message.content, STR("two")));
    assert_true(str_eq(missed->ticket_number, NUMBER));
    assert_int_equal(missed->participant_count, 2);
    assert_int_equal(missed->participant_ids[0] + missed->participant_ids[1], COLE + EMIL);
}

STORE_TEST(a_ticket_has_one_conversation)
STORE_TEST(strangers_take_no_part)
STORE_TEST(who_is_replaced_becomes_a_former_participant)
STORE_TEST(an_older_event_replaces_nobody)
STORE_TEST(one_person_may_be_several)
STORE_TEST(who_joins_by_writing_stays)
STORE_TEST(a_direct_conversation_is_found_from_both_sides)
STORE_TEST(a_message_is_kept_as_it_is)
STORE_TEST(a_client_id_counts_once_per_sender)
STORE_TEST(pages_are_cut_between_bounds)
STORE_TEST(unread_messages_are_counted)
STORE_TEST(filters_narrow_the_list)
STORE_TEST(what_was_missed_names_its_people)

static void statements_fit_the_schema(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

static int open_store(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};
    (void)state;
    return store_test_open("messaging", MIGRATIONS);
}

static int close_store(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ticket_has_one_conversation),
        cmocka_unit_test(test_strangers_take_no_part),
        cmocka_unit_test(test_who_is_replaced_becomes_a_former_participant),
        cmocka_unit_test(test_an_older_event_replaces_nobody),
        cmocka_unit_test(test_one_person_may_be_several),
        cmocka_unit_test(test_who_joins_by_writing_stays),
        cmocka_unit_test(test_a_direct_conversation_is_found_from_both_sides),
        cmocka_unit_test(test_a_message_is_kept_as_it_is),
        cmocka_unit_test(test_a_client_id_counts_once_per_sender),
        cmocka_unit_test(test_pages_are_cut_between_bounds),
        cmocka_unit_test(test_unread_messages_are_counted),
        cmocka_unit_test(test_filters_narrow_the_list),
        cmocka_unit_test(test_what_was_missed_names_its_people),
        cmocka_unit_test(statements_fit_the_schema),
    };
    return cmocka_run_group_tests_name("messaging store", tests, open_store, close_store);
}
