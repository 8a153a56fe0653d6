#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "people.h"
#include "store/change_store.h"
#include "store/conversation_store.h"
#include "store/participant_store.h"
#include "store/retention_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define OK(expression) assert_int_equal(expression, ERR_OK)
#define NOW (INT64_C(1768213800) * US_PER_S)
#define NUMBER STR("TX20260112000001")

enum { EMIL = 51, CORA = 11, COLE = 12, RITA = 21, ADAM = 41 };

/* ---- the people of a ticket --------------------------------------------------------------- */

static void follow(struct db_session *s, int64_t requester, int64_t owner, int64_t assignee,
                   int64_t since)
{
    const struct ticket_people p = {NUMBER, STR("VPN"), STR("Open"), requester,
                                    owner,  assignee,   since,       NOW};
    struct json_array former;
    int64_t id;
    OK(conversation_store_follow_ticket(s, &p, &id, &former));
}

static struct conversation find(struct db_session *s, int64_t user_id)
{
    struct conversation c;
    OK(conversation_store_by_ticket(s, NUMBER, user_id, &c));
    return c;
}

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

static struct message say(struct db_session *s, int64_t conversation, int64_t sender,
                          struct str content, struct str client_id, bool expect_new)
{
    const struct message m = {.conversation_id = conversation,
                              .sender_id = sender,
                              .sender_name = STR("Somebody"),
                              .sender_role = STR(""),
                              .type = STR("text"),
                              .reply_to_id = JSON_NO_INT,
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

static int64_t read_up_to(struct db_session *s, int64_t id, int64_t user_id, int64_t up_to)
{
    const struct reading x = {id, user_id, up_to, true};
    int64_t change_id, moved_to;
    OK(participant_store_read(s, &x, &change_id, &moved_to));
    assert_int_equal(moved_to, change_id ? up_to : 0);
    return change_id;
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
STORE_TEST(everything_is_one_order)
STORE_TEST(versions_are_kept_until_a_message_is_unsent)
STORE_TEST(reactions_are_one_of_each_and_limited)
STORE_TEST(the_latest_come_with_who_has_read_them)
STORE_TEST(a_search_finds_what_is_ones_own)
STORE_TEST(a_search_finds_the_same_in_every_way)
STORE_TEST(what_was_missed_names_its_people)
STORE_TEST(the_oldest_are_forgotten)

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

static int open_store(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, WRITE_MIGRATIONS,
                                                            SERVICE_MIGRATIONS, NULL};
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
        cmocka_unit_test(test_what_is_muted_or_put_away_is_not_counted),
        cmocka_unit_test(test_conversations_of_all_kinds_are_one_list),
        cmocka_unit_test(test_who_is_replaced_is_told_of),
        cmocka_unit_test(test_everything_is_one_order),
        cmocka_unit_test(test_versions_are_kept_until_a_message_is_unsent),
        cmocka_unit_test(test_reactions_are_one_of_each_and_limited),
        cmocka_unit_test(test_the_latest_come_with_who_has_read_them),
        cmocka_unit_test(test_a_search_finds_what_is_ones_own),
        cmocka_unit_test(test_a_search_finds_the_same_in_every_way),
        cmocka_unit_test(test_what_was_missed_names_its_people),
        cmocka_unit_test(test_the_oldest_are_forgotten),
        cmocka_unit_test(lists_and_searches_use_their_indexes),
        cmocka_unit_test(statements_fit_the_schema),
    };
    return cmocka_run_group_tests_name("messaging store", tests, open_store, close_store);
}
