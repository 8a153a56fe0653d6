/* Which route a request takes, and paths in normal form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "routing/path.h"
#include "routing/router.h"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const char file[] = "_format_version: \"3.0\"\n"
                           "services:\n"
                           "  - name: s\n"
                           "    host: h\n"
                           "    routes:\n"
                           "      - {name: workflow, paths: [/workflow]}\n"
                           "      - {name: status, paths: [/workflow/status]}\n"
                           "      - {name: slash, paths: [/notification/]}\n"
                           "      - {name: get-only, paths: [/api/users], methods: [GET]}\n"
                           "      - {name: users, paths: [/api/users]}\n"
                           "      - {name: tickets-post, paths: [/api/tickets], methods: [POST]}\n"
                           "      - {name: api, paths: [/api]}\n"
                           "      - {name: exact-host, paths: [/h], hosts: [a.example.com]}\n"
                           "      - {name: wild-host, paths: [/h], hosts: [\"*.example.com\"]}\n"
                           "      - {name: suffix-host, paths: [/h], hosts: [\"example.*\"]}\n"
                           "      - {name: any-host, paths: [/h]}\n"
                           "      - {name: port-host, paths: [/p], hosts: [\"a.example.com:81\"]}\n"
                           "      - {name: version-2, paths: [/v], headers: {x-version: [\"2\"]}}\n"
                           "      - {name: version-any, paths: [/v]}\n"
                           "      - {name: secure, paths: [/secure], protocols: [https]}\n"
                           "      - {name: live, paths: [/live], protocols: [ws, wss]}\n"
                           "      - {name: host-only, hosts: [only.example.org]}\n";

static struct router *router(void)
{
    struct problem_list problems;
    problem_list_init(&problems, arena, "f");
    struct kong_file *f = kong_parse(arena, str_from(file), NULL, &problems);
    assert_non_null(f);
    return router_new(arena, f->all_routes, f->route_count);
}

struct query {
    const char *method, *host, *path, *version, *route;
    size_t prefix_len;
    bool is_upgrade;
};

static const struct query queries[] = {
    {"GET", "x", "/workflow/tasks/7", NULL, "workflow", 9},
    {"GET", "x", "/workflow", NULL, "workflow", 9},
    {"GET", "x", "/workflow/", NULL, "workflow", 9},
    {"GET", "x", "/workflow/status/7", NULL, "status", 16},
    {"GET", "x", "/workflow/statuses", NULL, "workflow", 9},
    {"GET", "x", "/workflowfoo", NULL, NULL},
    {"GET", "x", "/Workflow", NULL, NULL},
    {"GET", "x", "/notification/ws", NULL, "slash", 13},
    {"GET", "x", "/notification", NULL, "slash", 13},
    {"GET", "x", "/api/users/1", NULL, "get-only", 10},
    {"PUT", "x", "/api/users/1", NULL, "users", 10},
    {"POST", "x", "/api/tickets/1", NULL, "tickets-post", 12},
    {"GET", "x", "/api/tickets/1", NULL, "api", 4},
    {"PURGE", "x", "/api/tickets/1", NULL, "api", 4},
    {"GET", "x", "/api/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3/4/5/6/7/8/9", NULL,
     "api", 4},
    {"GET", "A.Example.com", "/h", NULL, "exact-host", 2},
    {"GET", "a.example.com:8080", "/h", NULL, "exact-host", 2},
    {"GET", "b.example.com", "/h", NULL, "wild-host", 2},
    {"GET", "example.com", "/h", NULL, "suffix-host", 2},
    {"GET", "example.net:81", "/h", NULL, "suffix-host", 2},
    {"GET", "[::1]:80", "/h", NULL, "any-host", 2},
    {"GET", "a.example.com:81", "/p", NULL, "port-host", 2},
    {"GET", "a.example.com", "/p", NULL, NULL},
    {"GET", "x", "/v/1", "2", "version-2", 2},
    {"GET", "x", "/v/1", "3", "version-any", 2},
    {"GET", "x", "/v/1", NULL, "version-any", 2},
    {"GET", "x", "/live", NULL, NULL},
    {"GET", "x", "/live", NULL, "live", 5, true},
    {"GET", "only.example.org", "/anything/at/all", NULL, "host-only", 0},
    {"GET", "only.example.org", "/", NULL, "host-only", 0},
    {"GET", "x", "/", NULL, NULL},
};

static void finds_the_route(void **state)
{
    (void)state;
    struct router *r = router();
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        const struct query *q = &queries[i];
        struct http_header header = {STR("X-Version"), str_from(q->version)};
        struct http_head head = {.headers = &header, .header_count = q->version != NULL};
        struct route_query query = {.method = kong_method_of(str_from(q->method)),
                                    .protocols = q->is_upgrade ? KONG_WS | KONG_HTTP : KONG_HTTP,
                                    .host = str_from(q->host),
                                    .path = str_from(q->path),
                                    .head = &head};
        struct route_hit hit;
        bool found = router_match(r, &query, &hit);
        if (found != (q->route != NULL) || (found && !str_eq(hit.route->name, str_from(q->route))))
            fail_msg("%s %s%s: %s", q->method, q->host, q->path,
                     found ? str_cstr(arena, hit.route->name) : "no route");
        if (found)
            assert_int_equal(hit.prefix_len, q->prefix_len);
    }
}

static void tells_a_wrong_scheme_from_no_route(void **state)
{
    (void)state;
    struct http_head head = {0};
    struct route_query q = {KONG_GET, KONG_HTTP, STR("x"), STR("/secure/1"), &head};
    struct route_hit hit;
    struct router *r = router();
    assert_true(router_match(r, &q, &hit));
    assert_true(hit.is_wrong_scheme);
    q.protocols = KONG_HTTPS;
    assert_true(router_match(r, &q, &hit));
    assert_false(hit.is_wrong_scheme);
}

static const struct {
    const char *in, *out; /* NULL: refused */
} paths[] = {
    {"/", "/"},
    {"/a/b", "/a/b"},
    {"/a/b/", "/a/b/"},
    {"//a///b", "/a/b"},
    {"/a/./b", "/a/b"},
    {"/a/../b", "/b"},
    {"/a/b/..", "/a/"},
    {"/a/b/.", "/a/b/"},
    {"/../../etc", "/etc"},
    {"/..", "/"},
    {"/a/%2e%2e/b", "/b"},
    {"/a/%2E/b", "/a/b"},
    {"/public/..%2fadmin", "/public/..%2Fadmin"},
    {"/%61dmin", "/admin"},
    {"/a%20b", "/a%20b"},
    {"/a%7Eb", "/a~b"},
    {"/.well-known/x", "/.well-known/x"},
    {"/...", "/..."},
    {"/a\\b", "/a%5Cb"},
    {"/caf\xc3\xa9", "/caf%C3%A9"},
    {"/a%", NULL},
    {"/a%2", NULL},
    {"/a%zz", NULL},
    {"/a%00", NULL},
    {"/a b", NULL},
    {"/a\x7f", NULL},
    {"a", NULL},
    {"*", NULL},
    {"", NULL},
};

static void normalises_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct str out, in = str_from(paths[i].in);
        bool ok = path_normalise(arena, in, &out);
        if (ok != (paths[i].out != NULL) || (ok && !str_eq(out, str_from(paths[i].out))))
            fail_msg("%s: %s", paths[i].in, ok ? str_cstr(arena, out) : "refused");
        struct str again;
        if (ok) {
            assert_true(path_normalise(arena, out, &again));
            assert_true(str_eq(again, out));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_the_route, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_a_wrong_scheme_from_no_route, set_up, tear_down),
        cmocka_unit_test_setup_teardown(normalises_paths, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
