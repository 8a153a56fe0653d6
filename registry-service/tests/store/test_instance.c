#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "store/instance.h"
#include "store_test.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define NOW (INT64_C(1767225600) * US_PER_S)
#define LEASE (90 * US_PER_S)
#define OK(call) assert_int_equal((call), ERR_OK)

static struct instance make(const char *id, int64_t renewed_at)
{
    return (struct instance){.name = STR("svc"),
                             .id = str_from(id),
                             .host = STR("localhost"),
                             .port = 3001,
                             .port_is_text = true,
                             .health_endpoint = STR("/health"),
                             .version = STR("1"),
                             .is_healthy = true,
                             .renewed_at = renewed_at,
                             .lease_until = renewed_at + LEASE};
}

static int64_t enter(struct db_session *s, const struct instance *i)
{
    int64_t registered_at;

    OK(instance_store_register(s, i, i->renewed_at, &registered_at));
    return registered_at;
}

static int64_t revision(struct db_session *s)
{
    int64_t n;

    OK(instance_store_revision(s, &n));
    return n;
}

static size_t all(struct db_session *s, struct instance **out)
{
    size_t n;

    OK(instance_store_all(s, out, &n));
    return n;
}

static void a_registration_is_read_back(struct db_session *s)
{
    struct instance i = make("one", NOW), *rows;

    assert_int_equal(enter(s, &i), NOW);
    assert_int_equal(all(s, &rows), 1);
    assert_true(instance_is_same(&rows[0], &i));
    assert_true(rows[0].is_healthy);
    assert_int_equal(rows[0].failures, 0);
    assert_int_equal(rows[0].registered_at, NOW);
    assert_int_equal(rows[0].lease_until, NOW + LEASE);
    assert_int_equal(rows[0].last_health_check, INT64_MIN);
}

static void only_what_readers_notice_moves_the_revision(struct db_session *s)
{
    struct instance i = make("one", NOW), *due;
    int64_t before = revision(s);
    size_t n;

    (void)enter(s, &i);
    assert_int_equal(revision(s), before + 1);
    i.renewed_at = NOW + 1;
    assert_int_equal(enter(s, &i), NOW);
    OK(instance_store_renew(s, i.name, i.id, NOW + 2, NOW + 2 + LEASE));
    OK(instance_store_claim_checks(s, NOW, NOW + LEASE, 10, &due, &n));
    OK(instance_store_checked(s, &i, true, NOW, NOW, NOW));
    OK(instance_store_remove(s, STR("other"), STR_NULL));
    OK(instance_store_remove(s, i.name, STR("two")));
    assert_int_equal(revision(s), before + 1);
    i.port = 3002;
    (void)enter(s, &i);
    assert_int_equal(revision(s), before + 2);
    OK(instance_store_checked(s, &i, false, NOW, NOW, NOW));
    assert_int_equal(revision(s), before + 3);
    (void)enter(s, &i); /* it counts as healthy again */
    assert_int_equal(revision(s), before + 4);
    OK(instance_store_remove(s, i.name, i.id));
    assert_int_equal(revision(s), before + 5);
}

/* Ends leases at that time; a lease that has a third to go is not overdue. */
static struct lease_count expire(struct db_session *s, int64_t now, int64_t percent)
{
    const struct lease_rules rules = {now + LEASE / 3, percent, now - 10 * LEASE};
    struct lease_count count;

    OK(instance_store_expire(s, now, &rules, &count));
    return count;
}

static void a_lease_ends_unless_it_is_renewed(struct db_session *s)
{
    struct instance one = make("one", NOW), two = make("two", NOW), *rows;

    (void)enter(s, &one);
    (void)enter(s, &two);
    OK(instance_store_renew(s, one.name, STR("two"), NOW + 1, NOW + 2 * LEASE));
    assert_int_equal(expire(s, NOW + LEASE, 85).ended, 0);
    assert_int_equal(expire(s, NOW + LEASE + 1, 85).ended, 1);
    assert_int_equal(all(s, &rows), 1);
    assert_true(str_eq(rows[0].id, STR("two")));
    assert_int_equal(instance_store_renew(s, one.name, STR("one"), NOW, NOW),
                     ERR_SERVICE_NOT_FOUND);
}

