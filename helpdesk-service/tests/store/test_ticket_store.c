#include "filter.h"

#include <string.h>

#include "store/catalogue_store.h"
#include "store/comment_store.h"
#include "store/feedback_store.h"
#include "store/history_store.h"
#include "store/number_store.h"
#include "store/ticket_store.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define EMPLOYEE 101
#define COORDINATOR 456
#define REVIEWER 789
#define VIEWER(person) ((struct ticket_viewer){.id = (person)})
#define HISTORY(ticket, internal)                                                                  \
    (&(struct history_query){.ticket_id = (ticket),                                                \
                             .with_internal = (internal),                                          \
                             .before_id = TICKET_NONE,                                             \
                             .limit = 10})
#define EQ(a, text) assert_true(str_eq((a), STR(text)))

static const struct cause CAUSE = {.actor_id = EMPLOYEE, .actor_name = {"John Doe", 8}, .now = NOW};

static const struct outbox_entry MESSAGE = {.exchange = {"", 0},
                                            .routing_key = {"q", 1},
                                            .message_id = {"m", 1},
                                            .content_type = {"text/plain", 10},
                                            .headers_json = {"{\"a\": 1}", 8},
                                            .body = {"", 0}};

static struct ticket insert_with_tags(struct db_session *s, int64_t id, int64_t created_at,
                                      const struct str *tags, size_t tag_count)
{
    struct ticket t = {.id = id,
                       .version = 1,
                       .number = str_printf(s->arena, "TX20260101%06lld", (long long)id),
                       .subject = STR("Network connectivity issue"),
                       .description = STR("Unable to access VPN"),
                       .category = STR("IT Support"),
                       .department = STR("IT Department"),
                       .priority = (enum ticket_priority)(id % PRIORITY_COUNT),
                       .held_status = TICKET_STATUS_COUNT,
                       .requester_id = EMPLOYEE,
                       .requester_name = STR("John Doe"),
                       .requester_email = STR("john.doe@company.com"),
                       .owner_id = TICKET_NONE,
                       .csat_rating = TICKET_NONE,
                       .created_at = created_at,
                       .updated_at = created_at,
                       .first_response_at = TICKET_NONE,
                       .completed_at = TICKET_NONE,
                       .closed_at = TICKET_NONE,
                       .tags = tags,
                       .tag_count = tag_count};

    OK(ticket_store_create(s, &t, &CAUSE, &MESSAGE, 1));
    return t;
}

static struct ticket insert_at(struct db_session *s, int64_t id, int64_t created_at)
{
    return insert_with_tags(s, id, created_at, NULL, 0);
}

static struct ticket insert(struct db_session *s)
{
    return insert_at(s, 1, NOW);
}

static void a_ticket_comes_back_as_it_went(struct db_session *s)
{
    struct ticket t = insert(s), back;
    struct ticket_view v;

    OK(ticket_store_by_number(s, t.number, EMPLOYEE, &back));
    assert_int_equal(back.id, 1);
    EQ(back.subject, "Network connectivity issue");
    assert_null(back.sub_category.p);
    assert_null(back.owner_name.p);
    assert_null(back.requester_department.p);
    assert_int_equal(back.status, TICKET_STATUS_OPEN);
    assert_int_equal(back.priority, t.priority);
    assert_int_equal(back.held_status, TICKET_STATUS_COUNT);
    assert_int_equal(back.owner_id, TICKET_NONE);
    assert_int_equal(back.csat_rating, TICKET_NONE);
    assert_int_equal(back.created_at, NOW);
    assert_int_equal(back.completed_at, TICKET_NONE);
    OK(ticket_store_view(s, t.number, VIEWER(EMPLOYEE), TICKET_SHAPE_INTEGRATION, &v));
    assert_null(v.comments_json.p);
    assert_null(v.attachments_json.p);
    assert_int_equal(ticket_store_by_id(s, 2, 0, &back), ERR_TICKET_NOT_FOUND);
    assert_int_equal(ticket_store_by_number(s, STR("TX20260101999999"), 0, &back),
                     ERR_TICKET_NOT_FOUND);
    assert_int_equal(ticket_store_by_number(s, STR("' OR 1=1"), 0, &back), ERR_TICKET_NOT_FOUND);
}

