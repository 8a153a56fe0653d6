#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "json.h"
#include "store/audit.h"
#include "store_test.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define NOW (INT64_C(1767225600) * US_PER_S)
#define OK(call) assert_int_equal((call), ERR_OK)

static void put(struct db_session *s, int64_t at, int64_t actor_id, const char *action,
                const char *target_id, bool refused)
{
    OK(audit_put(s, &(struct audit_event){
                        .origin = {.at = at,
                                   .actor_id = actor_id,
                                   .actor = actor_id ? STR_NULL : STR("workflow-service"),
                                   .address = STR("10.0.0.1"),
                                   .user_agent = STR("agent\xff"),
                                   .trace_id = STR("abc")},
                        .action = action,
                        .refused = refused,
                        .target_type = "user",
                        .target_id = str_from(target_id),
                        .details = refused ? STR("{\"code\": \"FORBIDDEN\"}") : STR_NULL,
                    }));
}

static const struct audit_filter ALL = {
    .actor_id = INT64_MIN,
    .refused = JSON_UNSET,
    .from = INT64_MIN,
    .to = INT64_MIN,
    .before_id = INT64_MIN,
    .limit = 100,
};

static size_t count(struct db_session *s, struct audit_filter f, struct audit_row **rows)
{
    struct audit_row *ignored;
    size_t n;

    OK(audit_store_list(s, &f, rows ? rows : &ignored, &n));
    return n;
}

static void events_are_read_back_newest_first(struct db_session *s)
{
    struct audit_row *rows;

    put(s, NOW, 7, "role.grant", "1", false);
    put(s, NOW + 1, 0, "user.update", "2", true);
    assert_int_equal(count(s, ALL, &rows), 2);
    assert_true(rows[0].id > rows[1].id);
    assert_int_equal(rows[0].actor_id, INT64_MIN);
    assert_true(str_eq(rows[0].actor, STR("workflow-service")));
    assert_true(rows[0].refused);
    assert_true(str_eq(rows[0].details, STR("{\"code\": \"FORBIDDEN\"}")));
    assert_int_equal(rows[1].actor_id, 7);
    assert_null(rows[1].actor.p);
    assert_int_equal(rows[1].at, NOW);
    assert_true(str_eq(rows[1].action, STR("role.grant")));
    assert_true(str_eq(rows[1].target_type, STR("user")));
    assert_true(str_eq(rows[1].target_id, STR("1")));
    assert_true(str_eq(rows[1].address, STR("10.0.0.1")));
    assert_true(str_eq(rows[1].user_agent, STR("")));
    assert_true(str_eq(rows[1].trace_id, STR("abc")));
    assert_true(str_eq(rows[1].details, STR("{}")));
}

static void every_filter_filters(struct db_session *s)
{
    struct audit_filter f;
    struct audit_row *rows;

    put(s, NOW, 7, "role.grant", "1", false);
    put(s, NOW + 10, 7, "role.revoke", "1", false);
    put(s, NOW + 20, 8, "role.grant", "2", true);
    f = ALL, f.actor_id = 7;
    assert_int_equal(count(s, f, NULL), 2);
    f = ALL, f.action = STR("role.grant");
    assert_int_equal(count(s, f, NULL), 2);
    f = ALL, f.target_type = STR("user"), f.target_id = STR("2");
    assert_int_equal(count(s, f, NULL), 1);
    f = ALL, f.target_type = STR("role");
    assert_int_equal(count(s, f, NULL), 0);
    f = ALL, f.refused = JSON_TRUE;
    assert_int_equal(count(s, f, NULL), 1);
    f = ALL, f.refused = JSON_FALSE;
    assert_int_equal(count(s, f, NULL), 2);
    f = ALL, f.from = NOW + 10, f.to = NOW + 20;
    assert_int_equal(count(s, f, NULL), 1);
    f = ALL, f.limit = 2;
    assert_int_equal(count(s, f, &rows), 2);
    f.before_id = rows[1].id;
    assert_int_equal(count(s, f, &rows), 1);
    assert_int_equal(rows[0].at, NOW);
}

static void details_must_be_an_object(struct db_session *s)
{
    assert_int_equal(
        audit_put(
            s, &(struct audit_event){.origin = {.at = NOW}, .action = "x", .details = STR("[]")}),
        ERR_VALIDATION_ERROR);
}

STORE_TEST(events_are_read_back_newest_first)
STORE_TEST(every_filter_filters)
STORE_TEST(details_must_be_an_object)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {WRITE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};

    (void)state;
    return store_test_open("audit", MIGRATIONS);
}

static int close_group(void **state)
{
    (void)state;
    return store_test_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_are_read_back_newest_first),
        cmocka_unit_test(test_every_filter_filters),
        cmocka_unit_test(test_details_must_be_an_object),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
