/* Search against what is really there, and against the number of rows it touches. */
#include "filter.h"

#include "store/filter_json.h"
#include "store/search_store.h"
#include "store/view_store.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define EQ(a, text) assert_true(str_eq((a), STR(text)))
#define MANY 12000

/* Ten a day; all have "common", one in a hundred "seldom", the comments of one in fifty "remark"
 * and "secret". */
DB_WRITE(search_fill, "zi", "",
         "INSERT INTO ticket (id, number, subject, description, category, department, priority, "
         "status, requester_id, requester_name, requester_email, owner_id, created_at, "
         "updated_at) SELECT i, 'TX20260101' || lpad(i::text, 6, '0'), "
         "'common ' || CASE WHEN i % 100 = 0 THEN 'seldom' ELSE 's' END, 'd', "
         "CASE WHEN i % 50 = 0 THEN 'Rare' ELSE 'Common' END, 'IT Department', 'Low', 'Open', "
         "1000 + i % 200, 'n', 'e', CASE WHEN i % 10 = 0 THEN 456 END, "
         "$1 + i * interval '144 minutes', $1 + i * interval '144 minutes' "
         "FROM generate_series(1, $2) i");
DB_WRITE(search_fill_participants, "", "",
         "INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_requester) "
         "SELECT requester_id, id, created_at, true FROM ticket");
DB_WRITE(search_fill_words, "", "",
         "INSERT INTO ticket_search (ticket_id, is_internal, part, tsv) SELECT id, false, 0, "
         "ticket_vector(number, subject, description, 'n e', tags, created_at) FROM ticket");
DB_WRITE(search_fill_comments, "", "",
         "INSERT INTO ticket_comment (ticket_id, author_name, comment, is_internal, created_at, "
         "search_part) SELECT t.id, 'n', c.text, c.text = 'secret', t.created_at, "
         "ticket_search_add(t.id, c.text = 'secret', t.created_at, c.text) FROM ticket t, "
         "unnest(ARRAY['remark', 'secret']) "
         "AS c (text) WHERE t.id % 50 = 0");
DB_WRITE(search_words, "T", "",
         "INSERT INTO search_word (word, n) SELECT u.word, 1 FROM unnest($1) AS u (word)");
/* As ticket_page() calls it for words that are expected to be that many. */
DB_WRITE(search_days, "jd", "I",
         "SELECT ticket_days($1, 'ticket t', 'true', NULL, NULL, 5000, $2)");
DB_WRITE(search_analyze, "", "", "ANALYZE");
/* A table of a test is small enough to be worth scanning. */
DB_WRITE(search_no_scans, "", "t", "SELECT set_config('enable_seqscan', 'off', true)");
DB_WRITE(search_scanned, "", "i",
         "SELECT sum(seq_tup_read)::bigint FROM pg_stat_xact_user_tables WHERE relid = ANY "
         "('{ticket,ticket_search,ticket_comment,ticket_participant,ticket_tag}'::regclass[])");

static void fill(struct db_session *s)
{
    OK(db_query(s, &search_fill, NULL, DB_TIME(NOW), DB_INT(MANY)));
    OK(db_query(s, &search_fill_participants, NULL));
    OK(db_query(s, &search_fill_words, NULL));
    OK(db_query(s, &search_fill_comments, NULL));
    OK(db_query(s, &search_analyze, NULL));
}

static int64_t scanned(struct db_session *s)
{
    struct db_result *rows;

    OK(db_query(s, &search_scanned, &rows));
    return db_get_int(rows, 0, 0);
}

/* Every match once, newest first, in batches. */
static void walk(struct db_session *s, const char *query, int64_t viewer_id, size_t expected)
{
    struct ticket_filter f = filter_of(s, query);
    struct ticket_position last = {.id = INT64_MAX};
    struct ticket_batch batch;
    size_t count = 0;

    f.viewer_id = viewer_id;
    f.limit = 700;
    do {
        OK(ticket_list_store_batch(s, &f, &batch));
        for (size_t i = 0; i < batch.count; i++) {
            assert_true(batch.ids[i] < last.id);
            last.id = batch.ids[i];
        }
        count += batch.count;
        last = batch.count ? batch.last : last;
        f.after = &last;
    } while (batch.count == 700);
    if (count != expected)
        fail_msg("%s: %zu instead of %zu", query, count, expected);
}