static void a_number_is_unique(struct db_session *s)
{
    struct ticket t = insert(s);

    t.id = 2;
    assert_int_equal(ticket_store_create(s, &t, &CAUSE, &MESSAGE, 1), ERR_CONFLICT);
}

static void saving_writes_differences_and_history(struct db_session *s)
{
    struct ticket before = insert(s), after, back;
    struct cause later = {.actor_id = TICKET_NONE, .actor_name = STR("System"), .now = NOW + 5};
    struct history_row *rows;
    bool changed;
    size_t count;
    int64_t total;

    OK(ticket_store_lock_number(s, before.number, 0, &before));
    after = before;
    OK(ticket_store_save(s, &before, &after, STR_NULL, &later, &changed));
    assert_false(changed);
    assert_int_equal(after.version, 1);
    after.sub_category = STR("VPN");
    ticket_set_owner(&after, COORDINATOR, STR("Jane Smith"));
    ticket_set_status(&after, TICKET_STATUS_ON_HOLD, NOW);
    OK(ticket_store_save(s, &before, &after, STR("parts"), &later, &changed));
    assert_true(changed);
    OK(ticket_store_by_number(s, before.number, 0, &back));
    assert_int_equal(back.version, 2);
    assert_int_equal(back.updated_at, NOW + 5);
    assert_int_equal(back.held_status, TICKET_STATUS_OPEN);
    assert_int_equal(back.owner_id, COORDINATOR);
    EQ(back.owner_name, "Jane Smith");
    assert_true(back.is_assigned);
    OK(history_store_page(s, HISTORY(1, true), &rows, &count, &total));
    assert_int_equal(total, 5);
    EQ(rows[0].field, "status");
    EQ(rows[0].note, "parts");
    assert_int_equal(rows[0].changed_by, TICKET_NONE);
    assert_int_equal(rows[0].changed_at, NOW + 5);
    EQ(rows[2].field, "owner");
    EQ(rows[2].new_value, "456");
    EQ(rows[2].note, "Jane Smith");
    assert_null(rows[3].old_value.p);
    EQ(rows[4].field, "created");
}

static size_t listed(struct db_session *s, const struct ticket_filter *f)
{
    struct ticket_page page;

    OK(ticket_list_store_page(s, f, &page));
    assert_int_equal(page.total, page.count);
    return page.count;
}

static size_t listed_for(struct db_session *s, int64_t viewer_id)
{
    struct ticket_filter f = filter_of(s, "");

    f.viewer_id = viewer_id;
    return listed(s, &f);
}

static void set_owner(struct db_session *s, struct str number, int64_t owner_id)
{
    struct ticket before, after;
    bool changed;

    OK(ticket_store_lock_number(s, number, 0, &before));
    after = before;
    ticket_set_owner(&after, owner_id, STR("Somebody"));
    OK(ticket_store_save(s, &before, &after, STR_NULL, &CAUSE, &changed));
}

static void scope_follows_requester_owner_and_assignee(struct db_session *s)
{
    struct ticket t = insert(s), back;

    assert_int_equal(listed_for(s, EMPLOYEE), 1);
    assert_int_equal(listed_for(s, COORDINATOR), 0);
    set_owner(s, t.number, COORDINATOR);
    assert_int_equal(listed_for(s, COORDINATOR), 1);
    OK(ticket_store_add_assignee(s, t.number, COORDINATOR));
    OK(ticket_store_add_assignee(s, t.number, REVIEWER));
    OK(ticket_store_by_number(s, t.number, REVIEWER, &back));
    assert_true(back.is_assignee);
    OK(ticket_store_by_number(s, t.number, EMPLOYEE, &back));
    assert_false(back.is_assignee);
    set_owner(s, t.number, 457);
    assert_int_equal(listed_for(s, 457), 1);
    assert_int_equal(listed_for(s, COORDINATOR), 1); /* still assigned */
    set_owner(s, t.number, TICKET_NONE);
    assert_int_equal(listed_for(s, 457), 0);
    set_owner(s, t.number, EMPLOYEE);
    set_owner(s, t.number, 457);
    assert_int_equal(listed_for(s, EMPLOYEE), 1); /* still the requester */
    assert_int_equal(ticket_store_add_assignee(s, STR("TX20200101000001"), 1),
                     ERR_TICKET_NOT_FOUND);
}

