#include "scene.h"
#include "store/retention_store.h"

/* ---- changes ------------------------------------------------------------------------------ */

static struct change_list changes(struct db_session *s, int64_t id, int64_t after)
{
    struct change_list list;
    OK(change_store_between(s, id, after, INT64_MAX, 50, &list));
    return list;
}

static void enter(struct db_session *s, enum change_kind kind, const struct message *m)
{
    struct change c = {.kind = kind,
                       .conversation_id = m->conversation_id,
                       .message = *m,
                       .actor_id = EMIL,
                       .actor_name = STR("Emil"),
                       .happened_at = NOW + 7};
    OK(change_store_add(s, &c));
    assert_true(c.id > m->id);
}

static void everything_is_one_order(struct db_session *s)
{
    struct message again;
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    struct message m = say(s, id, EMIL, STR("one"), STR_NULL, true);
    const struct json_array nobody = {0};
    OK(message_store_edit(s, &m, STR("two"), &nobody, NOW + 7));
    enter(s, CHANGE_EDITED, &m);
    say(s, id, CORA, STR("three"), STR_NULL, true);
    read_up_to(s, id, CORA, m.id);
    struct change_list list = changes(s, id, 0);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].kind, CHANGE_MESSAGE);
    assert_true(str_eq(list.items[0].message.content, STR("two")));
    assert_int_equal(list.items[1].kind, CHANGE_EDITED);
    assert_int_equal(list.items[1].message.id, m.id);
    assert_true(str_eq(list.items[1].actor_name, STR("Emil")));
    assert_int_equal(list.items[2].kind, CHANGE_MESSAGE);
    for (size_t i = 1; i < list.count; i++)
        assert_true(list.items[i].id > list.items[i - 1].id);
    OK(message_store_get(s, m.id, &again));
    assert_int_equal(again.version, 2);
    assert_int_equal(again.edited_at, NOW + 7);
    int64_t place = read_up_to(s, id, EMIL, list.items[2].id);
    list = changes(s, id, list.items[2].id);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].kind, CHANGE_READ);
    assert_int_equal(list.items[0].id, place);
    assert_int_equal(list.items[0].actor_id, EMIL);
    assert_int_equal(list.items[0].message.id, 0);
}

