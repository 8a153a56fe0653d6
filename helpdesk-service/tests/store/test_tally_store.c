/* Totals against what is really there, and lists against the number of rows they touch. */
#include "filter.h"
#include "store/filter_json.h"

#include "store/comment_store.h"
#include "store/feedback_store.h"
#include "store/history_store.h"
#include "store/tally_store.h"
#include "store/ticket_list_store.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define MANY 20000
#define STEP_US (10 * US_PER_S)

DB_WRITE(test_fill, "zi", "",
         "INSERT INTO ticket (id, number, subject, description, category, department, priority, "
         "status, requester_id, requester_name, requester_email, owner_id, tags, created_at, "
         "updated_at) SELECT i, 'TX20260101' || lpad(i::text, 6, '0'), 's', 'd', "
         "CASE WHEN i % 50 = 0 THEN 'Rare' ELSE 'Common' END, 'IT Department', "
         "(enum_range(NULL::ticket_priority))[1 + i % 4], "
         "CASE WHEN i % 100 = 7 THEN 'On Hold' ELSE 'Open' END::ticket_status, "
         "1000 + i % 200, 'n', 'e', CASE WHEN i % 10 = 0 THEN 456 END, "
         "CASE WHEN i % 40 = 0 THEN '{vpn}' ELSE '{}' END::text[], "
         "$1 + i * interval '10 seconds', $1 + i * interval '10 seconds' "
         "FROM generate_series(1, $2) i");
DB_WRITE(test_fill_participants, "", "",
         "INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_requester) "
         "SELECT requester_id, id, created_at, true FROM ticket");
DB_WRITE(test_fill_tags, "", "",
         "INSERT INTO ticket_tag (ticket_id, tag, created_at) "
         "SELECT id, 'vpn', created_at FROM ticket WHERE tags <> '{}'");
DB_WRITE(test_fill_comments, "zi", "",
         "INSERT INTO ticket_comment (ticket_id, author_id, author_name, comment, is_internal, "
         "created_at) SELECT 1, 1, 'n', 'c', i % 2 = 0, $1 FROM generate_series(1, $2) i");
DB_WRITE(test_fill_history, "zi", "",
         "INSERT INTO ticket_history (ticket_id, field_name, changed_by_name, changed_at, "
         "is_internal) SELECT 1, 'x', 'n', $1, i % 2 = 0 FROM generate_series(1, $2) i");
DB_WRITE(test_analyze, "", "", "ANALYZE");
/* Of this transaction: rows that sequential scans have read, and rows fetched through indexes. */
DB_WRITE(test_rows_touched, "t", "ii",
         "SELECT seq_tup_read, COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables "
         "WHERE relid = $1::regclass");

static void fill(struct db_session *s)
{
    OK(db_query(s, &test_fill, NULL, DB_TIME(NOW), DB_INT(MANY)));
    OK(db_query(s, &test_fill_participants, NULL));
    OK(db_query(s, &test_fill_tags, NULL));
    OK(db_query(s, &test_analyze, NULL));
}

static void touched(struct db_session *s, const char *table, int64_t *scanned, int64_t *fetched)
{
    struct db_result *rows;

    OK(db_query(s, &test_rows_touched, &rows, DB_STR(str_from(table))));
    *scanned = db_get_int(rows, 0, 0);
    *fetched = db_get_int(rows, 0, 1);
}

/* ---- lists -------------------------------------------------------------------------------- */

/* A page from a position in the middle: no scan of the table, and no more rows than it shows, but
 * for those that a filter without an index of its own passes over. */
static void expect_cheap(struct db_session *s, struct ticket_filter f, int64_t most)
{
    struct ticket_position middle = {.time = NOW + MANY / 2 * STEP_US, .id = MANY / 2};
    int64_t scanned[2], fetched[2];
    struct ticket_page page;

    if (str_eq(f.sort, STR("priority")))
        middle.word = STR("Medium");
    if (str_eq(f.sort, STR("status")))
        middle.word = STR("Open");
    if (str_eq(f.sort, STR("number")))
        middle.word = STR("TX20260101010000");
    f.after = &middle;
    touched(s, "ticket", &scanned[0], &fetched[0]);
    OK(ticket_list_store_page(s, &f, &page));
    touched(s, "ticket", &scanned[1], &fetched[1]);
    assert_int_equal(page.count, f.limit);
    if (scanned[1] != scanned[0])
        fail_msg("%s, %.*s: the table is scanned", f.sort.p, STR_ARG(filter_json(s->arena, &f)));
    if (fetched[1] - fetched[0] > most)
        fail_msg("%s: %lld rows for a page", f.sort.p, (long long)(fetched[1] - fetched[0]));
}

