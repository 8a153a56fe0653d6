/* Status and priority words, out and back in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "label.h"

static void test_status_words(void **state)
{
    static const struct {
        enum ticket_status status;
        const char *helpdesk, *simple, *task;
    } cases[] = {
        {TICKET_STATUS_OPEN, "Open", "new", "active"},
        {TICKET_STATUS_IN_PROGRESS, "In Progress", "in_progress", "in_progress"},
        {TICKET_STATUS_ON_HOLD, "On Hold", "in_progress", "on_hold"},
        {TICKET_STATUS_RESOLVED, "Resolved", "resolved", "resolved"},
        {TICKET_STATUS_CLOSED, "Closed", "closed", "completed"},
        {TICKET_STATUS_REJECTED, "Rejected", "closed", "rejected"},
        {TICKET_STATUS_WITHDRAWN, "Withdrawn", "closed", "withdrawn"},
    };

    assert_int_equal(sizeof cases / sizeof cases[0], TICKET_STATUS_COUNT);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(ticket_status_helpdesk(cases[i].status), cases[i].helpdesk);
        assert_string_equal(ticket_status_simple(cases[i].status), cases[i].simple);
        assert_string_equal(ticket_status_task(cases[i].status), cases[i].task);
        assert_int_equal(ticket_status_parse(str_from(cases[i].helpdesk)), cases[i].status);
        assert_int_equal(ticket_status_parse(str_from(cases[i].task)), cases[i].status);
    }
}

static void test_status_input(void **state)
{
    static const struct {
        struct str word;
        enum ticket_status status;
    } cases[] = {
        {STR("IN PROGRESS"), TICKET_STATUS_IN_PROGRESS},
        {STR("in-progress"), TICKET_STATUS_IN_PROGRESS},
        {STR(" In_Progress\n"), TICKET_STATUS_IN_PROGRESS},
        {STR("new"), TICKET_STATUS_OPEN},
        {STR("Assigned"), TICKET_STATUS_OPEN},
        {STR("closed"), TICKET_STATUS_CLOSED},
        {STR("COMPLETED"), TICKET_STATUS_CLOSED},
        {STR("on hold"), TICKET_STATUS_ON_HOLD},
        {STR(""), TICKET_STATUS_COUNT},
        {STR_NULL, TICKET_STATUS_COUNT},
        {STR("Ope"), TICKET_STATUS_COUNT},
        {STR("Opened"), TICKET_STATUS_COUNT},
        {STR("Open\0"), TICKET_STATUS_COUNT},
        {STR("In  Progress"), TICKET_STATUS_COUNT},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(ticket_status_parse(cases[i].word), cases[i].status);
}

static void test_priorities(void **state)
{
    static const struct {
        enum ticket_priority priority;
        const char *label, *simple;
    } cases[] = {
        {PRIORITY_LOW, "Low", "low"},
        {PRIORITY_MEDIUM, "Medium", "medium"},
        {PRIORITY_HIGH, "High", "high"},
        {PRIORITY_URGENT, "Urgent", "urgent"},
    };

    assert_int_equal(sizeof cases / sizeof cases[0], PRIORITY_COUNT);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(ticket_priority_label(cases[i].priority), cases[i].label);
        assert_string_equal(ticket_priority_simple(cases[i].priority), cases[i].simple);
        assert_int_equal(ticket_priority_parse(str_from(cases[i].label)), cases[i].priority);
        assert_int_equal(ticket_priority_parse(str_from(cases[i].simple)), cases[i].priority);
    }
    assert_int_equal(ticket_priority_parse(STR("CRITICAL")), PRIORITY_URGENT);
    assert_int_equal(ticket_priority_parse(STR("highest")), PRIORITY_COUNT);
    assert_int_equal(ticket_priority_parse(STR_NULL), PRIORITY_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_words),
        cmocka_unit_test(test_status_input),
        cmocka_unit_test(test_priorities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
