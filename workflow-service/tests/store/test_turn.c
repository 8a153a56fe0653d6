/* Lists at the size they grow to: what they find, and that none of them reads a table. */

#include "frame.h"
#include "store/turn_store.h"
#include "store/unmatched_store.h"

#define REVIEWER 21
#define ITEMS 30000
#define UNMATCHED 15000

/* Two steps of one version, and every third item open; tickets in words of few kinds. */
DB_WRITE(fill_workflow, "", "",
         "WITH w AS (INSERT INTO workflow (name, created_at, updated_at)"
         "  VALUES ('Big', now(), now()) RETURNING id),"
         " v AS (INSERT INTO workflow_version (workflow_id, version, state, name, description,"
         "   category, created_at)"
         "  SELECT id, 1, 'published', 'Big', '', 'IT', now() FROM w RETURNING id) "
         "INSERT INTO step (version_id, position, name, role_system, role_name, escalation_system,"
         " escalation_role, weight, is_start)"
         " SELECT id, n, 'Step ' || n, 'tts', CASE n WHEN 1 THEN 'Reviewer' ELSE 'Approver' END,"
         " 'tts', 'Admin', 1, n = 1 FROM v, generate_series(1, 2) n");
DB_WRITE(fill_tickets, "i", "",
         "INSERT INTO ticket (number, subject, description, category, sub_category, department,"
         " priority, status, requester_name, requester_email, is_matched, submitted_at, created_at,"
         " updated_at) SELECT 'TX' || lpad(n::text, 8, '0'), 'printer ' || n || ' in room ' ||"
         " n % 100, '', CASE WHEN n % 10 = 0 THEN 'Rare' ELSE 'IT' END, '', '', 'High', 'Open', '',"
         " '', n <= $1, now(), now(), now() FROM generate_series(1, $1 + 15000) n");
DB_WRITE(fill_tasks, "", "",
         "INSERT INTO task (ticket_id, version_id, current_step_id, status, submitted_at,"
         " created_at, updated_at) SELECT k.id, s.version_id, s.id, 'active', now(), now(), now()"
         " FROM ticket k, step s WHERE k.is_matched AND s.is_start");
DB_WRITE(fill_items, "", "",
         "INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, assigned_on)"
         " SELECT t.id, t.current_step_id + t.id % 2, 21,"
         " CASE WHEN t.id % 3 = 0 THEN 'new' ELSE 'resolved' END, 'System', now() FROM task t");
DB_WRITE(analyze_task, "", "", "ANALYZE task");
DB_WRITE(analyze_item, "", "", "ANALYZE task_item");
DB_WRITE(analyze_ticket, "", "", "ANALYZE ticket");

static void fill(struct db_session *s)
{
    struct event_user_role held = {STR("tts"), STR("Reviewer"), 1};
    struct event_user u = {.id = REVIEWER,
                           .email = STR("rita@example.com"),
                           .name = STR("Rita"),
                           .active = JSON_TRUE,
                           .version = 1,
                           .roles = {&held, 1}};
    OK(people_apply(s, &u));
    OK(db_query(s, &fill_workflow, NULL));
    OK(db_query(s, &fill_tickets, NULL, DB_INT(ITEMS)));
    OK(db_query(s, &fill_tasks, NULL));
    OK(db_query(s, &fill_items, NULL));
    OK(db_query(s, &analyze_task, NULL));
    OK(db_query(s, &analyze_item, NULL));
    OK(db_query(s, &analyze_ticket, NULL));
}

static const struct str OPEN[] = {{"pool", 4}, {"new", 3}, {"in_progress", 11}};
static const struct str DONE[] = {
    {"resolved", 8}, {"reassigned", 10}, {"escalated", 9}, {"cancelled", 9}};

static struct turn_filter filter(const struct str *statuses, size_t count)
{
    return (struct turn_filter){
        .person_id = NO_PERSON,
        .role = STR_NULL,
        .statuses = statuses,
        .status_count = count,
        .search = STR_NULL,
        .before_id = INT64_MIN,
        .limit = 11,
    };
}

