#include "scene.h"

/* ---- the people of a ticket --------------------------------------------------------------- */

static void check_participants(struct db_session *s, size_t n, const int64_t *expected)
{
    struct json_array ids;
    OK(participant_store_ids(s, find(s, 0).id, &ids));
    assert_int_equal(ids.count, n);
    assert_memory_equal(ids.items, expected, n * sizeof *expected);
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
    OK(participant_store_join(s, id, ADAM, NOW));
    OK(participant_store_join(s, id, ADAM, NOW));
    CHECK_PARTICIPANTS(s, CORA, ADAM, EMIL);
    follow(s, 0, COLE, 0, NOW + 1);
    OK(participant_store_join(s, id, CORA, NOW));
    assert_true(find(s, CORA).is_current);
}

static void a_direct_conversation_is_found_from_both_sides(struct db_session *s)
{
    struct conversation a, b;
    OK(conversation_store_direct(s, EMIL, RITA, STR("{\"a\":1}"), NOW, &a));
    OK(conversation_store_direct(s, RITA, EMIL, STR_NULL, NOW + 1, &b));
    assert_int_equal(a.id, b.id);
    assert_true(str_eq(a.type, STR("direct")) && !a.ticket_number.p);
    assert_int_equal(b.created_at, NOW);
    assert_true(str_eq(b.metadata, STR("{\"a\":1}")));
    OK(conversation_store_get(s, a.id, RITA, &b));
    assert_true(b.takes_part && b.is_current);
    OK(conversation_store_get(s, a.id, ADAM, &b));
    assert_false(b.takes_part || b.is_current);
}

/* ---- messages ----------------------------------------------------------------------------- */

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
    OK(change_store_newest(s, &newest));
    assert_int_equal(newest, ids[4]);
    OK(message_store_before(s, id, INT64_MAX, 0, 2, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].id, ids[3]);
    OK(message_store_after(s, id, ids[0], ids[4], 2, &list));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[1].id, ids[2]);
    OK(message_store_after(s, id, ids[2], ids[4], 9, &list));
    assert_int_equal(list.count, 1);
}

static struct conversation seen_by(struct db_session *s, int64_t id, int64_t user_id)
{
    struct conversation c;
    OK(conversation_store_seen_by(s, id, user_id, &c));
    return c;
}

static void check_unread(struct db_session *s, int64_t user_id, int64_t messages,
                         int64_t conversations)
{
    struct unread unread;
    OK(participant_store_unread(s, user_id, &unread));
    assert_int_equal(unread.messages, messages);
    assert_int_equal(unread.conversations, conversations);
}

static void unread_messages_are_counted(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    int64_t first = say(s, id, EMIL, STR("one"), STR_NULL, true).id;
    int64_t last = say(s, id, EMIL, STR("two"), STR_NULL, true).id;
    struct conversation c = seen_by(s, id, CORA);
    assert_int_equal(c.unread, 2);
    assert_true(str_eq(c.last_message, STR("two")));
    check_unread(s, CORA, 2, 1);
    assert_true(read_up_to(s, id, CORA, first) > last);
    check_unread(s, CORA, 1, 1);
    assert_true(read_up_to(s, id, CORA, last) > last);
    assert_int_equal(read_up_to(s, id, CORA, first), 0);
    assert_int_equal(seen_by(s, id, CORA).unread, 0);
    assert_int_equal(seen_by(s, id, EMIL).unread, 0);
    check_unread(s, CORA, 0, 0);
    check_unread(s, RITA, 0, 0);
}

static void what_is_muted_or_put_away_is_not_counted(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    say(s, id, EMIL, STR("one"), STR_NULL, true);
    OK(participant_store_prefer(s, id, CORA, JSON_UNSET, JSON_TRUE));
    check_unread(s, CORA, 0, 0);
    say(s, id, EMIL, STR("two"), STR_NULL, true);
    assert_int_equal(seen_by(s, id, CORA).is_archived, JSON_FALSE);
    check_unread(s, CORA, 2, 1);
    OK(participant_store_prefer(s, id, CORA, JSON_TRUE, JSON_TRUE));
    say(s, id, EMIL, STR("three"), STR_NULL, true);
    assert_int_equal(seen_by(s, id, CORA).is_archived, JSON_TRUE);
    assert_int_equal(seen_by(s, id, CORA).unread, 3);
    check_unread(s, CORA, 0, 0);
    assert_int_equal(participant_store_prefer(s, id, RITA, JSON_TRUE, JSON_UNSET),
                     ERR_CONVERSATION_NOT_FOUND);
}

static int64_t make_group(struct db_session *s, int64_t a, int64_t b, int64_t at)
{
    const int64_t ids[] = {a, b};
    const struct json_array people = {(void *)(uintptr_t)ids, 2};
    struct json_array added;
    int64_t id;
    OK(conversation_store_add_group(s, STR("Group"), a, at, &id));
    OK(participant_store_add(s, id, &people, at, &added));
    assert_int_equal(added.count, 2);
    return id;
}