static void pages_in_the_middle_touch_what_they_show(struct db_session *s)
{
    static const char *const SORTS[] = {"created_at", "updated_at", "priority", "status", "number"};
    static const char *const QUERIES[] = {"category:Rare",
                                          "status:\"On Hold\"",
                                          "owner:456",
                                          "requester:1007",
                                          "tag:vpn",
                                          "-owner:none is:open",
                                          "created:>=2026-01-01 -priority:Low"};
    struct ticket_filter f;

    fill(s);
    for (size_t i = 0; i < 2 * sizeof SORTS / sizeof *SORTS; i++) {
        f = filter_of(s, "");
        f.sort = str_from(SORTS[i / 2]);
        f.is_descending = i % 2;
        expect_cheap(s, f, 200);
    }
    f = filter_of(s, "");
    f.viewer_id = 1007;
    expect_cheap(s, f, 200);
    for (size_t i = 0; i < sizeof QUERIES / sizeof *QUERIES; i++)
        expect_cheap(s, filter_of(s, QUERIES[i]), 200);
}

static void every_ticket_is_on_one_page(struct db_session *s)
{
    static const char *const SORTS[] = {"created_at", "updated_at", "priority", "status", "number"};

    OK(db_query(s, &test_fill, NULL, DB_TIME(NOW), DB_INT(95)));
    OK(db_query(s, &test_fill_participants, NULL));
    for (size_t i = 0; i < 2 * sizeof SORTS / sizeof *SORTS; i++) {
        struct ticket_filter f = filter_of(s, "");
        struct ticket_position after;
        struct ticket_page page;
        int64_t sum = 0;

        f.sort = str_from(SORTS[i / 2]);
        f.is_descending = i % 2;
        f.limit = 10;
        do {
            OK(ticket_list_store_page(s, &f, &page));
            for (size_t k = 0; k < page.count; k++)
                sum += page.tickets[k].id;
            if (page.count)
                after = ticket_position_of(&page.tickets[page.count - 1], f.sort);
            f.after = &after;
        } while (page.count == 10);
        assert_int_equal(sum, 95 * 96 / 2);
    }
}

static void long_threads_are_read_from_any_place(struct db_session *s)
{
    struct comment_query q = {.ticket_id = 1, .limit = 10};
    struct history_query h = {.ticket_id = 1, .limit = 10};
    int64_t scanned[2], fetched[2], total;
    struct history_row *rows;
    struct comment *comments;
    size_t count;

    OK(db_query(s, &test_fill, NULL, DB_TIME(NOW), DB_INT(1)));
    OK(db_query(s, &test_fill_comments, NULL, DB_TIME(NOW), DB_INT(MANY)));
    OK(db_query(s, &test_fill_history, NULL, DB_TIME(NOW), DB_INT(MANY)));
    OK(db_query(s, &test_analyze, NULL));
    q.after_id = TICKET_NONE;
    OK(comment_store_page(s, &q, &comments, &count, &total));
    q.after_id = comments[0].id + MANY / 2;
    touched(s, "ticket_comment", &scanned[0], &fetched[0]);
    OK(comment_store_page(s, &q, &comments, &count, &total));
    touched(s, "ticket_comment", &scanned[1], &fetched[1]);
    assert_int_equal(count, 10);
    assert_int_equal(scanned[1] - scanned[0], 0);
    assert_true(fetched[1] - fetched[0] <= 40);
    h.before_id = TICKET_NONE;
    OK(history_store_page(s, &h, &rows, &count, &total));
    h.before_id = rows[0].id - MANY / 2;
    touched(s, "ticket_history", &scanned[0], &fetched[0]);
    OK(history_store_page(s, &h, &rows, &count, &total));
    touched(s, "ticket_history", &scanned[1], &fetched[1]);
    assert_int_equal(count, 10);
    assert_int_equal(scanned[1] - scanned[0], 0);
    assert_true(fetched[1] - fetched[0] <= 40);
}

/* ---- totals ------------------------------------------------------------------------------- */

static int64_t tickets_of(struct db_session *s, enum tally_dimension dimension, const char *word)
{
    struct tally *tallies;
    int64_t n = 0;
    size_t count;

    OK(tally_store_tickets(s, &tallies, &count));
    for (size_t i = 0; i < count; i++)
        if (tallies[i].dimension == dimension && str_eq(tallies[i].word, str_from(word)))
            n += tallies[i].n;
    return n;
}

