/* The route file: what is accepted means what Kong means; what is wrong is named with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/kong.h"
#include "plugins/plugin.h"

static struct arena *arena;
static struct problem_list problems;

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

static struct str look_up(void *arg, const char *name)
{
    (void)arg;
    if (strcmp(name, "SECRET") == 0)
        return STR("123456");
    return strcmp(name, "EMPTY") == 0 ? STR("") : STR_NULL;
}

static struct kong_file *parse(const char *text)
{
    static const struct doc_env env = {look_up, NULL};
    problem_list_init(&problems, arena, "kong.yml");
    return kong_parse(arena, str_from(text), &env, &problems);
}

#define V "_format_version: \"3.0\"\n"

/* ---- refusals -------------------------------------------------------------------------------- */

struct refusal {
    const char *text, *problem;
};

static const struct refusal refusals[] = {
    {"", "kong.yml: the file is empty"},
    {"- a\n", "kong.yml:1: must be a mapping, not a list"},
    {"a: [\n",
     "kong.yml:2: not valid YAML: did not find expected node content while parsing a flow "
     "node"},
    {"services: []\n", "kong.yml:1: \"_format_version\" is required"},
    {"_format_version: 3.0\n",
     "kong.yml:1: _format_version: must be a string (quote it), not a number"},
    {"_format_version: \"2.1\"\n", "kong.yml:1: _format_version: must be one of 3.0, not \"2.1\""},
    {V "---\na: b\n", "kong.yml:3: the file must hold one YAML document"},
    {V "_format_version: \"3.0\"\n",
     "kong.yml:2: key \"_format_version\" is repeated (first on line 1)"},
    {V "service: []\n", "kong.yml:2: unknown key \"service\""},
    {V "services: {}\n", "kong.yml:2: services: must be a list, not a mapping"},
    {V "services:\n  - nome: a\n    host: h\n", "kong.yml:3: services[0]: unknown key \"nome\""},
    {V "services:\n  - name: a\n    host: h\n    port: \"80\"\n",
     "kong.yml:5: services[0].port: must be a whole number, not a string"},
    {V "services:\n  - name: a\n    host: h\n    port: 65536\n",
     "kong.yml:5: services[0].port: must be between 1 and 65535"},
    {V "services:\n  - name: 7\n    host: h\n",
     "kong.yml:3: services[0].name: must be a string (quote it), not a whole number"},
    {V "services:\n  - name: a\n", "kong.yml:3: a service needs url or host"},
    {V "services:\n  - name: a\n    host: h\n    url: http://h\n",
     "kong.yml:3: a service has either url or host, not both"},
    {V "services:\n  - name: a\n    url: https://h\n",
     "kong.yml:3: service url: https is not supported; upstreams are reached over plain HTTP"},
    {V "services:\n  - name: a\n    url: http://h:99999/\n",
     "kong.yml:3: service url: \"h:99999\" is not host:port"},
    {V "services:\n  - name: a\n    host: h\n    path: x\n",
     "kong.yml:3: service path \"x\" must begin with / and be in normal form"},
    {V "services:\n  - name: a\n    host: h\n    protocol: grpc\n",
     "kong.yml:5: services[0].protocol: must be one of http|ws, not \"grpc\""},
    {V "services:\n  - name: a\n    host: h\n    tls_verify: true\n",
     "kong.yml:5: services[0].tls_verify: is not supported; upstreams are reached over plain HTTP "
     "inside the fleet's network"},
    {V "services:\n  - {name: a, host: h}\n  - {name: a, host: h}\n",
     "kong.yml:4: service \"a\" is defined twice (first on line 3)"},
    {V "routes:\n  - {name: r, paths: [/r]}\n", "kong.yml:3: a route needs a service"},
    {V "routes:\n  - {name: r, paths: [/r], service: x}\n",
     "kong.yml:3: service \"x\" does not exist"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - name: r\n",
     "kong.yml:6: a route needs paths, hosts, methods or headers"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - name: r\n        paths: /r\n",
     "kong.yml:7: services[0].routes[0].paths: must be a list, not a string"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - paths: [r]\n",
     "kong.yml:6: route path \"r\" must begin with / and be in normal form"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - paths: [/a/../b]\n",
     "kong.yml:6: route path \"/a/../b\" must begin with / and be in normal form"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - paths: [~/r(]\n",
     "kong.yml:6: route path \"~/r(\" is no valid expression: missing closing parenthesis at "
     "character 4"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - paths: [/r]\n        methods: "
       "[get]\n",
     "kong.yml:7: services[0].routes[0].methods[0]: must be one of "
     "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT, not \"get\""},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - hosts: [\"a.*.b\"]\n",
     "kong.yml:6: route host \"a.*.b\": a wildcard is \"*.\" in front or \".*\" at the end"},
    {V
     "services:\n  - name: a\n    host: h\n    routes:\n      - paths: [/r]\n        headers: {x: "
     "y}\n",
     "kong.yml:7: route header \"x\" must be a list of strings"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - paths: [/r]\n        strip_path: "
       "\"yes\"\n",
     "kong.yml:7: services[0].routes[0].strip_path: must be true or false, not a string"},
    {V "services:\n  - name: a\n    host: h\n    routes:\n      - paths: [/r]\n        expression: "
       "x\n",
     "kong.yml:7: services[0].routes[0].expression: is not supported; use paths, methods, hosts "
     "and "
     "headers"},
    {V "upstreams:\n  - name: u\n    algorithm: consistent-hashing\n",
     "kong.yml:3: consistent-hashing needs hash_on"},
    {V "upstreams:\n  - name: u\n    algorithm: latency\n",
     "kong.yml:4: upstreams[0].algorithm: must be one of "
     "round-robin|least-connections|consistent-hashing, not \"latency\""},
    {V "upstreams:\n  - name: u\n    hash_on: cookie\n",
     "kong.yml:4: upstreams[0].hash_on: must be one of none|consumer|ip|header|path|query_arg, not "
     "\"cookie\""},
    {V "upstreams:\n  - name: u\n    hash_on_cookie: sid\n",
     "kong.yml:4: upstreams[0].hash_on_cookie: is not supported; hash on consumer, ip, header, "
     "path "
     "or query_arg"},
    {V "upstreams:\n  - name: u\n    hash_on: header\n",
     "kong.yml:3: hash_on header needs hash_on_header"},
    {V "upstreams:\n  - name: u\n    hash_on: ip\n    hash_fallback: query_arg\n",
     "kong.yml:3: hash_fallback query_arg needs hash_fallback_query_arg"},
    {V "upstreams:\n  - name: u\n    targets:\n      - target: \"h:\"\n",
     "kong.yml:5: target \"h:\" is not host:port"},
    {V "upstreams:\n  - name: u\n    healthchecks:\n      active:\n        helthy: {}\n",
     "kong.yml:6: upstreams[0].healthchecks.active: unknown key \"helthy\""},
    {V "upstreams:\n  - name: u\n    healthchecks:\n      active:\n        http_path: \"/a b\"\n",
     "kong.yml:6: healthchecks.active.http_path must begin with \"/\" and hold no blanks"},
    {V "upstreams:\n  - name: u\n    healthchecks:\n      active: {http_path: a}\n",
     "kong.yml:5: healthchecks.active.http_path must begin with \"/\" and hold no blanks"},
    {V "consumers:\n  - custom_id: c\n    jwt_secrets:\n      - key: k\n",
     "kong.yml:5: consumers[0].jwt_secrets[0]: \"secret\" is required"},
    {V "consumers:\n  - username: c\n    jwt_secrets:\n      - {key: k, secret: s, algorithm: "
       "RS256}\n",
     "kong.yml:5: consumers[0].jwt_secrets[0].algorithm: must be one of HS256, not \"RS256\""},
    {V "consumers:\n  - username: c\n    keyauth_credentials: [{key: x}]\n",
     "kong.yml:4: consumers[0].keyauth_credentials: is not supported; use jwt with jwt_secrets"},
    {V "plugins:\n  - name: nope\n", "kong.yml:3: unknown plugin \"nope\""},
    {V "plugins:\n  - name: pre-function\n    config: {access: [x]}\n",
     "kong.yml:3: plugin pre-function is not supported; Lua is not run; the jwt plugin reads "
     "cookies "
     "itself (cookie_names)"},
    {V "plugins:\n  - name: cors\n    config: {max_age: ten}\n",
     "kong.yml:4: cors.config.max_age: must be a whole number, not a string"},
    {V "plugins:\n  - name: cors\n    config: {origin: []}\n",
     "kong.yml:4: cors.config: unknown key \"origin\""},
    {V "plugins:\n  - name: cors\n    config: {origins: [\"(\"]}\n",
     "kong.yml:4: cors: origin \"(\" is no valid pattern: Unmatched ( or \\("},
    {V "plugins:\n  - name: cors\n  - name: cors\n",
     "kong.yml:4: plugin cors is configured twice for the same scope (first on line 3)"},
    {V "plugins:\n  - name: cors\n    route: r\n", "kong.yml:3: route \"r\" does not exist"},
    {V "plugins:\n  - name: rate-limiting\n    config: {policy: local}\n",
     "kong.yml:4: rate-limiting: one of second, minute, hour, day, month, year is needed"},
    {V "plugins:\n  - name: rate-limiting\n    config: {minute: 5, policy: redis}\n",
     "kong.yml:4: rate-limiting.config.policy: must be one of local|cluster, not \"redis\""},
    {V "plugins:\n  - name: ip-restriction\n    config: {allow: [10.0.0.0/33]}\n",
     "kong.yml:4: ip-restriction: \"10.0.0.0/33\" is no address or network"},
    {V "plugins:\n  - name: request-transformer\n    config: {add: {body: [\"a:b\"]}}\n",
     "kong.yml:4: request-transformer.config.add.body: is not supported; bodies and query strings "
     "pass unchanged; list headers only"},
    {V "plugins:\n  - name: request-transformer\n    config: {add: {headers: [\"Host:b\"]}}\n",
     "kong.yml:4: add: the gateway sets \"Host\" itself"},
    {V "plugins:\n  - name: jwt\n",
     "kong.yml:3: jwt: no consumer has a jwt secret, so no token is valid"},
    {V "consumers:\n  - username: c\n    plugins:\n      - name: cors\n",
     "kong.yml:5: plugin cors cannot be limited to a consumer"},
    {V "services:\n  - name: a\n    host: ${NOT_SET}\n",
     "kong.yml:4: variable NOT_SET is not set and has no default"},
    {V "services:\n  - name: a\n    host: ${A B}\n",
     "kong.yml:4: a variable's name has letters, digits and _ only"},
    {V "a: &x\n  b: *x\n", "kong.yml:2: an alias refers to itself"},
};

static void names_each_problem_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        assert_null(parse(refusals[i].text));
        assert_non_null(problems.first);
        struct str line = problem_line(&problems, problems.first);
        assert_string_equal(str_cstr(arena, line), refusals[i].problem);
    }
}