/* n instances renewed at that time. */
static void enter_many(struct db_session *s, const char *prefix, int n, int64_t renewed_at)
{
    for (int k = 0; k < n; k++) {
        struct instance i = make(arena_printf(s->arena, "%s-%d", prefix, k), renewed_at);
        (void)enter(s, &i);
    }
}

static void no_lease_ends_while_most_are_overdue(struct db_session *s)
{
    struct lease_count c;
    struct instance *rows;

    enter_many(s, "gone", 2, NOW);
    enter_many(s, "late", 2, NOW + LEASE / 4);
    enter_many(s, "good", 16, NOW + LEASE);
    /* 4 of 20 are overdue, though only 2 leases are over */
    c = expire(s, NOW + LEASE + 1, 85);
    assert_true(c.is_preserving);
    assert_int_equal(c.ended, 0);
    assert_int_equal(c.overdue, 4);
    assert_int_equal(c.total, 20);
    assert_false(expire(s, NOW + LEASE + 1, 80).is_preserving);
    assert_int_equal(all(s, &rows), 18);
}

static void leases_end_again_when_renewals_come_back(struct db_session *s)
{
    struct lease_count c;

    enter_many(s, "gone", 3, NOW);
    enter_many(s, "good", 10, NOW + LEASE);
    assert_true(expire(s, NOW + LEASE + 1, 85).is_preserving);
    OK(instance_store_renew(s, STR("svc"), STR("gone-0"), NOW + LEASE, NOW + 2 * LEASE));
    OK(instance_store_renew(s, STR("svc"), STR("gone-1"), NOW + LEASE, NOW + 2 * LEASE));
    c = expire(s, NOW + LEASE + 2, 85);
    assert_false(c.is_preserving);
    assert_int_equal(c.ended, 1);
}

static void preserving_has_its_limits(struct db_session *s)
{
    enter_many(s, "gone", 3, NOW);
    /* never */
    assert_false(expire(s, NOW + LEASE - 1, 0).is_preserving);
    /* not for ever */
    assert_true(expire(s, NOW + 11 * LEASE, 85).is_preserving);
    assert_int_equal(expire(s, NOW + 11 * LEASE, 85).ended, 0);
    assert_int_equal(expire(s, NOW + 11 * LEASE + 1, 85).ended, 3);
    /* not for a single one */
    enter_many(s, "alone", 1, NOW);
    assert_int_equal(expire(s, NOW + LEASE + 1, 85).ended, 1);
}

static void the_revision_can_be_raised(struct db_session *s)
{
    int64_t before = revision(s);

    OK(instance_store_raise_revision(s, before - 1));
    assert_int_equal(revision(s), before + 1);
    OK(instance_store_raise_revision(s, before + 10));
    assert_int_equal(revision(s), before + 11);
}

static void a_suspect_is_checked_at_once_and_a_sick_one_soon(struct db_session *s)
{
    struct instance i = make("one", NOW), *due;
    size_t n;
    int64_t suspects;

    (void)enter(s, &i);
    OK(instance_store_claim_checks(s, NOW, NOW + LEASE, 10, &due, &n));
    OK(instance_store_suspect(s, i.name, i.host, i.port + 1, NOW + 1, &suspects));
    assert_int_equal(suspects, 0);
    OK(instance_store_claim_checks(s, NOW + 1, NOW + LEASE, 10, &due, &n));
    assert_int_equal(n, 0);
    OK(instance_store_suspect(s, i.name, i.host, i.port, NOW + 1, &suspects));
    assert_int_equal(suspects, 1);
    OK(instance_store_claim_checks(s, NOW + 1, NOW + LEASE, 10, &due, &n));
    assert_int_equal(n, 1);
    OK(instance_store_checked(s, &i, false, NOW + 2, NOW, NOW + 7));
    OK(instance_store_claim_checks(s, NOW + 6, NOW + LEASE, 10, &due, &n));
    assert_int_equal(n, 0);
    OK(instance_store_claim_checks(s, NOW + 7, NOW + LEASE, 10, &due, &n));
    assert_int_equal(n, 1);
    /* it is known to be sick already */
    OK(instance_store_suspect(s, i.name, i.host, i.port, NOW + 8, &suspects));
    assert_int_equal(suspects, 0);
}