static void every_filter_filters(struct db_session *s)
{
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {
        {"", 2},
        {"status:Open", 2},
        {"status:Closed,Open", 2},
        {"status:Closed", 0},
        {"-status:Closed", 2},
        {"priority:Low", 1},
        {"priority:Urgent", 1},
        {"priority:Low,Urgent", 2},
        {"-priority:Low", 1},
        {"category:\"IT Support\"", 2},
        {"category:\"it support\"", 0},
        {"-category:\"IT Support\"", 0},
        {"department:\"IT Department\"", 2},
        {"department:x,\"IT Department\"", 2},
        {"department:x", 0},
        {"department:none", 0},
        {"department:none,\"IT Department\"", 2},
        {"-department:x,none", 2},
        {"owner:456", 1},
        {"owner:none", 1},
        {"owner:none,456", 2},
        {"-owner:456", 1},
        {"-owner:none", 1},
        {"is:unowned", 1},
        {"is:assigned", 1},
        {"is:assigned,unowned", 2},
        {"-is:assigned,unowned", 0},
        {"requester:101", 2},
        {"requester:456,7", 0},
        {"tag:vpn", 1},
        {"tag:vpn,wifi", 2},
        {"tag:vpn tag:net", 1},
        {"tag:vpn tag:wifi", 0},
        {"-tag:vpn", 1},
        {"tag:none", 0},
        {"approval:pending", 0},
        {"-approval:pending", 2},
        {"is:pending", 0},
        {"is:open", 2},
        {"is:finished", 0},
        {"is:open,finished", 2},
        {"is:unanswered", 2},
        {"is:watched", 0},
        {"-is:watched", 2},
        {"has:attachment", 0},
        {"has:comment", 0},
        {"has:tag", 2},
        {"has:tag,attachment", 2},
        {"number:TX20260101000004", 1},
        {"number:TX20260101*", 2},
        {"number:TX2026010100000*,TX20260101000004", 2},
        {"number:TX2025*", 0},
        {"-number:TX20260101000004", 1},
        {"created:2026-01-01", 2},
        {"created:>2026-01-01", 0},
        {"created:>=2026-01-01 created:<=2026-01-01", 2},
        {"-created:2026-01-01", 0},
        {"updated:2026-01-01T00:00:00Z", 2},
        {"updated:<2026-01-01T00:00:00Z", 0},
        {"vpn", 2},
        {"network uNab", 2},
        {"netw uNab", 0},
        {"netw* unable", 2},
        {"\"access vpn\"", 2},
        {"\"vpn access\"", 0},
        {"TX20260101000004", 1},
        {"vpn -unable", 0},
        {"vpn -unab", 2},
        {"-fax", 2},
        {"-vpn", 0},
        {"' ) \\ :* | !", 0},
        {"vpn & !", 2},
    };
    struct str tags[] = {STR("net"), STR("vpn"), STR("wifi")};

    insert_with_tags(s, 3, NOW, tags, 2);
    insert_with_tags(s, 4, NOW + 1, tags + 2, 1);
    set_owner(s, STR("TX20260101000004"), COORDINATOR);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ticket_filter f = filter_of(s, cases[i].query);
        size_t count = listed(s, &f);

        if (count != cases[i].count)
            fail_msg("%s: %zu", cases[i].query, count);
    }
}

static void words_keep_to_the_scope(struct db_session *s)
{
    struct ticket_filter f = filter_of(s, "vpn");

    insert_at(s, 3, NOW);
    insert_at(s, 4, NOW + 1);
    set_owner(s, STR("TX20260101000004"), COORDINATOR);
    f.viewer_id = COORDINATOR;
    assert_int_equal(listed(s, &f), 1);
    f.viewer_id = REVIEWER;
    assert_int_equal(listed(s, &f), 0);
}

