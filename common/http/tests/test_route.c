#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "route.h"

static enum err handler(struct req *r)
{
    return ERR_OK;
}

#define ROUTE(m, p)                                                                                \
    {                                                                                              \
        .method = m, .pattern = p, .handler = handler                                              \
    }

static const struct route FIRST[] = {
    ROUTE("GET", "/"),
    ROUTE("GET", "/tickets"),
    ROUTE("POST", "/tickets/"),
    ROUTE("GET", "/tickets/{id}"),
    ROUTE("PATCH", "/tickets/{id}"),
    ROUTE("POST", "/tickets/search"),
    ROUTE("GET", "/tickets/mine"),
    ROUTE("GET", "/tickets/{id}/comments/{comment_id}"),
    ROUTE("GET", "/tickets/number/{n}"),
    ROUTE("GET", "/tickets/number/{n}/sla/"),
    {0},
};
static const struct route SECOND[] = {
    ROUTE("GET", "/media/{rest*}"),
    ROUTE("DELETE", "/media/{id}"),
    ROUTE("HEAD", "/media/special"),
    ROUTE("GET", "/media/special"),
    ROUTE("GET", "/a b"),
    ROUTE("GET", "/{any}/x/{more}"),
    {0},
};

static struct route_table *table(void)
{
    const struct route *const arrays[] = {FIRST, SECOND};
    return route_table_new(arrays, 2);
}

static const struct match_case {
    const char *method, *path;
    const char *pattern; /* NULL: none */
    const char *allow;
    const char *params[3];
} CASES[] = {
    {"GET", "/", "/", NULL, {NULL}},
    {"GET", "/tickets", "/tickets", NULL, {NULL}},
    {"GET", "/tickets/", "/tickets", NULL, {NULL}},
    {"POST", "/tickets", "/tickets/", NULL, {NULL}},
    {"POST", "/tickets/", "/tickets/", NULL, {NULL}},
    {"HEAD", "/tickets", "/tickets", NULL, {NULL}},
    {"GET", "/tickets//", NULL, NULL, {NULL}},
    {"GET", "//tickets", NULL, NULL, {NULL}},
    {"GET", "/ticket", NULL, NULL, {NULL}},
    {"GET", "/ticketss", NULL, NULL, {NULL}},
    {"GET", "/Tickets", NULL, NULL, {NULL}},
    {"GET", "tickets", NULL, NULL, {NULL}},
    {"GET", "", NULL, NULL, {NULL}},
    {"DELETE", "/tickets", NULL, "GET, HEAD, POST", {NULL}},
    {"get", "/tickets", NULL, "GET, HEAD, POST", {NULL}},
    {"OPTIONS", "/tickets/7", NULL, "GET, HEAD, PATCH", {NULL}},

    {"GET", "/tickets/7", "/tickets/{id}", NULL, {"7"}},
    {"PATCH", "/tickets/7/", "/tickets/{id}", NULL, {"7"}},
    {"GET", "/tickets/a%2Fb", "/tickets/{id}", NULL, {"a%2Fb"}},
    {"GET", "/tickets/mine", "/tickets/mine", NULL, {NULL}},
    {"GET", "/tickets/m%69ne", "/tickets/mine", NULL, {NULL}},
    {"GET", "/tickets/m%6", "/tickets/{id}", NULL, {"m%6"}},
    {"GET", "/tickets/m%zzne", "/tickets/{id}", NULL, {"m%zzne"}},
    {"GET", "/a%20b", "/a b", NULL, {NULL}},

    /* A literal that leads nowhere does not hide the parameter beside it. */
    {"GET", "/tickets/number", "/tickets/{id}", NULL, {"number"}},
    {"GET",
     "/tickets/number/comments/3",
     "/tickets/{id}/comments/{comment_id}",
     NULL,
     {"number", "3"}},
    {"GET", "/tickets/search", "/tickets/{id}", NULL, {"search"}},
    {"PUT", "/tickets/search", NULL, "POST, GET, HEAD, PATCH", {NULL}},
    {"GET", "/tickets/number/comments", "/tickets/number/{n}", NULL, {"comments"}},
    {"GET", "/tickets/number/5/sla", "/tickets/number/{n}/sla/", NULL, {"5"}},
    {"GET", "/tickets/x/y", "/{any}/x/{more}", NULL, {"tickets", "y"}},
    {"GET", "/tickets/7/comments", NULL, NULL, {NULL}},
    {"GET", "/tickets//comments/3", NULL, NULL, {NULL}},

    {"GET", "/media/1", "/media/{rest*}", NULL, {"1"}},
    {"GET", "/media/1/2/3/", "/media/{rest*}", NULL, {"1/2/3"}},
    {"GET", "/media", NULL, NULL, {NULL}},
    {"DELETE", "/media/1", "/media/{id}", NULL, {"1"}},
    {"DELETE", "/media/1/2", NULL, "GET, HEAD", {NULL}},
    {"POST", "/media/1", NULL, "DELETE, GET, HEAD", {NULL}},
    {"HEAD", "/media/special", "/media/special", NULL, {NULL}},
};