static void every_match_is_met_once(struct db_session *s)
{
    fill(s);
    walk(s, "common", TICKET_NONE, MANY);
    walk(s, "common -seldom", TICKET_NONE, MANY - MANY / 100);
    walk(s, "common category:Rare", TICKET_NONE, MANY / 50);
    walk(s, "common created:<2026-02-01", TICKET_NONE, 309);
    walk(s, "seldom", TICKET_NONE, MANY / 100);
    walk(s, "common seldom owner:456", TICKET_NONE, MANY / 100);
    walk(s, "remark", TICKET_NONE, MANY / 50);
    walk(s, "secret", TICKET_NONE, MANY / 50);
    walk(s, "common -secret", TICKET_NONE, MANY - MANY / 50);
    walk(s, "common", 1100, MANY / 200);
    walk(s, "seldom", 1100, MANY / 200);
    walk(s, "nothing", TICKET_NONE, 0);
}

static void windows_of_days(struct db_session *s)
{
    static const double EXPECTED[] = {20, 1000, 2000, 12000};
    struct ticket_filter f = filter_of(s, "seldom");
    const int64_t *ids;
    struct db_result *rows;

    fill(s);
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        OK(db_query(s, &search_days, &rows, DB_STR(filter_json(s->arena, &f)),
                    DB_DOUBLE(EXPECTED[i])));
        assert_int_equal(db_get_int_array(rows, 0, 0, &ids), MANY / 100);
        for (int64_t k = 0; k < MANY / 100; k++)
            assert_int_equal(ids[k], MANY - 100 * k);
    }
}

static void searching_scans_no_table(struct db_session *s)
{
    static const char *const QUERIES[] = {
        "common", "common seldom",    "seldom is:open", "remark",         "\"common seldom\"",
        "seld*",  "common owner:456", "nothing",        "common -seldom", "secret category:Rare"};
    struct search_found found;
    int64_t before;

    fill(s);
    OK(db_query(s, &search_no_scans, NULL));
    before = scanned(s);
    for (size_t i = 0; i < 2 * sizeof QUERIES / sizeof *QUERIES; i++) {
        struct ticket_filter f = filter_of(s, QUERIES[i / 2]);

        f.viewer_id = i % 2 ? 1100 : TICKET_NONE;
        OK(search_store_find(s, &f, true, &found));
        if (scanned(s) != before)
            fail_msg("%s: a table is scanned", QUERIES[i / 2]);
    }
}

static void of_many_the_newest_are_ranked(struct db_session *s)
{
    struct ticket_filter f = filter_of(s, "common");
    struct search_found found;

    fill(s);
    OK(search_store_find(s, &f, false, &found));
    assert_int_equal(found.total, SEARCH_CANDIDATE_MAX + 1);
    assert_int_equal(found.count, 10);
    assert_int_equal(found.hits[0].ticket.id, MANY);
    f.skip = SEARCH_CANDIDATE_MAX - 1;
    OK(search_store_find(s, &f, false, &found));
    assert_int_equal(found.count, 1);
    assert_int_equal(found.hits[0].ticket.id, MANY - SEARCH_CANDIDATE_MAX + 1);
}

static void counters_of_views(struct db_session *s)
{
    struct ticket_filter f = filter_of(s, "category:Rare is:open -priority:High");
    int64_t n;

    fill(s);
    assert_true(filter_is_tallied(&f));
    OK(view_store_tally(s, filter_json(s->arena, &f), &n));
    assert_int_equal(n, MANY / 50);
    OK(view_store_count(s, filter_json(s->arena, &f), &n));
    assert_int_equal(n, MANY / 50);
    f.viewer_id = 1100;
    assert_false(filter_is_tallied(&f));
    f = filter_of(s, "is:open");
    OK(view_store_tally(s, filter_json(s->arena, &f), &n));
    assert_int_equal(n, MANY);
    OK(view_store_count(s, filter_json(s->arena, &f), &n));
    assert_int_equal(n, 10001);
    f = filter_of(s, "is:unowned");
    assert_false(filter_is_tallied(&f));
}

static void near_words(struct db_session *s)
{
    struct str known[] = {STR("printer"), STR("painter"), STR("network"), STR("drucker")};
    struct str words[] = {STR("pritner"), STR("network"), STR(""), STR("DRÜCKRE"), STR("zzzzzz")};
    struct str *out;

    OK(db_query(s, &search_words, NULL, DB_STR_ARRAY(known, 4)));
    OK(search_store_correct(s, words, 5, &out));
    EQ(out[0], "printer");
    assert_null(out[1].p);
    assert_null(out[2].p);
    EQ(out[3], "drucker");
    assert_null(out[4].p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(every_match_is_met_once),  STORE_TEST(windows_of_days),
        STORE_TEST(searching_scans_no_table), STORE_TEST(of_many_the_newest_are_ranked),
        STORE_TEST(counters_of_views),        STORE_TEST(near_words),
    };

    return STORE_TESTS_RUN(tests);
}