static void a_check_is_claimed_once(struct db_session *s)
{
    struct instance one = make("one", NOW), two = make("two", NOW + 5), *due;
    size_t n;

    (void)enter(s, &one);
    (void)enter(s, &two);
    OK(instance_store_claim_checks(s, NOW, NOW + LEASE, 10, &due, &n));
    assert_int_equal(n, 1);
    assert_true(str_eq(due[0].id, STR("one")));
    OK(instance_store_claim_checks(s, NOW, NOW + LEASE, 10, &due, &n));
    assert_int_equal(n, 0);
    OK(instance_store_claim_checks(s, NOW + LEASE, NOW + 2 * LEASE, 1, &due, &n));
    assert_int_equal(n, 1);
    assert_true(str_eq(due[0].id, STR("two")));
}

static void a_passed_check_extends_the_lease_and_a_failed_one_counts(struct db_session *s)
{
    struct instance i = make("one", NOW), *rows;

    (void)enter(s, &i);
    OK(instance_store_checked(s, &i, false, NOW + 1, NOW + 9 * LEASE, NOW + 2));
    OK(instance_store_checked(s, &i, false, NOW + 2, NOW + 9 * LEASE, NOW + 3));
    assert_int_equal(all(s, &rows), 1);
    assert_false(rows[0].is_healthy);
    assert_int_equal(rows[0].failures, 2);
    assert_int_equal(rows[0].lease_until, NOW + LEASE);
    assert_int_equal(rows[0].last_health_check, NOW + 2);
    OK(instance_store_checked(s, &i, true, NOW + 3, NOW + 3 + LEASE, NOW + 4));
    assert_int_equal(all(s, &rows), 1);
    assert_true(rows[0].is_healthy);
    assert_int_equal(rows[0].failures, 0);
    assert_int_equal(rows[0].lease_until, NOW + 3 + LEASE);
}

static void all_instances_of_a_name_leave_together(struct db_session *s)
{
    struct instance one = make("one", NOW), two = make("two", NOW), *rows;

    (void)enter(s, &one);
    (void)enter(s, &two);
    OK(instance_store_remove(s, one.name, STR_NULL));
    assert_int_equal(all(s, &rows), 0);
}

STORE_TEST(a_registration_is_read_back)
STORE_TEST(only_what_readers_notice_moves_the_revision)
STORE_TEST(a_lease_ends_unless_it_is_renewed)
STORE_TEST(no_lease_ends_while_most_are_overdue)
STORE_TEST(leases_end_again_when_renewals_come_back)
STORE_TEST(preserving_has_its_limits)
STORE_TEST(the_revision_can_be_raised)
STORE_TEST(a_suspect_is_checked_at_once_and_a_sick_one_soon)
STORE_TEST(a_check_is_claimed_once)
STORE_TEST(a_passed_check_extends_the_lease_and_a_failed_one_counts)
STORE_TEST(all_instances_of_a_name_leave_together)

static int open_group(void **state)
{
    static const struct db_migration *const MIGRATIONS[] = {SERVICE_MIGRATIONS, NULL};

    (void)state;
    return store_test_open("instance", MIGRATIONS);
}

static int close_group(void **state)
{
    (void)state;
    return store_test_close();
}

static void every_statement_is_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(store_test_statements(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_registration_is_read_back),
        cmocka_unit_test(test_only_what_readers_notice_moves_the_revision),
        cmocka_unit_test(test_a_lease_ends_unless_it_is_renewed),
        cmocka_unit_test(test_no_lease_ends_while_most_are_overdue),
        cmocka_unit_test(test_leases_end_again_when_renewals_come_back),
        cmocka_unit_test(test_preserving_has_its_limits),
        cmocka_unit_test(test_the_revision_can_be_raised),
        cmocka_unit_test(test_a_suspect_is_checked_at_once_and_a_sick_one_soon),
        cmocka_unit_test(test_a_check_is_claimed_once),
        cmocka_unit_test(test_a_passed_check_extends_the_lease_and_a_failed_one_counts),
        cmocka_unit_test(test_all_instances_of_a_name_leave_together),
        cmocka_unit_test(every_statement_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
