/* Lists of tasks at the size they grow to: the same as asking every ticket, and none reads a table.
 */

#include "frame.h"
#include "store/task_store.h"
#include "store/text_store.h"

#define CORA 11 /* owns nine of ten tickets */
#define COLE 12
#define TICKETS 20000

DB_WRITE(fill_workflow, "", "",
         "WITH w AS (INSERT INTO workflow (name, created_at, updated_at)"
         "  VALUES ('Big', now(), now()) RETURNING id),"
         " v AS (INSERT INTO workflow_version (workflow_id, version, state, name, description,"
         "   category, created_at)"
         "  SELECT id, 1, 'published', 'Big', '', 'IT', now() FROM w RETURNING id) "
         "INSERT INTO step (version_id, position, name, role_system, role_name, weight, is_start)"
         " SELECT id, 1, 'Review', 'tts', 'Reviewer', 1, true FROM v");
/* Every hundredth is rare, the oldest hundred are old, one is the only one. */
DB_WRITE(
    fill_tickets, "i", "",
    "INSERT INTO ticket (number, subject, description, category, sub_category, department,"
    " priority, status, requester_name, requester_email, submitted_at, created_at, updated_at)"
    " SELECT 'TX20260101' || lpad(n::text, 6, '0'), 'Printer ' || n || ' in ROOM ' || n % 100,"
    " 'It says 100% _busy_ \\ since ' || md5(n::text) || CASE WHEN n % 100 = 0 THEN ' Hundredth'"
    " ELSE '' END || CASE WHEN n <= 100 THEN ' Äußerst old' ELSE '' END || CASE n WHEN 77 THEN"
    " 'Unicorn' ELSE '' END, CASE WHEN n % 10 = 0 THEN 'Rare' ELSE 'IT' END, '', '',"
    " (ARRAY['Low', 'Medium', 'High'])[1 + n % 3], 'Open', '', '',"
    " to_timestamp(1768213800 + n / 3), now(), now() FROM generate_series(1, $1) n");
DB_WRITE(fill_tasks, "", "",
         "INSERT INTO task (ticket_id, version_id, current_step_id, status, owner_id,"
         " submitted_at, created_at, updated_at)"
         " SELECT k.id, s.version_id, CASE WHEN k.id % 3 = 0 THEN s.id END,"
         " CASE WHEN k.id % 3 = 0 THEN 'active' WHEN k.id % 1000 = 1 THEN 'cancelled'"
         "  ELSE 'resolved' END, CASE WHEN k.id % 10 = 9 THEN 12 ELSE 11 END,"
         " k.submitted_at, now(), now() FROM ticket k, step s");
DB_WRITE(analyze_task, "", "", "VACUUM ANALYZE task");
DB_WRITE(analyze_ticket, "", "", "ANALYZE ticket");
DB_WRITE(analyze_text, "", "", "ANALYZE ticket_text");
DB_READ(unsorted, "", "i", "SELECT count(*) FROM ticket_text WHERE NOT is_sorted");

/* As if the tickets had come long ago, or just now. */
#define CALM (4000000000LL * US_PER_S)
#define FLOOD 0

static int64_t count_unsorted(struct db_session *s)
{
    struct db_result *r;
    OK(db_query(s, &unsorted, &r));
    return db_get_int(r, 0, 0);
}

static void fill(struct db_session *s)
{
    bool more = true;
    OK(db_query(s, &fill_workflow, NULL));
    OK(db_query(s, &fill_tickets, NULL, DB_INT(TICKETS)));
    OK(db_query(s, &fill_tasks, NULL));
    while (more)
        OK(text_store_sort(s, CALM, &more));
    OK(db_query(s, &analyze_task, NULL));
    OK(db_query(s, &analyze_ticket, NULL));
    OK(db_query(s, &analyze_text, NULL));
}

/* ---- what there is ------------------------------------------------------------------------ */

