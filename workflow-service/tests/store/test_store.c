/* A task from its ticket to its end, and that the server understands every statement. */
#include "domain/sla.h"
#include "life.h"
#include "store/log_store.h"
#include "store/ticket_store.h"
#include "store/workflow_store.h"

/* ---- definitions -------------------------------------------------------------------------- */

static void publish_and_read(struct db_session *s)
{
    publish(s);
    struct workflow_head *heads;
    size_t count;
    int64_t total;
    struct workflow_body body;
    struct workflow_filter f = {.limit = 10};
    OK(workflow_store_list(s, &f, &heads, &count, &total));
    assert_int_equal(total, 1);
    assert_int_equal(count, 1);
    assert_true(str_eq(heads[0].state, STR("published")));
    OK(workflow_store_body(s, heads[0].version_id, &body));
    assert_int_equal(body.step_count, 2);
    assert_int_equal(body.transition_count, 4);
    assert_int_equal(body.target_count, SLA_DEFAULT_COUNT);
    assert_true(str_eq(body.transitions[0].to, STR("Approval")));
    assert_null(body.transitions[1].to.p);
    struct definition again = definition("SUPPORT");
    struct definition_problem *problems;
    assert_int_equal(definition_publish(s, &again, NOW, &problems), ERR_DUPLICATE_RESOURCE);
}

/* ---- the life of a ticket ----------------------------------------------------------------- */

static void start_sets_deadlines_and_people(struct db_session *s)
{
    publish(s);
    struct started_task task = start(s, "TX1");
    struct task_view v = view(s, task.task_id);
    assert_int_equal(v.owner_id, task.owner_id);
    assert_int_equal(v.assignee_id, task.assignee_id);
    assert_int_equal(start(s, "TX2").owner_id, other_coordinator(task.owner_id));
    assert_int_equal(v.target_resolution, NOW + 8 * 3600 * US_PER_S);
    assert_int_equal(v.sla_breach_at, NOW + 24 * 3600 * US_PER_S);
    assert_int_equal(v.status, TASK_STATUS_ACTIVE);
    assert_true(str_eq(v.step, STR("Review")));
    assert_true(str_eq(v.assignee_name, task.assignee_name));
    struct clock_row *clocks;
    size_t count;
    OK(clock_store_of(s, task.task_id, &clocks, &count));
    assert_int_equal(count, 2);
    assert_int_equal(clocks[0].clock.warn_at, NOW + 8 * 3600 * US_PER_S / 100 * 80);
    assert_true(str_eq(clocks[1].metric, METRIC_STEP));
    assert_int_equal(clocks[1].clock.due_at, NOW + 6 * 3600 * US_PER_S);

    struct ticket twin = ticket("TX1");
    struct start_plan *plans;
    assert_int_equal(add_ticket(s, &twin, NOW, &plans, &count), ERR_DUPLICATE_TICKET);
}

static void turns_go_round(struct db_session *s)
{
    publish(s);
    int owned[2] = {0}, assigned[2] = {0};
    for (int i = 0; i < 6; i++) {
        struct started_task task = start(s, str_cstr(s->arena, str_printf(s->arena, "TX%d", i)));
        owned[task.owner_id == COORDINATOR_B]++;
        assigned[task.assignee_id == REVIEWER_B]++;
    }
    assert_int_equal(owned[0], 3);
    assert_int_equal(owned[1], 3);
    assert_int_equal(assigned[0], 3);
    assert_int_equal(assigned[1], 3);
}

static void unmatched_tickets_have_no_plan(struct db_session *s)
{
    publish(s);
    struct ticket t = ticket("TX1");
    t.match.category = STR("Catering");
    struct start_plan *plans;
    size_t count;
    OK(add_ticket(s, &t, NOW, &plans, &count));
    assert_int_equal(count, 0);
    OK(ticket_store_mark_unmatched(s, &t));
    struct ticket_state state;
    OK(ticket_store_state(s, STR("TX1"), &state));
    assert_int_equal(state.task_id, INT64_MIN);
}

static void transitions_lead_to_the_end(struct db_session *s)
{
    publish(s);
    struct started_task task = start(s, "TX1");
    int64_t later = NOW + 60 * US_PER_S;
    struct next_item next = act(s, task.task_id, "approve", NO_PERSON, later);
    assert_int_equal(next.assignee_id, APPROVER);
    struct task_view v = view(s, task.task_id);
    assert_int_equal(v.status, TASK_STATUS_IN_PROGRESS);
    assert_true(str_eq(v.step, STR("Approval")));

    next = act(s, task.task_id, "return", REVIEWER_B, later);
    assert_int_equal(next.assignee_id, REVIEWER_B);
    act(s, task.task_id, "approve", NO_PERSON, later);
    next = act(s, task.task_id, "approve", NO_PERSON, later);
    assert_int_equal(next.item_id, INT64_MIN);
    v = view(s, task.task_id);
    assert_int_equal(v.status, TASK_STATUS_RESOLVED);
    assert_int_equal(v.resolved_at, later);
    assert_int_equal(v.item_id, INT64_MIN);
    struct clock_row *clocks;
    size_t count;
    OK(clock_store_of(s, task.task_id, &clocks, &count));
    assert_int_equal(clocks[0].clock.state, SLA_STATE_MET);

    struct task_log log;
    OK(log_store_read(s, INT64_MIN, STR("TX1"), EMPLOYEE, &log));
    assert_true(log.is_involved);
    assert_int_equal(log.item_count, 4);
    assert_int_equal(log.items[0].entry_count, 3);
    assert_true(str_eq(log.items[0].entries[0].status, STR("new")));
    assert_true(str_eq(log.items[0].entries[1].status, STR("in_progress")));
    assert_true(str_eq(log.items[0].entries[2].status, STR("resolved")));
    assert_true(str_eq(log.items[0].origin, STR("User Action")));
}