static void batches_go_on_where_they_ended(struct db_session *s)
{
    struct ticket_filter f = filter_of(s, "status:Open vpn");
    struct ticket_position last;
    struct ticket_batch batch;
    int64_t expected = 7;

    for (int64_t id = 1; id <= 7; id++)
        insert_at(s, id, NOW + id / 2);
    f.limit = 3;
    f.sort = STR("priority");
    do {
        OK(ticket_list_store_batch(s, &f, &batch));
        for (size_t i = 0; i < batch.count; i++)
            assert_int_equal(batch.ids[i], expected--);
        last = batch.last;
        f.after = &last;
        insert_at(s, 100 + expected, NOW + 100);
    } while (batch.count == 3);
    assert_int_equal(expected, 0);
}

static void pages_have_their_order(struct db_session *s)
{
    static const struct {
        const char *sort;
        bool is_descending;
        int64_t first;
    } cases[] = {
        {"created_at", true, 9}, {"created_at", false, 1}, {"updated_at", true, 9},
        {"number", false, 1},    {"priority", true, 7},    {"priority", false, 4},
        {"status", true, 9},
    };
    struct ticket_page page;

    for (int64_t id = 1; id <= 9; id++)
        insert_at(s, id, NOW + id);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ticket_filter f = filter_of(s, "");

        f.sort = str_from(cases[i].sort);
        f.is_descending = cases[i].is_descending;
        f.limit = 4;
        OK(ticket_list_store_page(s, &f, &page));
        assert_int_equal(page.count, 4);
        assert_int_equal(page.total, 9);
        assert_int_equal(page.tickets[0].id, cases[i].first);
        f.skip = 8;
        OK(ticket_list_store_page(s, &f, &page));
        assert_int_equal(page.count, 1);
        f.skip = 100;
        OK(ticket_list_store_page(s, &f, &page));
        assert_int_equal(page.count, 0);
        assert_int_equal(page.total, 9);
    }
}

static void comments_know_who_may_read_them(struct db_session *s)
{
    struct cause jane = {.actor_id = COORDINATOR, .actor_name = STR("Jane"), .now = NOW + 7};
    struct comment note = {.comment = STR("note"), .is_internal = true}, *list;
    struct comment answer = {.comment = STR("\"answer\"\n")};
    struct comment_query q = {.ticket_id = 1, .after_id = TICKET_NONE, .limit = 10};
    struct ticket t = insert(s);
    struct ticket_view v;
    size_t count;
    int64_t total;

    OK(comment_store_add(s, &t, &note, &jane));
    OK(ticket_store_by_number(s, t.number, 0, &t));
    assert_int_equal(t.first_response_at, TICKET_NONE);
    OK(comment_store_add(s, &t, &answer, &jane));
    OK(ticket_store_by_number(s, t.number, 0, &t));
    assert_int_equal(t.version, 3);
    assert_int_equal(t.first_response_at, NOW + 7);
    q.with_internal = false;
    OK(comment_store_page(s, &q, &list, &count, &total));
    assert_int_equal(count, 1);
    q.with_internal = true;
    q.skip = 1;
    OK(comment_store_page(s, &q, &list, &count, &total));
    assert_int_equal(count, 1);
    assert_int_equal(total, 2);
    EQ(list[0].comment, "\"answer\"\n");
    q.after_id = note.id;
    q.skip = 0;
    OK(comment_store_page(s, &q, &list, &count, &total));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].id, answer.id);
    assert_int_equal(total, TICKET_NONE);
    OK(comment_store_newer(s, &q, COORDINATOR, &list, &count));
    assert_int_equal(count, 0);
    OK(comment_store_newer(s, &q, EMPLOYEE, &list, &count));
    assert_int_equal(count, 1);
    OK(ticket_store_view(s, t.number, VIEWER(EMPLOYEE), TICKET_SHAPE_INTEGRATION, &v));
    assert_int_equal(str_find(v.comments_json, STR("note")), -1);
    assert_true(str_find(v.comments_json, STR("\\\"answer\\\"\\n")) > 0);
    assert_true(str_find(v.comments_json, STR("2026-01-01T00:00:00Z")) > 0);
    OK(ticket_store_view(s, t.number, VIEWER(COORDINATOR), TICKET_SHAPE_FULL, &v));
    assert_int_equal(str_find(v.comments_json, STR("internal")), -1);
    set_owner(s, t.number, COORDINATOR);
    OK(ticket_store_view(s, t.number, VIEWER(COORDINATOR), TICKET_SHAPE_FULL, &v));
    assert_true(str_find(v.comments_json, STR("internal")) > 0);
}