/* clang-format off */
DB_READ(every_ticket, "ittttii", "iI",
        "WITH m AS (SELECT t.id, t.submitted_at FROM task t JOIN ticket k ON k.id = t.ticket_id"
        "  WHERE ($1 IS NULL OR t.owner_id = $1) AND ($2 IS NULL OR t.status = $2)"
        "  AND ($3 IS NULL OR k.priority = $3) AND ($4 IS NULL OR lower(k.category) = lower($4))"
        "  AND ($5 IS NULL OR strpos(lower(k.subject), lower($5)) > 0"
        "   OR strpos(lower(k.description), lower($5)) > 0 OR strpos(lower(k.number), lower($5)) > 0)) "
        "SELECT count(*), coalesce((array_agg(id ORDER BY submitted_at DESC, id DESC))"
        "[$6 + 1 : $6 + $7], '{}') FROM m");
/* clang-format on */

static struct task_page read_list(struct db_session *s, int64_t owner_id,
                                  const struct task_filter *f)
{
    struct task_page page;
    OK(owner_id == NO_PERSON ? task_store_list(s, NO_PERSON, f, &page)
                             : task_store_owned(s, owner_id, f, &page));
    return page;
}

static void expect_same(struct db_session *s, int64_t owner_id, const struct task_filter *f)
{
    struct task_page page = read_list(s, owner_id, f);
    struct db_result *r;
    const int64_t *ids;
    OK(db_query(s, &every_ticket, &r, DB_OPT_INT(owner_id), DB_STR(f->status), DB_STR(f->priority),
                DB_STR(f->category), DB_STR(f->search), DB_INT(f->offset), DB_INT(f->limit)));
    int64_t total = db_get_int(r, 0, 0);
    size_t n = db_get_int_array(r, 0, 1, &ids);
    assert_int_equal(page.count, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(page.tasks[i].task_id, ids[i]);
    if (!page.is_more) {
        assert_int_equal(page.total, total);
        return;
    }
    int64_t end = f->offset + (int64_t)n;
    assert_true(page.total <= total);
    if (n == 0)
        return;
    assert_true(page.total >= end);
    assert_true(page.total > end || total == end);
}

static const struct str TERMS[] = {
    {"printer", 7},
    {"ROOM 7", 6},
    {"hundredth", 9},
    {"HUNDREDTH", 9},
    {"unicorn", 7},
    {"old", 3},
    {"\303\204U\303\237", 5},
    {"nothing of it", 13},
    {"tx20260101000077", 16},
    {"7", 1},
    {"zz", 2},
    {"100%", 4},
    {"_busy_ \\", 8},
    {"%", 1},
    {"_", 1},
    {"' OR 1=1 --", 11},
    {"in room 33", 10},
};

static void searches_find_what_is_there(struct db_session *s)
{
    static const int64_t OWNERS[] = {CORA, COLE, NO_PERSON};
    for (size_t o = 0; o < 3; o++)
        for (size_t i = 0; i < sizeof TERMS / sizeof TERMS[0]; i++) {
            struct task_filter f = {.search = TERMS[i], .limit = 100};
            expect_same(s, OWNERS[o], &f);
            f.limit = 10;
            f.offset = 90;
            expect_same(s, OWNERS[o], &f);
            f.status = STR("active");
            expect_same(s, OWNERS[o], &f);
            f.priority = STR("Low");
            f.category = STR("rare");
            f.offset = 0;
            expect_same(s, OWNERS[o], &f);
        }
}

static void filters_find_what_is_there(struct db_session *s)
{
    static const struct str STATUSES[] = {
        {"active", 6}, {"resolved", 8}, {"cancelled", 9}, {"on_hold", 7}, {NULL, 0}};
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        struct task_filter f = {.status = STATUSES[i], .limit = 100};
        expect_same(s, CORA, &f);
        expect_same(s, NO_PERSON, &f);
        f.offset = 11000;
        expect_same(s, CORA, &f);
        f.offset = 30000;
        expect_same(s, CORA, &f);
        f.offset = 5;
        f.category = STR("RARE");
        expect_same(s, CORA, &f);
        f.priority = STR("High");
        expect_same(s, COLE, &f);
    }
}

