#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "clock.h"
#include "loop.h"
#include "resolver.h"

#define DEADLINE_US (20 * US_PER_S)

static struct loop *loop;
static struct resolver *resolver;

struct told {
    int times, count, status;
    struct sock_address first;
};

static void on_told(void *arg, const struct lookup *l)
{
    struct told *t = arg;
    t->times++;
    t->count = l->count;
    t->status = l->status;
    t->first = l->found[0];
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new();
    resolver = resolver_new(loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    resolver_free(resolver);
    loop_free(loop);
    return 0;
}

static void turn_until_told(const struct told *t)
{
    int64_t until = clock_mono_us() + DEADLINE_US;
    while (!t->times && clock_mono_us() < until)
        loop_turn(loop, 50);
    assert_int_equal(t->times, 1);
}

static void a_name_has_addresses(void **state)
{
    (void)state;
    struct told t = {0};
    resolver_ask(resolver, "localhost", on_told, &t);
    assert_int_equal(t.times, 0);
    turn_until_told(&t);
    assert_in_range(t.count, 1, RESOLVER_MAX_ADDRESSES);
    assert_int_equal(t.status, 0);
    sock_address_set_port(&t.first, 4711);
    char port[8];
    assert_int_equal(getnameinfo((struct sockaddr *)&t.first.sa, t.first.len, NULL, 0, port,
                                 sizeof port, NI_NUMERICSERV),
                     0);
    assert_string_equal(port, "4711");
}

static void a_name_may_have_none(void **state)
{
    (void)state;
    struct told t = {0};
    resolver_ask(resolver, "no such name", on_told, &t);
    turn_until_told(&t);
    assert_int_equal(t.count, 0);
    assert_int_not_equal(t.status, 0);
}

static void who_forgets_is_not_told(void **state)
{
    (void)state;
    struct told forgotten = {0}, kept = {0};
    lookup_forget(resolver_ask(resolver, "localhost", on_told, &forgotten));
    resolver_ask(resolver, "localhost", on_told, &kept);
    lookup_forget(NULL);
    turn_until_told(&kept);
    assert_int_equal(forgotten.times, 0);
}

/* With look-ups in every state: waiting, at work, done and not yet told. */
static void freed_in_the_midst(void **state)
{
    (void)state;
    struct told t = {0};
    for (int i = 0; i < 300; i++)
        resolver_ask(resolver, "localhost", on_told, &t);
    resolver_free(resolver);
    loop_turn(loop, 0);
    assert_int_equal(t.times, 0);
    resolver = resolver_new(loop);
}

static void too_many_are_told_so(void **state)
{
    (void)state;
    struct told t = {0};
    for (int i = 0; i < 2000; i++)
        resolver_ask(resolver, "localhost", on_told, &t);
    int64_t until = clock_mono_us() + DEADLINE_US;
    while (t.times < 2000 && clock_mono_us() < until)
        loop_turn(loop, 50);
    assert_int_equal(t.times, 2000);
}

static void numeric_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *address;
        int family;
    } CASES[] = {{"127.0.0.1", "127.0.0.1", AF_INET},
                 {"localhost", "127.0.0.1", AF_INET},
                 {"2001:db8::1", "2001:db8::1", AF_INET6},
                 {"db", NULL, 0},
                 {"", NULL, 0},
                 {"1.2.3", NULL, 0},
                 {"/run/postgresql", NULL, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct sock_address a;
        char text[INET6_ADDRSTRLEN];
        assert_int_equal(sock_address_parse(CASES[i].text, &a), CASES[i].address != NULL);
        if (!CASES[i].address)
            continue;
        assert_int_equal(a.sa.ss_family, CASES[i].family);
        getnameinfo((struct sockaddr *)&a.sa, a.len, text, sizeof text, NULL, 0, NI_NUMERICHOST);
        assert_string_equal(text, CASES[i].address);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_name_has_addresses), T(a_name_may_have_none), T(who_forgets_is_not_told),
        T(freed_in_the_midst),   T(too_many_are_told_so), T(numeric_addresses),
    };
    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