static void feedback_is_given_once(struct db_session *s)
{
    struct feedback f = {.user_id = EMPLOYEE, .ticket_id = 1, .rating = 4, .created_at = NOW};
    int64_t id;

    insert(s);
    OK(feedback_store_put(s, &f));
    id = f.id;
    f.rating = 2;
    OK(feedback_store_put(s, &f));
    assert_int_equal(f.id, id);
    f.rating = 6;
    assert_int_equal(feedback_store_put(s, &f), ERR_VALIDATION_ERROR);
}

static int64_t take(struct number_pool *pool, struct db_session *s, int64_t now, int64_t *id)
{
    struct str number;

    OK(number_pool_take(pool, s, now, id, &number));
    assert_int_equal(number.len, 16);
    return strtoll(str_cstr(s->arena, str_slice(number, 10, 16)), NULL, 10);
}

static void todays_numbers_are_reserved_in_blocks(struct db_session *s)
{
    struct number_pool *pool = number_pool_new(), *other = number_pool_new();
    int64_t id, previous = 0, today = clock_wall_us();

    for (int i = 1; i <= 72; i++) {
        assert_int_equal(take(pool, s, today, &id), i <= 64 ? i : i + 64);
        assert_true(id > previous);
        previous = id;
        if (i == 64)
            assert_int_equal(take(other, s, today, &id), 65);
    }
    number_pool_free(pool);
    number_pool_free(other);
}

static void numbers_of_the_past_have_no_gaps(struct db_session *s)
{
    struct number_pool *pool = number_pool_new();
    struct str number;
    int64_t id;

    for (int64_t i = 1; i <= 3; i++) {
        assert_int_equal(take(pool, s, NOW, &id), i);
        assert_int_equal(take(pool, s, NOW + US_PER_DAY, &id), i);
    }
    OK(number_pool_take(pool, s, NOW, &id, &number));
    EQ(number, "TX20260101000004");
    number_pool_free(pool);
}

static void the_database_knows_the_same_words(struct db_session *s)
{
    struct ticket before = insert(s), after;
    bool changed;

    for (int status = 1; status < TICKET_STATUS_COUNT; status++) {
        OK(ticket_store_lock_id(s, 1, 0, &before));
        after = before;
        after.priority = (enum ticket_priority)(status % PRIORITY_COUNT);
        ticket_set_status(&after, (enum ticket_status)status, NOW);
        OK(ticket_store_save(s, &before, &after, STR_NULL, &CAUSE, &changed));
        OK(ticket_store_by_id(s, 1, 0, &before));
        assert_int_equal(before.status, status);
        assert_int_equal(before.priority, after.priority);
    }
}

static void categories_with_their_department(struct db_session *s)
{
    struct category c = {.name = STR("Cleaning"), .department = STR("it DEPARTMENT")};
    struct str subs[] = {STR("Windows"), STR("Floors")}, json;
    int64_t count;

    OK(catalogue_store_add_category(s, &c, subs, 2));
    OK(catalogue_store_categories(s, false, &count, &json));
    assert_int_equal(count, 10);
    assert_true(str_find(json, STR("\"Floors\"")) > 0);
    c.department = STR("Nowhere");
    c.name = STR("Other things");
    assert_int_equal(catalogue_store_add_category(s, &c, subs, 0), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_ticket_comes_back_as_it_went),
        STORE_TEST(a_number_is_unique),
        STORE_TEST(saving_writes_differences_and_history),
        STORE_TEST(scope_follows_requester_owner_and_assignee),
        STORE_TEST(every_filter_filters),
        STORE_TEST(words_keep_to_the_scope),
        STORE_TEST(batches_go_on_where_they_ended),
        STORE_TEST(pages_have_their_order),
        STORE_TEST(comments_know_who_may_read_them),
        STORE_TEST(feedback_is_given_once),
        STORE_TEST(todays_numbers_are_reserved_in_blocks),
        STORE_TEST(numbers_of_the_past_have_no_gaps),
        STORE_TEST(the_database_knows_the_same_words),
        STORE_TEST(categories_with_their_department),
    };

    return STORE_TESTS_RUN(tests);
}
