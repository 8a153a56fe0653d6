#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/access.h"

static void each_combination(void **state)
{
    (void)state;
    static const struct {
        struct access access;
        bool may_read, may_write;
    } CASES[] = {
        {{.is_support = true}, false, false},
        {{.is_support = true, .takes_part = true}, true, false},
        {{.is_support = true, .takes_part = true, .is_current = true}, true, true},
        {{.is_support = true, .sees_all_tickets = true}, true, true},
        {{.is_support = true, .takes_part = true, .sees_all_tickets = true}, true, true},
        {{.takes_part = true, .is_current = true}, true, true},
        {{.sees_all_tickets = true}, false, false},
        {{0}, false, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(access_may_read(&CASES[i].access), CASES[i].may_read);
        assert_int_equal(access_may_write(&CASES[i].access), CASES[i].may_write);
    }
}

static void what_becomes_of_a_message(void **state)
{
    (void)state;
    static const struct {
        struct message_access access;
        bool may_edit, may_delete;
    } CASES[] = {
        {{.is_sender = true, .may_write = true}, true, true},
        {{.is_sender = true}, false, true},
        {{.may_write = true}, false, false},
        {{.may_write = true, .is_moderator = true}, false, true},
        {{0}, false, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(message_may_edit(&CASES[i].access), CASES[i].may_edit);
        assert_int_equal(message_may_delete(&CASES[i].access), CASES[i].may_delete);
    }
    const struct message_access young = {.age_us = 10};
    assert_true(message_is_in_window(&young, 10));
    assert_false(message_is_in_window(&young, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_combination),
                                       cmocka_unit_test(what_becomes_of_a_message)};
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