static void names_all_problems_at_once(void **state)
{
    (void)state;
    assert_null(
        parse(V "services:\n  - name: a\n    port: x\n    hosst: h\nplugins:\n  - name: no\n"));
    assert_int_equal(problems.count, 4);
}

static void bounds_what_aliases_multiply(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, arena);
    BUF_LIT(&b, "a0: &a0 {k: v}\n");
    for (int i = 1; i < 40; i++)
        buf_printf(&b, "a%d: &a%d {x: *a%d, y: *a%d}\n", i, i, i - 1, i - 1);
    assert_null(parse(buf_cstr(&b)));
}

/* ---- what is accepted ------------------------------------------------------------------------ */

static const char deployed[] =
    V "_transform: true\n"
      "services:\n"
      "  - name: auth-service-frontend\n"
      "    url: http://auth-service:8000\n"
      "    routes:\n"
      "      - name: auth-frontend\n"
      "        paths: [/auth/api/v1]\n"
      "        strip_path: false\n"
      "        preserve_host: true\n"
      "        methods: [GET, POST, OPTIONS]\n"
      "  - name: messaging-websocket\n"
      "    protocol: http\n"
      "    host: messaging-service\n"
      "    port: 8001\n"
      "    path: /ws\n"
      "    connect_timeout: 60000\n"
      "    read_timeout: 3600000\n"
      "    write_timeout: 3600000\n"
      "    retries: 0\n"
      "    tags: [live]\n"
      "    routes:\n"
      "      - name: messaging-ws\n"
      "        protocols: [http, https, ws, wss]\n"
      "        paths:\n"
      "          - /messaging/ws\n"
      "        headers: {x-version: [v1, v2]}\n"
      "    plugins:\n"
      "      - name: jwt\n"
      "        config:\n"
      "          key_claim_name: iss\n"
      "          claims_to_verify: [exp]\n"
      "          cookie_names: [access_token]\n"
      "          run_on_preflight: false\n"
      "upstreams:\n"
      "  - name: messaging-service\n"
      "    slots: 100\n"
      "    healthchecks: {passive: {unhealthy: {tcp_failures: 3, http_statuses: [500, 503]}}}\n"
      "    targets:\n"
      "      - {target: \"m1:8001\", weight: 10}\n"
      "      - target: \"[::1]:8002\"\n"
      "consumers:\n"
      "  - username: auth-service\n"
      "    jwt_secrets:\n"
      "      - {key: tts-jwt-issuer, algorithm: HS256, secret: \"${SECRET}\"}\n"
      "plugins:\n"
      "  - name: cors\n"
      "    config: &cors\n"
      "      origins: [http://localhost:1000, \"https://.*\\\\.example\\\\.com\"]\n"
      "      credentials: true\n"
      "      max_age: 3600\n"
      "  - name: rate-limiting\n"
      "    config: {minute: 100, policy: local, fault_tolerant: true, hide_client_headers: false}\n"
      "  - name: cors\n"
      "    service: auth-service-frontend\n"
      "    config:\n"
      "      <<: *cors\n"
      "      max_age: 60\n"
      "  - name: correlation-id\n"
      "    route: {name: messaging-ws}\n"
      "    enabled: false\n";

