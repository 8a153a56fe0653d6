#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/instance.h"

static void urls_put_ipv6_in_brackets(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct instance four = {.host = STR("s1-auth"), .port = 3001};
    struct instance six = {.host = STR("::1"), .port = 3001};

    assert_true(str_eq(instance_url(a, &four), STR("http://s1-auth:3001")));
    assert_true(str_eq(instance_url(a, &six), STR("http://[::1]:3001")));
    arena_free(a);
}

static void what_could_leave_the_url_is_refused(void **state)
{
    (void)state;
    static const char *const bad_hosts[] = {"",     "a b", "a/b", "a@b",
                                            "a\nb", "a#b", "a?b", "h\xc3\xb6st"};
    static const char *const bad_endpoints[] = {"",           "health", "//evil.example/x", "/a b",
                                                "/a\r\nX: y", "/a#b",   "http://x/"};

    assert_null(instance_host_problem(STR("s1-auth.internal_net")));
    assert_null(instance_host_problem(STR("fe80::1")));
    for (size_t i = 0; i < sizeof bad_hosts / sizeof bad_hosts[0]; i++)
        assert_non_null(instance_host_problem(str_from(bad_hosts[i])));
    assert_null(instance_endpoint_problem(STR("/health?deep=1")));
    for (size_t i = 0; i < sizeof bad_endpoints / sizeof bad_endpoints[0]; i++)
        assert_non_null(instance_endpoint_problem(str_from(bad_endpoints[i])));
    assert_null(instance_name_problem(STR("s1-auth")));
    assert_non_null(instance_name_problem(STR("a/b")));
    assert_non_null(instance_name_problem(STR("")));
}

static void clients_go_to_the_newest_healthy_instance(void **state)
{
    (void)state;
    struct instance old_good = {.is_healthy = true, .registered_at = 1};
    struct instance new_good = {.is_healthy = true, .registered_at = 2};
    struct instance newest_bad = {.is_healthy = false, .registered_at = 3};

    assert_ptr_equal(instance_better(&old_good, NULL), &old_good);
    assert_ptr_equal(instance_better(&old_good, &new_good), &new_good);
    assert_ptr_equal(instance_better(&newest_bad, &old_good), &old_good);
    assert_ptr_equal(instance_better(&old_good, &newest_bad), &old_good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_put_ipv6_in_brackets),
        cmocka_unit_test(what_could_leave_the_url_is_refused),
        cmocka_unit_test(clients_go_to_the_newest_healthy_instance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