static void turns_are_found_by_role_status_and_words(struct db_session *s)
{
    struct turn_filter f = filter(OPEN, 3);
    struct item_page page;
    OK(turn_store_list(s, &f, &page));
    assert_int_equal(page.total, ITEMS / 3);
    assert_int_equal(page.count, 11);
    assert_true(page.items[0].item_id > page.items[10].item_id);
    int64_t eleventh = page.items[10].item_id;
    f.before_id = page.items[9].item_id;
    OK(turn_store_list(s, &f, &page));
    assert_int_equal(page.total, INT64_MIN);
    assert_int_equal(page.items[0].item_id, eleventh);

    f = filter(OPEN, 3);
    f.person_id = REVIEWER;
    OK(turn_store_list(s, &f, &page));
    assert_int_equal(page.total, ITEMS / 6);
    assert_true(str_eq(page.items[0].role, STR("Reviewer")));
    f.person_id = NO_PERSON;
    f.role = STR("approver");
    OK(turn_store_list(s, &f, &page));
    assert_int_equal(page.total, ITEMS / 6);
    f.person_id = REVIEWER;
    OK(turn_store_list(s, &f, &page));
    assert_int_equal(page.total, 0);
    assert_int_equal(page.count, 0);

    f = filter(DONE, 4);
    OK(turn_store_list(s, &f, &page));
    assert_int_equal(page.total, 10001);
    f.search = STR("room 77");
    OK(turn_store_list(s, &f, &page));
    assert_true(page.total > 0 && page.total <= ITEMS / 100);
    f.search = STR("tx0000123");
    OK(turn_store_list(s, &f, &page));
    assert_true(page.total > 0 && page.total <= 10);
    f.search = STR("no printer of this kind");
    OK(turn_store_list(s, &f, &page));
    assert_int_equal(page.total, 0);
}

static void tickets_without_a_workflow_are_listed(struct db_session *s)
{
    struct unmatched_filter f = {.category = STR_NULL, .before_id = INT64_MIN, .limit = 11};
    struct unmatched_row *rows;
    size_t count;
    int64_t total;
    OK(unmatched_store_list(s, &f, &rows, &count, &total));
    assert_int_equal(total, 10001);
    assert_int_equal(count, 11);
    f.category = STR("rare");
    OK(unmatched_store_list(s, &f, &rows, &count, &total));
    assert_int_equal(total, UNMATCHED / 10);
}

static void those_that_nothing_fits_are_done_with(struct db_session *s)
{
    struct ticket *tickets;
    struct start_plan *plans;
    size_t count, plan_count;
    int64_t looked;
    OK(unmatched_store_claim(s, 50, &tickets, &count, &looked));
    assert_int_equal(looked, 50);
    assert_int_equal(count, 45);
    OK(unmatched_store_plans(s, &tickets[0], &plans, &plan_count));
    assert_int_equal(plan_count, 1);
    assert_int_equal(tickets[0].epoch, 1);
    for (size_t i = 0; i < count; i++)
        OK(unmatched_store_taken(s, tickets[i].id));
    int64_t first = tickets[0].id;
    OK(unmatched_store_claim(s, 50, &tickets, &count, &looked));
    assert_true(tickets[0].id > first + 45);
    OK(unmatched_store_raise(s));
    OK(unmatched_store_plans(s, &tickets[0], &plans, &plan_count));
    assert_int_equal(tickets[0].epoch, 2);
}

/* ---- plans -------------------------------------------------------------------------------- */

static const char *const STATEMENTS[] = {
    "turn_of_roles",   "turn_of_all",    "turn_of_tickets", "turn_ask",
    "turn_look_up",    "unmatched_list", "unmatched_claim", "unmatched_list_category",
    "statistics_days", "statistics_now", "statistics_fold", "statistics_fold_begun"};

static void no_list_reads_a_table(struct db_session *s)
{
    static const char *const TABLES[] = {"task_item", "ticket", "task", "sla_clock"};
    for (size_t k = 0; k < sizeof STATEMENTS / sizeof STATEMENTS[0]; k++) {
        struct str plan = store_test_plan(s->arena, STATEMENTS[k]);
        assert_true(str_find(plan, STR("Index")) >= 0);
        for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0]; i++) {
            struct str scan = str_printf(s->arena, "Seq Scan on %s ", TABLES[i]);
            if (str_find(plan, scan) >= 0)
                fail_msg("%s:\n%.*s", STATEMENTS[k], STR_ARG(plan));
        }
    }
}

STORE_TEST(turns_are_found_by_role_status_and_words)
STORE_TEST(tickets_without_a_workflow_are_listed)
STORE_TEST(those_that_nothing_fits_are_done_with)
STORE_TEST(no_list_reads_a_table)

static int open_group(void **state)
{
    (void)state;
    return open_frame("workflow_turn", fill);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_are_found_by_role_status_and_words),
        cmocka_unit_test(test_tickets_without_a_workflow_are_listed),
        cmocka_unit_test(test_those_that_nothing_fits_are_done_with),
        cmocka_unit_test(test_no_list_reads_a_table),
    };
    return cmocka_run_group_tests(tests, open_group, close_frame);
}