static void check_tickets(struct db_session *s)
{
    struct tally_day *days;
    int64_t authors;
    size_t count;

    assert_int_equal(tickets_of(s, TALLY_CATEGORY, "Rare"), 400);
    assert_int_equal(tickets_of(s, TALLY_CATEGORY, "Common"), MANY - 400);
    assert_int_equal(tickets_of(s, TALLY_STATUS, "On Hold"), 200);
    assert_int_equal(tickets_of(s, TALLY_PRIORITY, "Low"), MANY / 4);
    OK(tally_store_days(s, NOW, &days, &count));
    assert_int_equal(count, 3);
    assert_int_equal(days[2].day, NOW);
    assert_int_equal(days[2].n, 8639);
    assert_int_equal(days[1].n, 8640);
    /* from the middle of an hour on */
    OK(tally_store_days(s, NOW + 1801 * US_PER_S, &days, &count));
    assert_int_equal(days[2].n, 8640 - 181);
    OK(tally_store_authors(s, NOW, &authors));
    assert_int_equal(authors, 200);
    OK(tally_store_authors(s, NOW + (MANY - 9) * STEP_US, &authors));
    assert_int_equal(authors, 10);
}

static void totals_are_exact_before_and_after_folding(struct db_session *s)
{
    bool more = true;
    int64_t scanned, fetched, before;
    int folds = 0;

    fill(s);
    check_tickets(s);
    for (; more && folds < 10; folds++)
        OK(tally_store_fold(s, &more));
    assert_int_equal(folds, 3);
    touched(s, "ticket", &before, &fetched);
    check_tickets(s);
    touched(s, "ticket", &scanned, &fetched);
    assert_int_equal(scanned, before);
}

DB_WRITE(test_resolve, "", "",
         "UPDATE ticket SET status = 'Resolved', category = 'Other' WHERE id = 7");
DB_WRITE(test_delete, "", "", "DELETE FROM ticket WHERE id <= 8");

static void totals_follow_changes(struct db_session *s)
{
    struct tally_feedback ratings;
    struct feedback f = {.user_id = 5, .ticket_id = 9, .rating = 4, .created_at = NOW};
    struct tag_tally *tags;
    size_t count;
    bool more;

    OK(db_query(s, &test_fill, NULL, DB_TIME(NOW), DB_INT(40)));
    OK(db_query(s, &test_fill_tags, NULL));
    for (int round = 0; round < 2; round++) {
        assert_int_equal(tickets_of(s, TALLY_STATUS, round ? "Resolved" : "On Hold"),
                         round ? 0 : 1);
        OK(db_query(s, &test_resolve, NULL));
        assert_int_equal(tickets_of(s, TALLY_STATUS, "Resolved"), round ? 0 : 1);
        OK(db_query(s, &test_delete, NULL));
        assert_int_equal(tickets_of(s, TALLY_STATUS, "Open"), 32);
        OK(tally_store_fold(s, &more));
    }
    OK(feedback_store_put(s, &f));
    f.rating = 2;
    OK(feedback_store_put(s, &f));
    f.ticket_id = 10;
    OK(feedback_store_put(s, &f));
    f.user_id = 6;
    f.rating = 5;
    OK(feedback_store_put(s, &f));
    for (int round = 0; round < 2; round++) {
        OK(tally_store_feedback(s, &ratings));
        assert_int_equal(ratings.total, 3);
        assert_int_equal(ratings.sum, 9);
        assert_int_equal(ratings.n[2], 2);
        assert_int_equal(ratings.n[4], 0);
        assert_int_equal(ratings.tickets, 2);
        assert_int_equal(ratings.users, 2);
        OK(tally_store_fold(s, &more));
    }
    OK(feedback_store_delete(s, f.id));
    OK(tally_store_feedback(s, &ratings));
    assert_int_equal(ratings.total, 2);
    assert_int_equal(ratings.tickets, 2);
    assert_int_equal(ratings.users, 1);
    OK(tally_store_tags(s, STR("v"), 10, &tags, &count));
    assert_int_equal(count, 1);
    assert_int_equal(tags[0].n, 1);
    OK(tally_store_tags(s, STR("%"), 10, &tags, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(pages_in_the_middle_touch_what_they_show),
        STORE_TEST(every_ticket_is_on_one_page),
        STORE_TEST(long_threads_are_read_from_any_place),
        STORE_TEST(totals_are_exact_before_and_after_folding),
        STORE_TEST(totals_follow_changes),
    };

    return STORE_TESTS_RUN(tests);
}
