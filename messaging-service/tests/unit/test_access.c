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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_combination)};
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