static void versions_are_kept_until_a_message_is_unsent(struct db_session *s)
{
    const struct message_version *v;
    const struct json_array nobody = {0};
    size_t n;
    bool changed;
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    struct message m = say(s, id, EMIL, STR("one"), STR_NULL, true);
    OK(message_store_edit(s, &m, STR("two"), &nobody, NOW + 7));
    OK(message_store_versions(s, m.id, &v, &n));
    assert_int_equal(n, 2);
    assert_true(str_eq(v[0].content, STR("one")) && str_eq(v[1].content, STR("two")));
    assert_int_equal(v[0].written_at, NOW + 5);
    assert_int_equal(v[1].written_at, NOW + 7);
    const struct reaction x = {m.id, CORA, STR("\xF0\x9F\x91\x8D"), STR("Cora"), NOW};
    OK(message_store_react(s, &x, 5, &changed));
    OK(message_store_unsend(s, m.id, NOW + 9));
    OK(message_store_get(s, m.id, &m));
    assert_true(message_is_gone(&m) && m.content.len == 0 && !m.reactions.p);
    OK(message_store_versions(s, m.id, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(v[0].content.len, 0);
}

static void reactions_are_one_of_each_and_limited(struct db_session *s)
{
    bool changed;
    follow(s, EMIL, CORA, 0, NOW);
    struct message m = say(s, find(s, EMIL).id, EMIL, STR("one"), STR_NULL, true);
    struct reaction x = {m.id, CORA, STR("a"), STR("Cora \"C\""), NOW};
    OK(message_store_react(s, &x, 2, &changed));
    assert_true(changed);
    OK(message_store_react(s, &x, 2, &changed));
    assert_false(changed);
    x.emoji = STR("b");
    OK(message_store_react(s, &x, 2, &changed));
    x.emoji = STR("c");
    assert_int_equal(message_store_react(s, &x, 2, &changed), ERR_CONFLICT);
    x.emoji = STR("b");
    x.user_id = EMIL;
    OK(message_store_react(s, &x, 2, &changed));
    OK(message_store_get(s, m.id, &m));
    assert_true(str_eq(m.reaction_counts, STR("{\"a\": 1, \"b\": 2}")));
    assert_true(str_find(m.reactions, STR("Cora \\\"C\\\"")) > 0);
    OK(message_store_unreact(s, &x, &changed));
    assert_true(changed);
    OK(message_store_unreact(s, &x, &changed));
    assert_false(changed);
}

static void the_latest_come_with_who_has_read_them(struct db_session *s)
{
    struct conversation direct;
    struct message_list list;
    follow(s, EMIL, CORA, 0, NOW);
    OK(conversation_store_direct(s, EMIL, RITA, STR_NULL, NOW, &direct));
    int64_t ids[] = {find(s, EMIL).id, direct.id, direct.id + 1000};
    say(s, ids[0], EMIL, STR("one"), STR_NULL, true);
    struct message two = say(s, ids[0], EMIL, STR("two"), STR_NULL, true);
    say(s, ids[0], CORA, STR("three"), STR_NULL, true);
    say(s, ids[0], EMIL, STR("four"), STR_NULL, true);
    say(s, ids[1], RITA, STR("five"), STR_NULL, true);
    const int64_t three[] = {3, 3, 3}, one[] = {1, 1, 1};
    const struct latest threes = {ids, three, 3}, ones = {ids, one, 3};
    OK(message_store_latest(s, &threes, EMIL, &list));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.items[0].id, two.id);
    assert_int_equal(list.items[0].is_read, JSON_TRUE); /* Cora has written since */
    assert_int_equal(list.items[1].is_read, JSON_TRUE);
    assert_int_equal(list.items[2].is_read, JSON_FALSE);
    assert_int_equal(list.items[3].conversation_id, direct.id);
    assert_int_equal(list.items[3].is_read, JSON_FALSE);
    OK(message_store_latest(s, &ones, CORA, &list));
    assert_int_equal(list.items[0].is_read, JSON_FALSE);
}

static void search(struct db_session *s, const char *query, int64_t user_id, size_t expected)
{
    const struct message_search q = {user_id, str_from(query), 0, INT64_MAX, 10};
    struct message_list list;
    OK(message_store_search(s, &q, &list));
    assert_int_equal(list.count, expected);
}

static void a_search_finds_what_is_ones_own(struct db_session *s)
{
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    struct message m = say(s, id, EMIL, STR("The printer in room 4 is on fire"), STR_NULL, true);
    say(s, id, CORA, STR("printer, again?"), STR_NULL, true);
    search(s, "PRINTER", EMIL, 2);
    search(s, "printer -again", EMIL, 1);
    search(s, "\"on fire\"", CORA, 1);
    search(s, "\"fire on\"", CORA, 0);
    search(s, "printer", RITA, 0);
    search(s, "'!& |:*", EMIL, 0);
    search(s, "#1", EMIL, 0);
    search(s, "", EMIL, 0);
    OK(message_store_delete(s, m.id, NOW));
    search(s, "fire", EMIL, 0);
}

DB_WRITE(fill_long, "i", "",
         "WITH c AS (UPDATE conversation SET message_count = 1300 WHERE id = $1)"
         " INSERT INTO message (conversation_id, number, sender_id, sender_name, content,"
         " created_at) SELECT $1, n, 51, 'Emil', 'shared ' || CASE WHEN n <= 30 THEN 'early'"
         " WHEN n > 1270 THEN 'late' ELSE 'middle' END, now() FROM generate_series(1, 1300) n");

static int64_t oldest_found(struct db_session *s, const char *query, int64_t before, int64_t limit,
                            size_t expected)
{
    const struct message_search q = {EMIL, str_from(query), 0, before, limit};
    struct message_list list;
    OK(message_store_search(s, &q, &list));
    assert_int_equal(list.count, expected);
    for (size_t i = 1; i < list.count; i++)
        assert_true(list.items[i].id < list.items[i - 1].id);
    return list.count ? list.items[list.count - 1].id : 0;
}

/* Common words are looked for in another way than rare ones, and in long conversations in another
 * than in short ones; before and after the words become common the same is found. */
static void a_search_finds_the_same_in_every_way(struct db_session *s)
{
    struct conversation direct;
    follow(s, EMIL, CORA, 0, NOW);
    OK(db_query(s, &fill_long, NULL, DB_INT(find(s, EMIL).id)));
    OK(conversation_store_direct(s, EMIL, RITA, STR_NULL, NOW, &direct));
    oldest_found(s, "early", INT64_MAX, 40, 30);
    int64_t newest = 0;
    for (int i = 0; i < 12; i++)
        newest = say(s, direct.id, RITA, STR("early too"), STR_NULL, true).id;
    oldest_found(s, "early", INT64_MAX, 100, 42);
    int64_t oldest = oldest_found(s, "early", INT64_MAX, 40, 40);
    oldest_found(s, "early", oldest, 40, 2);
    oldest_found(s, "early", newest, 5, 5);
    oldest_found(s, "shared late", INT64_MAX, 20, 20);
    oldest_found(s, "shared -late", INT64_MAX, 20, 20);
    oldest = oldest_found(s, "shared", INT64_MAX, 1000, 1000);
    oldest_found(s, "shared", oldest, 1000, 300);
    search(s, "early", RITA, 10);
    search(s, "shared", RITA, 0);
}

static void what_was_missed_names_its_people(struct db_session *s)
{
    struct change_list missed;
    follow(s, EMIL, CORA, 0, NOW);
    follow(s, 0, COLE, 0, NOW + 1);
    int64_t id = find(s, EMIL).id;
    int64_t before = say(s, id, EMIL, STR("one"), STR_NULL, true).id;
    say(s, id, EMIL, STR("two"), STR("k"), true);
    OK(change_store_missed(s, before, 10, &missed));
    assert_int_equal(missed.count, 1);
    assert_true(str_eq(missed.items->message.content, STR("two")));
    assert_true(str_eq(missed.items->ticket_number, NUMBER));
    assert_int_equal(missed.items->participant_ids.count, 2);
    const int64_t *ids = missed.items->participant_ids.items;
    assert_int_equal(ids[0] + ids[1], COLE + EMIL);
}

DB_WRITE(make_older, "i", "",
         "UPDATE message SET created_at = created_at - interval '1 second' WHERE id = $1");

static void the_oldest_are_forgotten(struct db_session *s)
{
    int64_t count;
    follow(s, EMIL, CORA, 0, NOW);
    int64_t id = find(s, EMIL).id;
    struct message old = say(s, id, EMIL, STR("one"), STR_NULL, true);
    enter(s, CHANGE_EDITED, &old);
    const struct reaction x = {old.id, CORA, STR("a"), STR("Cora"), NOW};
    bool changed;
    OK(message_store_react(s, &x, 5, &changed));
    struct message more = say(s, id, EMIL, STR("two"), STR_NULL, true);
    assert_int_equal(find(s, CORA).unread, 2);
    OK(retention_store_messages(s, old.created_at, &count));
    assert_int_equal(count, 0);
    OK(db_query(s, &make_older, NULL, DB_INT(old.id)));
    OK(retention_store_messages(s, old.created_at, &count));
    assert_int_equal(count, 1);
    assert_int_equal(message_store_get(s, old.id, &old), ERR_NOT_FOUND);
    assert_int_equal(find(s, CORA).unread, 1);
    assert_int_equal(find(s, EMIL).unread, 0);
    OK(db_query(s, &make_older, NULL, DB_INT(more.id)));
    OK(retention_store_messages(s, more.created_at, &count));
    assert_int_equal(find(s, CORA).unread, 0);
    struct unread u;
    OK(participant_store_unread(s, CORA, &u));
    assert_int_equal(u.conversations, 0);
    say(s, id, EMIL, STR("three"), STR_NULL, true);
    assert_int_equal(find(s, CORA).unread, 1);
}

STORE_TEST(everything_is_one_order)
STORE_TEST(versions_are_kept_until_a_message_is_unsent)
STORE_TEST(reactions_are_one_of_each_and_limited)
STORE_TEST(the_latest_come_with_who_has_read_them)
STORE_TEST(a_search_finds_what_is_ones_own)
STORE_TEST(a_search_finds_the_same_in_every_way)
STORE_TEST(what_was_missed_names_its_people)
STORE_TEST(the_oldest_are_forgotten)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_one_order),
        cmocka_unit_test(test_versions_are_kept_until_a_message_is_unsent),
        cmocka_unit_test(test_reactions_are_one_of_each_and_limited),
        cmocka_unit_test(test_the_latest_come_with_who_has_read_them),
        cmocka_unit_test(test_a_search_finds_what_is_ones_own),
        cmocka_unit_test(test_a_search_finds_the_same_in_every_way),
        cmocka_unit_test(test_what_was_missed_names_its_people),
        cmocka_unit_test(test_the_oldest_are_forgotten),
    };
    return cmocka_run_group_tests_name("changes of messages", tests, open_store, close_store);
}