static void reads_a_file_of_the_deployed_shape(void **state)
{
    (void)state;
    struct kong_file *f = parse(deployed);
    if (problems.first)
        print_error("%s\n", str_cstr(arena, problem_line(&problems, problems.first)));
    assert_non_null(f);
    const struct kong_service *s = f->services.items;
    assert_true(str_eq(s[0].host, STR("auth-service")));
    assert_int_equal(s[0].port, 8000);
    assert_int_equal(s[0].connect_timeout, 60000);
    assert_int_equal(s[1].retries, 0);
    assert_true(str_eq(s[1].path, STR("/ws")));
    assert_int_equal(f->route_count, 2);
    const struct kong_route *r = f->all_routes[0];
    assert_false(r->strip_path);
    assert_true(r->preserve_host);
    assert_int_equal(r->method_mask, KONG_GET | KONG_POST | KONG_OPTIONS);
    assert_ptr_equal(r->service, &s[0]);
    r = f->all_routes[1];
    assert_true(r->strip_path);
    assert_int_equal(r->method_mask, 0);
    assert_int_equal(r->protocol_mask, KONG_HTTP | KONG_HTTPS | KONG_WS | KONG_WSS);
    assert_int_equal(r->header_count, 1);
    assert_int_equal(r->headers[0].count, 2);
    assert_int_equal(f->target_count, 2);
    assert_true(str_eq(f->all_targets[1]->host, STR("::1")));
    assert_int_equal(f->all_targets[1]->port, 8002);
    assert_int_equal(f->all_targets[0]->weight, 10);
    assert_true(str_eq(f->all_secrets[0]->secret, STR("123456")));
    assert_int_equal(f->plugin_count, 5);
}