static void test_match(void **state)
{
    struct route_table *t = table();
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct match_case *c = &CASES[i];
        struct route_match m;
        route_table_match(t, a, str_from(c->method), str_from(c->path), &m);
        const char *got = m.route ? m.route->pattern : NULL;
        if (!str_eq(str_from(got), str_from(c->pattern)) || !got != !c->pattern)
            fail_msg("%s %s: %s", c->method, c->path, got ? got : "nothing");
        if (!str_eq(m.allow, str_from(c->allow)) || !m.allow.p != !c->allow)
            fail_msg("%s %s: allow %.*s", c->method, c->path, STR_ARG(m.allow));
        for (int k = 0; m.route && k < 3; k++)
            if (!str_eq(m.params[k], str_from(c->params[k])))
                fail_msg("%s %s: parameter %d is %.*s", c->method, c->path, k,
                         STR_ARG(m.params[k]));
    }
    arena_free(a);
    route_table_free(t);
}

static void test_hit_allocates_nothing(void **state)
{
    struct route_table *t = table();
    struct arena *a = arena_new();
    struct route_match m;
    route_table_match(t, a, STR("GET"), STR("/tickets/number/7"), &m);
    assert_non_null(m.route);
    assert_int_equal(arena_used(a), 0);
    arena_free(a);
    route_table_free(t);
}

static void test_explicit_head_wins(void **state)
{
    struct route_table *t = table();
    struct arena *a = arena_new();
    struct route_match m;
    route_table_match(t, a, STR("HEAD"), STR("/media/special"), &m);
    assert_ptr_equal(m.route, &SECOND[2]);
    arena_free(a);
    route_table_free(t);
}

static void test_order(void **state)
{
    struct route_table *t = table();
    assert_ptr_equal(route_table_at(t, 0), &FIRST[0]);
    assert_ptr_equal(route_table_at(t, 10), &SECOND[0]);
    assert_null(route_table_at(t, 16));
    route_table_free(t);
}

/* A wrong table ends the program when it starts. */
static void assert_aborts(const struct route *routes)
{
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        assert_non_null(freopen("/dev/null", "w", stderr));
        const struct route *const arrays[] = {FIRST, routes};
        route_table_free(route_table_new(arrays, 2));
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_bad_tables(void **state)
{
    static const struct route twice[] = {ROUTE("GET", "/tickets/"), {0}};
    static const struct route twice_named_differently[] = {ROUTE("GET", "/tickets/{number}"), {0}};
    static const struct route no_slash[] = {ROUTE("GET", "x"), {0}};
    static const struct route empty_segment[] = {ROUTE("GET", "/x//y"), {0}};
    static const struct route mixed[] = {ROUTE("GET", "/x/a{b}"), {0}};
    static const struct route rest_first[] = {ROUTE("GET", "/x/{r*}/y"), {0}};
    static const struct route *const bad[] = {
        twice, twice_named_differently, no_slash, empty_segment, mixed, rest_first,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_aborts(bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_hit_allocates_nothing),
        cmocka_unit_test(test_explicit_head_wins),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bad_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