static void conversations_of_all_kinds_are_one_list(struct db_session *s)
{
    struct conversation *c;
    struct conversation direct;
    size_t count;
    follow(s, EMIL, CORA, 0, NOW);
    int64_t support = find(s, EMIL).id;
    int64_t group = make_group(s, EMIL, RITA, NOW + 3);
    OK(conversation_store_direct(s, EMIL, RITA, STR_NULL, NOW + 9, &direct));
    const int64_t expected[] = {direct.id, group, support};
    struct conversation_filter f = {.limit = 1};
    for (size_t i = 0; i < 3; i++) {
        OK(conversation_store_list(s, EMIL, &f, &c, &count));
        assert_int_equal(count, 1);
        assert_int_equal(c->id, expected[i]);
        f.before_at = c->updated_at;
        f.before_id = c->id;
    }
    OK(conversation_store_list(s, EMIL, &f, &c, &count));
    assert_int_equal(count, 0);
    say(s, group, RITA, STR("x"), STR_NULL, true);
    say(s, support, EMIL, STR("y"), STR_NULL, true);
    f = (struct conversation_filter){.limit = 9};
    OK(conversation_store_list(s, EMIL, &f, &c, &count));
    assert_int_equal(count, 3);
    assert_int_equal(c[0].id, direct.id);
    assert_int_equal(c[0].counterpart_id, JSON_NO_INT); /* nobody knows her name here */
    assert_int_equal(c[1].id, group);
    assert_int_equal(c[1].unread, 1);
    OK(participant_store_prefer(s, group, EMIL, JSON_UNSET, JSON_TRUE));
    f.is_archived = true;
    OK(conversation_store_list(s, EMIL, &f, &c, &count));
    assert_int_equal(count, 1);
    assert_int_equal(c->id, group);
}

static void who_is_replaced_is_told_of(struct db_session *s)
{
    struct json_array former;
    int64_t id;
    follow(s, EMIL, CORA, 0, NOW);
    const struct ticket_people p = {
        .ticket_number = NUMBER, .owner_id = COLE, .since = NOW + 1, .now = NOW};
    OK(conversation_store_follow_ticket(s, &p, &id, &former));
    assert_int_equal(former.count, 1);
    assert_int_equal(*(int64_t *)former.items, CORA);
    OK(conversation_store_follow_ticket(s, &p, &id, &former));
    assert_int_equal(former.count, 0);
    assert_true(str_eq(find(s, EMIL).ticket_status, STR("Open")));
}

/* ---- how it grows ------------------------------------------------------------------------- */

DB_WRITE(fill_conversations, "", "",
         "INSERT INTO conversation (type, ticket_number, created_at, updated_at, message_count)"
         " SELECT 'support', 'TX' || n, now(), now() - n * interval '1 second', 2"
         " FROM generate_series(1, 20000) n");
DB_WRITE(fill_participants, "", "",
         "INSERT INTO participant (conversation_id, user_id, by_ticket, joined_at, active_at,"
         " has_unread, read_change_id)"
         " SELECT c.id, 1000 + (c.id + k) % 500, false, now(), c.updated_at, c.id % 50 = 0,"
         " CASE WHEN c.id % 3 = 0 THEN nextval('message_id_seq') END"
         " FROM conversation c, generate_series(0, 1) k");
DB_WRITE(fill_messages, "", "",
         "INSERT INTO message (conversation_id, sender_id, sender_name, content, created_at)"
         " SELECT c.id, 1000, 'X', 'word' || c.id % 1000, now()"
         " FROM conversation c, generate_series(0, 1) k");
DB_WRITE(fill_changes, "", "",
         "INSERT INTO conversation_change (id, conversation_id, kind, actor_id, actor_name,"
         " happened_at) SELECT nextval('message_id_seq'), c.id, 'renamed', 1000, 'X', now()"
         " FROM conversation c");
DB_WRITE(analyze_all, "", "", "ANALYZE conversation, participant, message, conversation_change");

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
STORE_TEST(what_is_muted_or_put_away_is_not_counted)
STORE_TEST(conversations_of_all_kinds_are_one_list)
STORE_TEST(who_is_replaced_is_told_of)

static void statements_fit_the_schema(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

static void check_plan(struct arena *a, const char *statement, const char *index)
{
    struct str plan = store_test_plan(a, statement);
    if (str_find(plan, str_from(index)) < 0 || str_find(plan, STR("Seq Scan")) >= 0)
        fail_msg("%s: no %s, or a scan:\n%s", statement, index, str_cstr(a, plan));
}

/* Much, so that an index is worth it; committed, as the planner knows nothing else. */
static void fill(struct db_session *s)
{
    OK(db_query(s, &fill_conversations, NULL));
    OK(db_query(s, &fill_participants, NULL));
    OK(db_query(s, &fill_messages, NULL));
    OK(db_query(s, &fill_changes, NULL));
    OK(db_query(s, &analyze_all, NULL));
}

static void lists_and_searches_use_their_indexes(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    store_test_run_bare(fill);
    check_plan(a, "conversations_of_person", "participant_latest");
    check_plan(a, "unread_of_person", "participant_unread");
    check_plan(a, "messages_before", "message_of_conversation");
    check_plan(a, "messages_after", "message_of_conversation");
    check_plan(a, "latest_messages", "message_of_conversation");
    check_plan(a, "current_audience", "participant_pkey");
    check_plan(a, "changes_between", "conversation_change_order");
    check_plan(a, "changes_between", "participant_read");
    /* A page of it meets so many conversations that reading all of these few is cheaper. */
    assert_true(str_find(store_test_plan(a, "changes_missed"), STR("message_pkey")) >= 0);
    check_plan(a, "newest_change_in", "message_of_conversation");
    check_plan(a, "search_messages", "message_words");
    check_plan(a, "lock_old_conversations", "message_pkey");
    check_plan(a, "forget_messages", "message_pkey");
    check_plan(a, "forget_unread", "message_of_conversation");
    arena_free(a);
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
        cmocka_unit_test(test_what_is_muted_or_put_away_is_not_counted),
        cmocka_unit_test(test_conversations_of_all_kinds_are_one_list),
        cmocka_unit_test(test_who_is_replaced_is_told_of),
        cmocka_unit_test(lists_and_searches_use_their_indexes),
        cmocka_unit_test(statements_fit_the_schema),
    };
    return cmocka_run_group_tests_name("messaging store", tests, open_store, close_store);
}