static const char *use_of(const struct plugin_chain *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->uses[i]->plugin->name, name) == 0)
            return c->uses[i]->service ? "service" : c->uses[i]->route ? "route" : "global";
    return "none";
}

static void takes_the_most_specific_plugin(void **state)
{
    (void)state;
    struct kong_file *f = parse(deployed);
    assert_non_null(f);
    const struct plugin_chain *auth = plugin_chain_new(arena, f, f->all_routes[0]);
    assert_string_equal(use_of(auth, "cors"), "service");
    assert_string_equal(use_of(auth, "jwt"), "none");
    assert_string_equal(use_of(auth, "rate-limiting"), "global");
    const struct plugin_chain *ws = plugin_chain_new(arena, f, f->all_routes[1]);
    assert_string_equal(use_of(ws, "cors"), "global");
    assert_string_equal(use_of(ws, "jwt"), "service");
    assert_string_equal(use_of(ws, "correlation-id"), "none");
    const struct plugin_chain *unrouted = plugin_chain_new(arena, f, NULL);
    assert_int_equal(unrouted->count, 2);
    for (size_t i = 1; i < ws->count; i++)
        assert_true(ws->uses[i - 1]->plugin->priority > ws->uses[i]->plugin->priority);
}

static void gives_consumers_chains_of_their_own(void **state)
{
    (void)state;
    struct kong_file *f = parse(V "services:\n"
                                  "  - {name: s, host: h, routes: [{name: r, paths: [/]}]}\n"
                                  "consumers:\n"
                                  "  - username: a\n"
                                  "    plugins: [{name: rate-limiting, config: {second: 1}}]\n"
                                  "  - username: b\n"
                                  "plugins:\n"
                                  "  - {name: rate-limiting, config: {second: 9}}\n"
                                  "  - {name: rate-limiting, route: r, config: {second: 5}}\n");
    assert_non_null(f);
    const struct kong_consumer *people = f->consumers.items;
    const struct plugin_chain *any = plugin_chain_new(arena, f, f->all_routes[0]);
    assert_ptr_equal(plugin_chain_for(any, NULL), any);
    assert_ptr_equal(plugin_chain_for(any, &people[1]), any);
    assert_ptr_equal(any->uses[0]->route, f->all_routes[0]);
    const struct plugin_chain *a = plugin_chain_for(any, &people[0]);
    assert_ptr_equal(a->uses[0]->consumer, &people[0]);
}

