#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/ticket.h"

#define NOW INT64_C(1767225600000000)
#define EMPLOYEE 101
#define COORDINATOR 456
#define STRANGER 999

#define ROLE(sys, name) ((struct jwt_role){.system = STR(sys), .role = STR(name)})

static struct jwt_role COORDINATOR_ROLE, REVIEWER_ROLE, ADMIN_ROLES[2], EMPLOYEE_ROLE;

static int setup(void **state)
{
    (void)state;
    COORDINATOR_ROLE = ROLE("hdts", "Ticket Coordinator");
    EMPLOYEE_ROLE = ROLE("hdts", "Employee");
    REVIEWER_ROLE = ROLE("tts", "Reviewer");
    ADMIN_ROLES[0] = ROLE("hdts", "Admin");
    ADMIN_ROLES[1] = ROLE("tts", "Admin");
    return 0;
}

static struct actor person(int64_t id, const struct jwt_role *roles, size_t n)
{
    return (struct actor){.user_id = id, .roles = roles, .role_count = n, .role = STR("user")};
}

static struct ticket ticket_in(enum ticket_status status)
{
    return (struct ticket){.id = 1,
                           .version = 1,
                           .number = STR("TX20260112000001"),
                           .subject = STR("VPN"),
                           .description = STR("down"),
                           .category = STR("IT Support"),
                           .priority = PRIORITY_HIGH,
                           .status = status,
                           .held_status = TICKET_STATUS_COUNT,
                           .requester_id = EMPLOYEE,
                           .owner_id = COORDINATOR,
                           .csat_rating = TICKET_NONE,
                           .first_response_at = TICKET_NONE,
                           .completed_at = TICKET_NONE,
                           .closed_at = TICKET_NONE};
}

