#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/clocks.h"
#include "api/definition.h"
#include "arrive.h"
#include "clock.h"
#include "domain/sla.h"
#include "people.h"
#include "store/drain_store.h"
#include "store/log_store.h"
#include "store/owner_store.h"
#include "store/pool_store.h"
#include "store/sql.h"
#include "store/task_store.h"
#include "store/ticket_store.h"
#include "store/transition_store.h"
#include "store/workflow_store.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define COORDINATOR_A 11
#define COORDINATOR_B 12
#define REVIEWER_A 21
#define REVIEWER_B 22
#define APPROVER 31
#define ADMIN 41
#define EMPLOYEE 51

#define NOW (INT64_C(1768213800) * US_PER_S) /* 2026-01-12T10:30:00Z */
#define OK(expression) assert_int_equal(expression, ERR_OK)

#define S(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static const struct definition_step STEPS[] = {
    {.name = S("Review"),
     .role_system = S("tts"),
     .role_name = S("Reviewer"),
     .weight = 3,
     .is_start = true},
    {.name = S("Approval"), .role_system = S("tts"), .role_name = S("Approver"), .weight = 1},
};
static const struct definition_transition TRANSITIONS[] = {
    {.from = S("Review"), .name = S("approve"), .to = S("Approval")},
    {.from = S("Review"), .name = S("reject"), .outcome = S("rejected")},
    {.from = S("Approval"), .name = S("approve"), .outcome = S("resolved")},
    {.from = S("Approval"), .name = S("return"), .to = S("Review")},
};

static struct definition definition(const char *name)
{
    return (struct definition){
        .name = str_from(name),
        .match = {.department = STR("IT Department"), .category = STR("IT Support")},
        .steps = STEPS,
        .step_count = 2,
        .transitions = TRANSITIONS,
        .transition_count = 4,
    };
}

static void publish(struct db_session *s)
{
    struct definition d = definition("Support");
    struct definition_problem *problems;
    OK(definition_publish(s, &d, NOW, &problems));
}

static struct ticket ticket(const char *number)
{
    return (struct ticket){
        .number = str_from(number),
        .subject = STR("Network connectivity issue"),
        .description = STR("Unable to access VPN"),
        .match = {.department = STR("it department"),
                  .category = STR("IT SUPPORT"),
                  .sub_category = STR(""),
                  .priority = STR("High")},
        .status = STR("Open"),
        .requester_id = EMPLOYEE,
        .requester_name = STR("Emil"),
        .requester_email = STR("emil@example.com"),
        .submitted_at = NOW,
    };
}

static struct cause cause_at(int64_t now)
{
    return (struct cause){.actor_id = CAUSE_SYSTEM, .actor_name = STR("test"), .now = now};
}

/* The way a ticket takes when it arrives. */
static struct started_task start(struct db_session *s, const char *number)
{
    struct ticket t = ticket(number);
    struct start_plan *plans;
    size_t count;
    struct started_task task;
    OK(add_ticket(s, &t, NOW, &plans, &count));
    assert_int_equal(count, 1);
    struct task_start start = {.ticket_id = t.id, .submitted_at = NOW, .now = NOW};
    OK(begin_task(s, &plans[0], &start, &task));
    struct cause c = cause_at(NOW);
    OK(clocks_begin(s, &(struct clocks_start){&c, task.task_id}, 1));
    return task;
}

static int64_t transition_id(struct db_session *s, int64_t task_id, const char *name)
{
    struct task_view v;
    struct task_exits e;
    bool is_involved;
    OK(task_store_find(s, task_id, STR_NULL, ADMIN, &v, &e, &is_involved));
    for (size_t i = 0; i < e.count; i++)
        if (str_eq(e.names[i], str_from(name)))
            return e.ids[i];
    fail_msg("no transition %s", name);
    return 0;
}

static struct task_view view(struct db_session *s, int64_t task_id)
{
    struct task_view v;
    struct task_exits e;
    bool is_involved;
    OK(task_store_find(s, task_id, STR_NULL, ADMIN, &v, &e, &is_involved));
    return v;
}

static struct next_item act(struct db_session *s, int64_t task_id, const char *name, int64_t wish,
                            int64_t now)
{
    struct task_view before = view(s, task_id);
    struct transition_view v;
    struct next_item next;
    int64_t id = transition_id(s, task_id, name);
    OK(transition_store_lock(s, before.item_id, id, before.assignee_id, wish, &v));
    OK(transition_check(&v.facts));
    struct transition_write w = {
        .transition_id = id,
        .actor_id = before.assignee_id,
        .wish = wish,
        .notes = STR("done"),
        .status = v.facts.has_next                     ? TASK_STATUS_IN_PROGRESS
                  : str_eq(v.outcome, STR("rejected")) ? TASK_STATUS_REJECTED
                                                       : TASK_STATUS_RESOLVED,
        .now = now,
    };
    OK(transition_store_apply(s, &v, &w, &next));
    struct cause c = cause_at(now);
    OK(clocks_follow(s, &c, task_id, CLOCKS_NEXT_STEP));
    return next;
}