static void replaces_variables_in_values_only(void **state)
{
    (void)state;
    struct kong_file *f = parse(V "services:\n"
                                  "  - name: \"a-${SECRET}-${NONE:-x}${NONE:y}$${z}\"\n"
                                  "    host: ${NONE:-h}\n"
                                  "    port: ${NONE:-81}\n");
    assert_non_null(f);
    const struct kong_service *s = f->services.items;
    assert_true(str_eq(s->name, STR("a-123456-xy${z}")));
    assert_int_equal(s->port, 81);
    assert_null(parse(V "services:\n  - {name: a, host: h, port: \"${NONE:-81, x: 1}\"}\n"));
}

static void splits_addresses(void **state)
{
    (void)state;
    struct str host;
    int port = 7;
    assert_true(kong_split_address(STR("h"), &host, &port));
    assert_int_equal(port, 7);
    assert_true(kong_split_address(STR("h:80"), &host, &port));
    assert_int_equal(port, 80);
    assert_true(kong_split_address(STR("[::1]"), &host, &port));
    assert_true(str_eq(host, STR("::1")));
    assert_false(kong_split_address(STR(":80"), &host, &port));
    assert_false(kong_split_address(STR("h:0"), &host, &port));
    assert_false(kong_split_address(STR("h:-1"), &host, &port));
    assert_false(kong_split_address(STR("[]:1"), &host, &port));
    assert_false(kong_split_address(STR("[::1]x"), &host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_each_problem_with_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_all_problems_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_what_aliases_multiply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_a_file_of_the_deployed_shape, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_the_most_specific_plugin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gives_consumers_chains_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaces_variables_in_values_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(splits_addresses, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