static void counting_ends(struct db_session *s)
{
    struct task_filter f = {.limit = 100};
    struct task_page page = read_list(s, CORA, &f);
    assert_true(page.is_more);
    assert_int_equal(page.total, 10000);
    f.status = STR("active");
    page = read_list(s, CORA, &f);
    assert_false(page.is_more);
    f.status = STR_NULL;
    f.search = STR("printer");
    page = read_list(s, CORA, &f);
    assert_true(page.is_more);
    f.search = STR("hundredth");
    page = read_list(s, CORA, &f);
    assert_false(page.is_more);
    assert_int_equal(page.total, TICKETS / 100);
    f.search = STR("ld"); /* of the oldest tickets, and too short to be looked up */
    page = read_list(s, CORA, &f);
    assert_true(page.is_more);
    assert_int_equal(page.count, 0);
}

/* ---- what changes ------------------------------------------------------------------------- */

DB_WRITE(rename_ticket, "", "", "UPDATE ticket SET subject = 'A Zebra' WHERE id = 77");
DB_WRITE(rename_many, "", "", "UPDATE ticket SET subject = 'Some zebras' WHERE id <= 600");
DB_WRITE(close_tickets, "", "", "UPDATE ticket SET status = 'Closed' WHERE id <= 600");

static void what_is_new_is_found_at_once(struct db_session *s)
{
    struct task_filter f = {.search = STR("zebra"), .limit = 10};
    bool more;
    assert_int_equal(read_list(s, CORA, &f).total, 0);
    OK(db_query(s, &rename_ticket, NULL));
    assert_int_equal(count_unsorted(s), 1);
    struct task_page page = read_list(s, CORA, &f);
    assert_int_equal(page.total, 1);
    assert_true(str_eq(page.tasks[0].subject, STR("A Zebra")));
    OK(text_store_sort(s, CALM, &more));
    assert_false(more);
    assert_int_equal(count_unsorted(s), 1); /* too few to be worth it */
    OK(db_query(s, &rename_many, NULL));
    expect_same(s, CORA, &f);
    OK(text_store_sort(s, FLOOD, &more));
    assert_false(more);
    assert_int_equal(count_unsorted(s), 600);
    OK(text_store_sort(s, CALM, &more));
    assert_true(more);
    assert_int_equal(count_unsorted(s), 0);
    expect_same(s, CORA, &f);
    f.search = STR("printer 77 ");
    expect_same(s, CORA, &f);
    OK(db_query(s, &close_tickets, NULL));
    assert_int_equal(count_unsorted(s), 0);
}

/* ---- plans -------------------------------------------------------------------------------- */

static void no_list_reads_a_table(struct db_session *s)
{
    static const char *const STATEMENTS[] = {
        "task_owned",    "task_owned_walk", "task_owned_hits",    "task_owned_chosen",
        "task_list_all", "task_list_walk",  "task_list_hits",     "task_list_chosen",
        "text_waiting",  "text_sort",       "task_list_numbered",
    };
    static const char *const TABLES[] = {"task", "ticket", "ticket_text"};
    for (size_t k = 0; k < sizeof STATEMENTS / sizeof STATEMENTS[0]; k++) {
        struct str plan = store_test_plan(s->arena, STATEMENTS[k]);
        for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0]; i++) {
            struct str scan = str_printf(s->arena, "Seq Scan on %s ", TABLES[i]);
            if (str_find(plan, scan) >= 0)
                fail_msg("%s:\n%.*s", STATEMENTS[k], STR_ARG(plan));
        }
        bool is_lookup = str_find(str_from(STATEMENTS[k]), STR("hits")) >= 0;
        if (is_lookup && str_find(plan, STR("ticket_text_by_trigram")) < 0)
            fail_msg("%s:\n%.*s", STATEMENTS[k], STR_ARG(plan));
    }
}

STORE_TEST(searches_find_what_is_there)
STORE_TEST(filters_find_what_is_there)
STORE_TEST(counting_ends)
STORE_TEST(what_is_new_is_found_at_once)
STORE_TEST(no_list_reads_a_table)

static void statements_fit(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

static int open_group(void **state)
{
    (void)state;
    return open_frame("workflow_list", fill);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_fit),
        cmocka_unit_test(test_searches_find_what_is_there),
        cmocka_unit_test(test_filters_find_what_is_there),
        cmocka_unit_test(test_counting_ends),
        cmocka_unit_test(test_what_is_new_is_found_at_once),
        cmocka_unit_test(test_no_list_reads_a_table),
    };
    return cmocka_run_group_tests(tests, open_group, close_frame);
}
