#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "route.h"

struct thing {
    struct str name;
    int64_t page;
};
static const struct json_field THING_FIELDS[] = {
    {.name = "name", .kind = JK_STR, .offset = offsetof(struct thing, name), .flags = JF_REQUIRED},
};
static JSON_SCHEMA(THING, "Thing", struct thing, THING_FIELDS);
static const struct json_field QUERY_FIELDS[] = {
    {.name = "page",
     .kind = JK_INT,
     .offset = offsetof(struct thing, page),
     .min = 1,
     .max = 9,
     .doc = "Which page"},
};
static JSON_SCHEMA(QUERY, "Query", struct thing, QUERY_FIELDS);

static const enum err THING_ERRORS[] = {ERR_NOT_FOUND, ERR_TICKET_NOT_FOUND, ERR_OK};
static const struct route_text TEXTS[] = {{ERR_NOT_FOUND, "nothing there"}, {0}};

static const struct route ROUTES[] = {
    {.method = "GET", .pattern = "/api/v1/things", .query = &QUERY, .summary = "All of them"},
    {.method = "POST",
     .pattern = "/api/v1/things/",
     .auth = AUTH_USER,
     .permission = 3,
     .body = &THING,
     .reply = &THING,
     .success = 201},
    {.method = "GET",
     .pattern = "/api/v1/things/{id}",
     .auth = AUTH_OPTIONAL,
     .reply = &THING,
     .errors = THING_ERRORS,
     .texts = TEXTS},
    {.method = "DELETE", .pattern = "/api/v1/things/{thing_id}", .auth = AUTH_ANY, .success = 204},
    {.method = "PUT", .pattern = "/files/{rest*}", .flags = ROUTE_STREAM},
    {.method = "GET", .pattern = "/ws/live", .flags = ROUTE_UPGRADE},
    {.method = "GET", .pattern = "/secret", .flags = ROUTE_HIDDEN},
    {0},
};

static const char *permission_name(int permission)
{
    return permission == 3 ? "thing.create" : "other";
}

static const struct json *member(const struct json *v, const char *const *keys)
{
    for (; *keys; keys++)
        v = json_get(v, *keys);
    return v;
}
#define AT(v, ...) member((v), (const char *const[]){__VA_ARGS__, NULL})
#define ASSERT_STR(v, text) assert_true(str_eq(json_str(v), STR(text)))

static void test_document(void **state)
{
    const struct route *const arrays[] = {ROUTES};
    struct route_table *t = route_table_new(arrays, 1);
    struct arena *a = arena_new();
    struct buf b;
    struct json_writer w;
    const struct json *doc;
    const char *why = NULL;
    buf_init(&b, a);
    jw_init(&w, &b);
    openapi_write(&w, t, "Things", "1.2.3", permission_name);
    /* The parser refuses duplicate keys: every path and method is there once. */
    if (json_parse(a, buf_str(&b), &doc, &why))
        fail_msg("%s: %s", why, buf_cstr(&b));
    ASSERT_STR(json_get(doc, "openapi"), "3.1.0");
    ASSERT_STR(AT(doc, "info", "title"), "Things");
    const struct json *paths = json_get(doc, "paths");
    assert_int_equal(json_count(paths), 4);

    const struct json *list = AT(paths, "/api/v1/things", "get");
    ASSERT_STR(json_get(list, "summary"), "All of them");
    ASSERT_STR(json_get(list, "operationId"), "get_api_v1_things");
    ASSERT_STR(json_at(json_get(list, "tags"), 0), "things");
    assert_int_equal(json_count(json_get(list, "security")), 0);
    const struct json *page = json_at(json_get(list, "parameters"), 0);
    ASSERT_STR(json_get(page, "in"), "query");
    ASSERT_STR(AT(page, "schema", "type"), "integer");
    assert_non_null(AT(list, "responses", "422"));
    assert_null(AT(list, "responses", "401"));

    const struct json *create = AT(paths, "/api/v1/things", "post");
    ASSERT_STR(json_get(create, "x-permission"), "thing.create");
    ASSERT_STR(AT(create, "requestBody", "content", "application/json", "schema", "$ref"),
               "#/components/schemas/Thing");
    ASSERT_STR(AT(create, "responses", "201", "content", "application/json", "schema", "$ref"),
               "#/components/schemas/Thing");
    assert_int_equal(json_count(json_get(create, "responses")), 7);
    assert_int_equal(json_count(json_get(create, "security")), 3);

    const struct json *show = AT(paths, "/api/v1/things/{id}", "get");
    ASSERT_STR(json_get(show, "operationId"), "get_api_v1_things_by_id");
    ASSERT_STR(AT(show, "responses", "404", "description"),
               "NOT_FOUND: nothing there; TICKET_NOT_FOUND: The ticket does not exist");
    assert_int_equal(json_count(json_at(json_get(show, "security"), 0)), 0);
    const struct json *remove = AT(paths, "/api/v1/things/{id}", "delete");
    ASSERT_STR(json_get(json_at(json_get(remove, "parameters"), 0), "name"), "id");
    assert_non_null(AT(remove, "responses", "204"));

    assert_non_null(AT(paths, "/files/{rest}", "put", "requestBody", "content", "*/*"));
    assert_non_null(AT(paths, "/ws/live", "get", "responses", "101"));
    assert_int_equal(json_count(AT(doc, "components", "schemas")), 2);
    assert_non_null(AT(doc, "components", "securitySchemes", "bearer"));
    arena_free(a);
    route_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
