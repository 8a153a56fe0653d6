#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/directory.h"

struct fixture {
    struct arena *arena;
    struct directory *d;
};

static int set_up(void **state)
{
    struct fixture *f = test_malloc(sizeof *f);
    *f = (struct fixture){arena_new(), directory_new()};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    directory_free(f->d);
    arena_free(f->arena);
    test_free(f);
    return 0;
}

static struct instance make(const char *name, const char *id, int64_t registered_at)
{
    return (struct instance){.name = str_from(name),
                             .id = str_from(id),
                             .host = STR("localhost"),
                             .port = 1000 + registered_at,
                             .health_endpoint = STR("/health"),
                             .version = STR(""),
                             .is_healthy = true,
                             .registered_at = registered_at};
}

static void add(struct fixture *f, const char *name, const char *id, int64_t registered_at)
{
    struct instance i = make(name, id, registered_at);
    directory_put(f->d, &i, PENDING_NOTHING);
}

static size_t visible(struct fixture *f, struct str name)
{
    return directory_list(f->d, f->arena, name).count;
}

static void instances_are_listed_by_name_and_registration(void **state)
{
    struct fixture *f = *state;
    struct directory_list l;

    add(f, "b", "2", 20);
    add(f, "a", "9", 30);
    add(f, "b", "1", 10);
    l = directory_list(f->d, f->arena, STR_NULL);
    assert_int_equal(l.count, 3);
    assert_true(str_eq(l.items[0]->name, STR("a")));
    assert_true(str_eq(l.items[1]->id, STR("1")));
    assert_true(str_eq(l.items[2]->id, STR("2")));
    assert_int_equal(visible(f, STR("b")), 2);
    assert_int_equal(visible(f, STR("c")), 0);
}

static void a_second_registration_replaces_the_first(void **state)
{
    struct fixture *f = *state;

    add(f, "a", "1", 10);
    add(f, "a", "1", 11);
    assert_int_equal(visible(f, STR("a")), 1);
    assert_int_equal(directory_find(f->d, STR("a"), STR("1"))->port, 1011);
    directory_drop(f->d, STR("a"), STR("1"));
    assert_null(directory_find(f->d, STR("a"), STR("1")));
    directory_drop(f->d, STR("a"), STR("1"));
}

static void the_pick_prefers_the_healthy(void **state)
{
    struct fixture *f = *state;
    struct instance sick = make("a", "2", 20);

    assert_null(directory_pick(f->d, STR("a")));
    sick.is_healthy = false;
    directory_put(f->d, &sick, PENDING_NOTHING);
    assert_true(str_eq(directory_pick(f->d, STR("a"))->id, STR("2")));
    add(f, "a", "1", 10);
    assert_true(str_eq(directory_pick(f->d, STR("a"))->id, STR("1")));
}

static void what_is_pending_outlives_the_table(void **state)
{
    struct fixture *f = *state;
    struct instance unsaved = make("a", "unsaved", 1), removed = make("a", "removed", 2);
    struct instance rows[2] = {make("a", "removed", 2), make("a", "row", 3)};
    struct instance *pending;

    add(f, "a", "vanished", 4);
    directory_put(f->d, &unsaved, PENDING_SAVE);
    directory_put(f->d, &removed, PENDING_REMOVE);
    directory_replace(f->d, rows, 2);
    assert_non_null(directory_find(f->d, STR("a"), STR("unsaved")));
    assert_non_null(directory_find(f->d, STR("a"), STR("row")));
    assert_null(directory_find(f->d, STR("a"), STR("removed")));
    assert_null(directory_find(f->d, STR("a"), STR("vanished")));
    assert_int_equal(directory_pending(f->d, f->arena, PENDING_SAVE, &pending), 1);
    assert_true(str_eq(pending[0].id, STR("unsaved")));
    assert_int_equal(directory_pending(f->d, f->arena, PENDING_REMOVE, &pending), 1);
    assert_true(str_eq(pending[0].id, STR("removed")));

    directory_settle(f->d, STR("a"), STR("unsaved"));
    directory_settle(f->d, STR("a"), STR("removed"));
    assert_int_equal(directory_pending(f->d, f->arena, PENDING_SAVE, &pending), 0);
    assert_int_equal(directory_pending(f->d, f->arena, PENDING_REMOVE, &pending), 0);
    assert_int_equal(visible(f, STR("a")), 2);
    directory_replace(f->d, NULL, 0);
    assert_int_equal(visible(f, STR_NULL), 0);
}

static void strings_are_copied(void **state)
{
    struct fixture *f = *state;
    char id[] = "1";
    struct instance i = make("a", "x", 1);

    i.id = str_n(id, 1);
    directory_put(f->d, &i, PENDING_NOTHING);
    id[0] = '2';
    assert_non_null(directory_find(f->d, STR("a"), STR("1")));
    /* Also when the instance put is the directory's own. */
    directory_put(f->d, directory_find(f->d, STR("a"), STR("1")), PENDING_SAVE);
    assert_non_null(directory_find(f->d, STR("a"), STR("1")));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(instances_are_listed_by_name_and_registration),
        TEST(a_second_registration_replaces_the_first),
        TEST(the_pick_prefers_the_healthy),
        TEST(what_is_pending_outlives_the_table),
        TEST(strings_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