/* Turns outlive a rolled-back test: who is first depends on the tests before. */
static int64_t other_coordinator(int64_t id)
{
    assert_true(id == COORDINATOR_A || id == COORDINATOR_B);
    return id == COORDINATOR_A ? COORDINATOR_B : COORDINATOR_A;
}

static int64_t other_reviewer(int64_t id)
{
    assert_true(id == REVIEWER_A || id == REVIEWER_B);
    return id == REVIEWER_A ? REVIEWER_B : REVIEWER_A;
}

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

/* ---- lists -------------------------------------------------------------------------------- */

static void owned_lists_filter_and_count(struct db_session *s)
{
    publish(s);
    for (int i = 0; i < 8; i++)
        start(s, str_cstr(s->arena, str_printf(s->arena, "TX%d", i)));
    struct task_page page;
    struct task_filter f = {.limit = 3};
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    assert_int_equal(page.count, 3);
    f.offset = 10;
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    assert_int_equal(page.count, 0);
    f = (struct task_filter){.limit = 10, .search = STR("vpn"), .priority = STR("High")};
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    f.search = STR("%");
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 0);
    f = (struct task_filter){.limit = 10, .category = STR("it support"), .status = STR("active")};
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    f.status = STR("resolved");
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 0);
}

static void lists_show_what_one_is_involved_in(struct db_session *s)
{
    publish(s);
    for (int i = 0; i < 4; i++)
        start(s, str_cstr(s->arena, str_printf(s->arena, "TX%d", i)));
    struct task_page page;
    struct task_filter f = {.limit = 10};
    OK(task_store_list(s, NO_PERSON, &f, &page));
    assert_int_equal(page.total, 4);
    assert_int_equal(page.exits[0].count, 2);
    OK(task_store_list(s, EMPLOYEE, &f, &page));
    assert_int_equal(page.total, 4);
    OK(task_store_list(s, REVIEWER_A, &f, &page));
    assert_int_equal(page.total, 2);
    OK(task_store_list(s, APPROVER, &f, &page));
    assert_int_equal(page.total, 0);
    f.ticket_number = STR("TX2");
    OK(task_store_list(s, NO_PERSON, &f, &page));
    assert_int_equal(page.total, 1);

    struct item_page items;
    struct item_filter open = {.open = true, .limit = 10};
    struct item_filter done = {.done = true, .limit = 10};
    OK(task_store_items_of(s, REVIEWER_A, &open, &items));
    assert_int_equal(items.total, 2);
    assert_int_equal(items.items[0].exits.count, 2);
    act(s, items.items[0].task_id, "approve", NO_PERSON, NOW);
    OK(task_store_items_of(s, REVIEWER_A, &done, &items));
    assert_int_equal(items.total, 1);
    assert_int_equal(items.items[0].exits.count, 0);
}

/* ---- owners ------------------------------------------------------------------------------- */

static void owners_escalate_and_transfer(struct db_session *s)
{
    publish(s);
    int64_t first = start(s, "TX1").owner_id, second = other_coordinator(first);
    struct ownership o;
    int64_t admin;
    struct str name;
    OK(owner_store_lock(s, STR("TX1"), first, &o));
    OK(owner_check_escalation(&o.facts));
    OK(owner_store_pick_admin(s, &o, first, NOW, &admin, &name));
    assert_int_equal(admin, ADMIN);
    assert_int_equal(owner_store_pick_admin(s, &o, ADMIN, NOW, &admin, &name), ERR_USER_NOT_FOUND);
    struct owner_change change = {true, ADMIN, first, STR("hard"), STR("High"), NOW};
    OK(owner_store_change(s, &o, &change));
    OK(owner_store_lock(s, STR("TX1"), first, &o));
    assert_int_equal(owner_check_escalation(&o.facts), ERR_ALREADY_ESCALATED);

    struct owner_candidate to;
    OK(owner_store_candidate(s, second, &to, &name));
    OK(owner_check_transfer(&o.facts, &to));
    change = (struct owner_change){false, second, ADMIN, STR(""), STR_NULL, NOW};
    OK(owner_store_change(s, &o, &change));
    OK(owner_store_lock(s, STR("TX1"), second, &o));
    OK(owner_check_escalation(&o.facts));
    OK(owner_store_candidate(s, REVIEWER_A, &to, &name));
    assert_false(to.may_own);
    assert_int_equal(owner_store_candidate(s, 999, &to, &name), ERR_USER_NOT_FOUND);
    assert_int_equal(owner_store_lock(s, STR("TX9"), 1, &o), ERR_TICKET_NOT_FOUND);
}

/* ---- the pool ----------------------------------------------------------------------------- */

static void set_person(struct db_session *s, int64_t id, const char *role, bool active)
{
    static int64_t version = 1;
    struct event_user_role held = {STR("tts"), str_from(role), id};
    struct event_user u = {
        .id = id,
        .email = STR("x@example.com"),
        .name = STR("Somebody"),
        .active = active ? JSON_TRUE : JSON_FALSE,
        .version = ++version,
        .roles = {&held, role ? 1 : 0},
    };
    OK(people_apply(s, &u));
}