static void a_late_end_is_a_breach(struct db_session *s)
{
    publish(s);
    struct started_task task = start(s, "TX1");
    act(s, task.task_id, "reject", NO_PERSON, NOW + 2 * US_PER_DAY);
    struct clock_row *clocks;
    size_t count;
    OK(clock_store_of(s, task.task_id, &clocks, &count));
    assert_int_equal(clocks[0].clock.state, SLA_STATE_BREACHED);
    assert_int_equal(clocks[0].clock.breached_at, NOW + US_PER_DAY);
    assert_int_equal(view(s, task.task_id).status, TASK_STATUS_REJECTED);
}

static void the_helpdesk_ends_a_task(struct db_session *s)
{
    publish(s);
    struct started_task task = start(s, "TX1");
    struct ticket_state state;
    OK(ticket_store_state(s, STR("TX1"), &state));
    assert_false(state.has_started);
    struct ticket_change change = {STR("Withdrawn"), INT64_MIN, STR_NULL, INT64_MIN, INT64_MIN};
    OK(ticket_store_update(s, state.ticket_id, &change, NOW));
    OK(ticket_store_set_task(s, &state, TASK_STATUS_CANCELLED, STR("withdrawn"), NOW));
    struct task_view v = view(s, task.task_id);
    assert_int_equal(v.status, TASK_STATUS_CANCELLED);
    assert_int_equal(v.item_id, INT64_MIN);
    struct transition_view t;
    OK(transition_store_lock(s, task.item_id, 1, task.assignee_id, NO_PERSON, &t));
    assert_int_equal(t.facts.item, ITEM_STATUS_CANCELLED);
    assert_int_equal(ticket_store_set_task(s, &state, TASK_STATUS_COMPLETED, STR(""), NOW),
                     ERR_SERIALIZATION);
    assert_int_equal(ticket_store_state(s, STR("TX9"), &state), ERR_TICKET_NOT_FOUND);
}

static void a_ticket_opened_again_starts_anew(struct db_session *s)
{
    publish(s);
    struct started_task task = start(s, "TX1"), again;
    act(s, task.task_id, "reject", NO_PERSON, NOW);
    struct ticket_state state;
    struct ticket t;
    struct start_plan plan;
    OK(ticket_store_state(s, STR("TX1"), &state));
    assert_true(state.has_started);
    OK(ticket_store_plan(s, state.task_id, &t, &plan));
    struct work_note why = {ADMIN, STR("once more"), NOW + US_PER_S};
    OK(ticket_store_reopen(s, &state, &plan, &why, &again));
    assert_int_equal(again.assignee_id, other_reviewer(task.assignee_id));
    assert_int_equal(again.owner_id, task.owner_id);
    struct task_view v = view(s, task.task_id);
    assert_int_equal(v.status, TASK_STATUS_ACTIVE);
    assert_int_equal(v.item_id, again.item_id);
    assert_int_equal(v.resolved_at, INT64_MIN);
    assert_int_equal(ticket_store_reopen(s, &state, &plan, &why, &again), ERR_SERIALIZATION);
}

STORE_TEST(publish_and_read)
STORE_TEST(start_sets_deadlines_and_people)
STORE_TEST(turns_go_round)
STORE_TEST(unmatched_tickets_have_no_plan)
STORE_TEST(transitions_lead_to_the_end)
STORE_TEST(a_late_end_is_a_breach)
STORE_TEST(the_helpdesk_ends_a_task)
STORE_TEST(a_ticket_opened_again_starts_anew)

static void every_statement_is_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_publish_and_read),
        cmocka_unit_test(test_start_sets_deadlines_and_people),
        cmocka_unit_test(test_turns_go_round),
        cmocka_unit_test(test_unmatched_tickets_have_no_plan),
        cmocka_unit_test(test_transitions_lead_to_the_end),
        cmocka_unit_test(test_a_late_end_is_a_breach),
        cmocka_unit_test(test_the_helpdesk_ends_a_task),
        cmocka_unit_test(test_a_ticket_opened_again_starts_anew),
        cmocka_unit_test(every_statement_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, open_group, close_frame);
}