static void who_may_see_a_ticket(void **state)
{
    (void)state;
    struct ticket t = ticket_in(TICKET_STATUS_OPEN);
    const struct {
        struct actor actor;
        bool is_assignee, may_view, may_see_internal, may_work, may_reword;
    } cases[] = {
        {person(EMPLOYEE, &EMPLOYEE_ROLE, 1), false, true, false, false, true},
        {person(STRANGER, &EMPLOYEE_ROLE, 1), false, false, false, false, false},
        {person(COORDINATOR, &COORDINATOR_ROLE, 1), false, true, true, true, true},
        {person(STRANGER, &COORDINATOR_ROLE, 1), false, false, false, false, false},
        {person(STRANGER, &COORDINATOR_ROLE, 1), true, true, true, true, true},
        {person(STRANGER, &REVIEWER_ROLE, 1), false, false, false, false, false},
        {person(STRANGER, &REVIEWER_ROLE, 1), true, true, true, false, false},
        {person(STRANGER, ADMIN_ROLES, 2), false, true, true, true, true},
        {person(STRANGER, &ADMIN_ROLES[1], 1), false, true, true, false, false},
        {(struct actor){.service = STR("workflow-service")}, false, true, true, false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        t.is_assignee = cases[i].is_assignee;
        assert_int_equal(ticket_may_view(&cases[i].actor, &t), cases[i].may_view);
        assert_int_equal(ticket_may_see_internal(&cases[i].actor, &t), cases[i].may_see_internal);
        assert_int_equal(ticket_may_work(&cases[i].actor, &t), cases[i].may_work);
        assert_int_equal(ticket_may_reword(&cases[i].actor, &t), cases[i].may_reword);
    }
}

static void a_service_is_nobodys_requester(void **state)
{
    (void)state;
    struct ticket t = ticket_in(TICKET_STATUS_OPEN);
    struct actor service = {.service = STR("x")};

    t.requester_id = 0;
    assert_false(ticket_may_reword(&service, &t));
    assert_int_equal(ticket_act(&service, &t, TICKET_WITHDRAW, NOW), ERR_FORBIDDEN);
}

static void actions_follow_their_table(void **state)
{
    (void)state;
    /* by requester, by owner: - forbidden, 0 conflict, else the status that follows */
    static const char *const TABLE[TICKET_ACTION_COUNT][2] = {
        /*                  O    I    H    R    C    X    W */
        [TICKET_CLOSE] = {"000C000", "CCCC0C0"},  [TICKET_WITHDRAW] = {"WWW0000", "-------"},
        [TICKET_REOPEN] = {"000OOO0", "000OOO0"}, [TICKET_HOLD] = {"-------", "HH00000"},
        [TICKET_RESUME] = {"-------", "00I0000"}, [TICKET_APPROVE] = {"-------", "0000000"},
        [TICKET_REJECT] = {"-------", "0000000"},
    };
    static const char LETTERS[] = "OIHRCXW";
    struct actor actors[] = {person(EMPLOYEE, &EMPLOYEE_ROLE, 1),
                             person(COORDINATOR, &COORDINATOR_ROLE, 1)};

    for (int action = 0; action < TICKET_ACTION_COUNT; action++)
        for (int who = 0; who < 2; who++)
            for (int from = 0; from < TICKET_STATUS_COUNT; from++) {
                struct ticket t = ticket_in((enum ticket_status)from);
                char expected = TABLE[action][who][from];
                enum err rc = ticket_act(&actors[who], &t, (enum ticket_action)action, NOW);

                if (expected == '-')
                    assert_int_equal(rc, ERR_FORBIDDEN);
                else if (expected == '0')
                    assert_int_equal(rc, ERR_CONFLICT);
                else
                    assert_int_equal(LETTERS[t.status], expected);
                assert_true(rc == ERR_OK || t.status == (enum ticket_status)from);
            }
}

static void consent_comes_first(void **state)
{
    (void)state;
    static const enum err BY_OWNER[TICKET_ACTION_COUNT] = {
        [TICKET_CLOSE] = ERR_CONFLICT,  [TICKET_WITHDRAW] = ERR_FORBIDDEN,
        [TICKET_REOPEN] = ERR_CONFLICT, [TICKET_HOLD] = ERR_CONFLICT,
        [TICKET_RESUME] = ERR_CONFLICT, [TICKET_APPROVE] = ERR_OK,
        [TICKET_REJECT] = ERR_OK,
    };
    struct actor employee = person(EMPLOYEE, &EMPLOYEE_ROLE, 1);
    struct actor coordinator = person(STRANGER, &COORDINATOR_ROLE, 1);
    struct ticket pending = ticket_in(TICKET_STATUS_OPEN), t;

    pending.approval = TICKET_APPROVAL_PENDING;
    assert_true(ticket_may_view(&coordinator, &pending));
    assert_false(ticket_is_in_workflow(&pending));
    for (int action = 0; action < TICKET_ACTION_COUNT; action++) {
        t = pending;
        assert_int_equal(ticket_act(&coordinator, &t, (enum ticket_action)action, NOW),
                         BY_OWNER[action]);
    }
    assert_int_equal(t.status, TICKET_STATUS_REJECTED);
    assert_false(ticket_may_view(&coordinator, &t) && !ticket_is_pending(&t));
    assert_int_equal(ticket_act(&employee, &t, TICKET_REOPEN, NOW), ERR_OK);
    assert_int_equal(t.approval, TICKET_APPROVAL_PENDING);
    assert_int_equal(ticket_act(&employee, &t, TICKET_APPROVE, NOW), ERR_FORBIDDEN);
    assert_int_equal(ticket_act(&employee, &t, TICKET_WITHDRAW, NOW), ERR_OK);
    assert_false(ticket_is_pending(&t));
}

static void resuming_returns_to_where_it_was(void **state)
{
    (void)state;
    struct actor owner = person(COORDINATOR, &COORDINATOR_ROLE, 1);
    struct ticket t = ticket_in(TICKET_STATUS_OPEN);

    assert_int_equal(ticket_act(&owner, &t, TICKET_HOLD, NOW), ERR_OK);
    assert_int_equal(t.held_status, TICKET_STATUS_OPEN);
    assert_int_equal(ticket_act(&owner, &t, TICKET_RESUME, NOW), ERR_OK);
    assert_int_equal(t.status, TICKET_STATUS_OPEN);
    assert_int_equal(t.held_status, TICKET_STATUS_COUNT);
}

static void times_follow_the_status(void **state)
{
    (void)state;
    struct ticket t = ticket_in(TICKET_STATUS_IN_PROGRESS);

    ticket_set_status(&t, TICKET_STATUS_RESOLVED, NOW);
    assert_int_equal(t.completed_at, NOW);
    assert_int_equal(t.closed_at, TICKET_NONE);
    ticket_set_status(&t, TICKET_STATUS_CLOSED, NOW + 5);
    assert_int_equal(t.completed_at, NOW);
    assert_int_equal(t.closed_at, NOW + 5);
    ticket_set_status(&t, TICKET_STATUS_OPEN, NOW + 9);
    assert_int_equal(t.completed_at, TICKET_NONE);
    assert_int_equal(t.closed_at, TICKET_NONE);
    ticket_set_status(&t, TICKET_STATUS_WITHDRAWN, NOW + 10);
    assert_int_equal(t.completed_at, NOW + 10);
    assert_int_equal(t.closed_at, NOW + 10);
}

static void statuses_follow_each_other(void **state)
{
    (void)state;
    for (int from = 0; from < TICKET_STATUS_COUNT; from++) {
        assert_false(ticket_status_may_follow((enum ticket_status)from, (enum ticket_status)from));
        assert_false(ticket_status_may_follow((enum ticket_status)from, TICKET_STATUS_WITHDRAWN));
        assert_false(ticket_status_may_follow((enum ticket_status)from, TICKET_STATUS_COUNT));
        assert_false(ticket_status_may_follow(TICKET_STATUS_WITHDRAWN, (enum ticket_status)from));
    }
    assert_true(ticket_status_may_follow(TICKET_STATUS_CLOSED, TICKET_STATUS_OPEN));
    assert_false(ticket_status_may_follow(TICKET_STATUS_CLOSED, TICKET_STATUS_IN_PROGRESS));
}

static void an_owner_makes_an_open_ticket_assigned(void **state)
{
    (void)state;
    struct ticket t = ticket_in(TICKET_STATUS_OPEN);

    ticket_set_owner(&t, 7, STR("Bob"));
    assert_true(t.is_assigned && t.owner_id == 7 && str_eq(t.owner_name, STR("Bob")));
    ticket_set_owner(&t, TICKET_NONE, STR("ignored"));
    assert_true(t.is_assigned && t.owner_id == TICKET_NONE && !t.owner_name.p);
    t = ticket_in(TICKET_STATUS_RESOLVED);
    ticket_set_owner(&t, 7, STR("Bob"));
    assert_false(t.is_assigned);
}

static void a_diff_names_what_changed(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct ticket before = ticket_in(TICKET_STATUS_OPEN), after = before;
    struct ticket_field_change c[TICKET_FIELD_MAX];

    assert_int_equal(ticket_diff(a, &before, &after, c), 0);
    after.subject = STR("VPN!");
    after.department = STR("IT Department");
    after.priority = PRIORITY_LOW;
    after.owner_id = TICKET_NONE;
    after.csat_rating = 5;
    ticket_set_status(&after, TICKET_STATUS_RESOLVED, NOW);
    assert_int_equal(ticket_diff(a, &before, &after, c), 6);
    assert_string_equal(c[0].field, "subject");
    assert_string_equal(c[1].field, "department");
    assert_null(c[1].old_value.p);
    assert_true(str_eq(c[2].old_value, STR("High")) && str_eq(c[2].new_value, STR("Low")));
    assert_true(str_eq(c[3].old_value, STR("456")) && !c[3].new_value.p);
    assert_true(str_eq(c[4].old_value, STR("Open")) && str_eq(c[4].new_value, STR("Resolved")));
    assert_true(str_eq(c[5].new_value, STR("5")));
    arena_free(a);
}

static void a_diff_of_everything_fits(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct ticket before = ticket_in(TICKET_STATUS_OPEN);
    struct ticket after = {.subject = STR("1"),
                           .description = STR("2"),
                           .category = STR("3"),
                           .sub_category = STR("4"),
                           .department = STR("5"),
                           .csat_feedback = STR("6"),
                           .status = TICKET_STATUS_CLOSED,
                           .is_assigned = true,
                           .owner_id = 1,
                           .csat_rating = 1};
    struct ticket_field_change c[TICKET_FIELD_MAX];

    assert_in_range(ticket_diff(a, &before, &after, c), 11, TICKET_FIELD_MAX);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_see_a_ticket),
        cmocka_unit_test(a_service_is_nobodys_requester),
        cmocka_unit_test(actions_follow_their_table),
        cmocka_unit_test(consent_comes_first),
        cmocka_unit_test(resuming_returns_to_where_it_was),
        cmocka_unit_test(times_follow_the_status),
        cmocka_unit_test(statuses_follow_each_other),
        cmocka_unit_test(an_owner_makes_an_open_ticket_assigned),
        cmocka_unit_test(a_diff_names_what_changed),
        cmocka_unit_test(a_diff_of_everything_fits),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