/* The next item that finds somebody, as the job would give it. */
static enum err assign_waiting(struct db_session *s, struct pooled_item *out)
{
    struct drain_pass pass = {.arena = s->arena};
    bool is_given = false;
    enum err rc = ERR_OK;
    while (rc == ERR_OK && !is_given)
        rc = drain_store_item(s, &pass, NOW, out, &is_given);
    return rc;
}

static enum err own_waiting(struct db_session *s, struct ownerless_task *out)
{
    struct drain_pass pass = {.arena = s->arena};
    return drain_store_owner(s, &pass, NOW, out);
}

static void work_waits_for_people(struct db_session *s)
{
    publish(s);
    set_person(s, APPROVER, NULL, true);
    set_person(s, COORDINATOR_A, NULL, true);
    set_person(s, COORDINATOR_B, NULL, true);
    struct started_task task = start(s, "TX1");
    assert_int_equal(task.owner_id, NO_PERSON);
    struct next_item next = act(s, task.task_id, "approve", NO_PERSON, NOW);
    assert_int_equal(next.assignee_id, NO_PERSON);
    struct pooled_item item;
    struct ownerless_task own;
    assert_int_equal(assign_waiting(s, &item), ERR_TASK_NOT_FOUND);
    assert_int_equal(own_waiting(s, &own), ERR_TASK_NOT_FOUND);

    set_person(s, APPROVER, "Approver", true);
    OK(assign_waiting(s, &item));
    assert_int_equal(item.item_id, next.item_id);
    assert_int_equal(item.assignee_id, APPROVER);
    assert_int_equal(assign_waiting(s, &item), ERR_TASK_NOT_FOUND);
}

static void whoever_leaves_hands_back(struct db_session *s)
{
    publish(s);
    struct started_task task = start(s, "TX1");
    int64_t released;
    OK(pool_store_release(s, task.assignee_id, NOW, &released));
    assert_int_equal(released, 0);
    set_person(s, task.assignee_id, "Reviewer", false);
    OK(pool_store_release(s, task.assignee_id, NOW, &released));
    assert_int_equal(released, 1);
    struct pooled_item item;
    OK(assign_waiting(s, &item));
    assert_int_equal(item.assignee_id, other_reviewer(task.assignee_id));
    set_person(s, task.owner_id, NULL, true);
    OK(pool_store_release(s, task.owner_id, NOW, &released));
    assert_int_equal(released, 1);
    struct ownerless_task own;
    OK(own_waiting(s, &own));
    assert_int_equal(own.owner_id, other_coordinator(task.owner_id));
    assert_int_equal(own.task_id, task.task_id);
}

/* ---- the group ---------------------------------------------------------------------------- */

static void add_person(struct db_session *s, int64_t id, const char *name, const char *system,
                       const char *role)
{
    struct event_user_role held = {str_from(system), str_from(role), id};
    struct event_user u = {
        .id = id,
        .email = str_printf(s->arena, "%s@example.com", name),
        .name = str_from(name),
        .active = JSON_TRUE,
        .version = 1,
        .roles = {&held, 1},
    };
    OK(people_apply(s, &u));
}

static void add_people(struct db_session *s)
{
    add_person(s, COORDINATOR_A, "Cora", OWNER_SYSTEM, OWNER_ROLE);
    add_person(s, COORDINATOR_B, "Cole", OWNER_SYSTEM, OWNER_ROLE);
    add_person(s, REVIEWER_A, "Rita", "tts", "Reviewer");
    add_person(s, REVIEWER_B, "Rolf", "tts", "Reviewer");
    add_person(s, APPROVER, "Anna", "tts", "Approver");
    add_person(s, ADMIN, "Adam", "hdts", "Admin");
    add_person(s, EMPLOYEE, "Emil", "hdts", "Employee");
}

STORE_TEST(publish_and_read)
STORE_TEST(start_sets_deadlines_and_people)
STORE_TEST(turns_go_round)
STORE_TEST(unmatched_tickets_have_no_plan)
STORE_TEST(transitions_lead_to_the_end)
STORE_TEST(a_late_end_is_a_breach)
STORE_TEST(the_helpdesk_ends_a_task)
STORE_TEST(a_ticket_opened_again_starts_anew)
STORE_TEST(owned_lists_filter_and_count)
STORE_TEST(lists_show_what_one_is_involved_in)
STORE_TEST(owners_escalate_and_transfer)
STORE_TEST(work_waits_for_people)
STORE_TEST(whoever_leaves_hands_back)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, WRITE_MIGRATIONS,
                                                            SERVICE_MIGRATIONS, NULL};
    (void)state;
    int rc = store_test_open("workflow", MIGRATIONS);
    if (rc == 0)
        store_test_run_bare(add_people);
    return rc;
}

static int close_group(void **state)
{
    (void)state;
    return store_test_close();
}

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
        cmocka_unit_test(test_owned_lists_filter_and_count),
        cmocka_unit_test(test_lists_show_what_one_is_involved_in),
        cmocka_unit_test(test_owners_escalate_and_transfer),
        cmocka_unit_test(test_work_waits_for_people),
        cmocka_unit_test(test_whoever_leaves_hands_back),
        cmocka_unit_test(every_statement_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
