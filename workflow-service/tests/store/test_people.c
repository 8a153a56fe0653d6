/* Who works on a task: lists of it, its owner, and work that waits for somebody. */
#include "life.h"
#include "store/drain_store.h"
#include "store/pool_store.h"

/* ---- lists -------------------------------------------------------------------------------- */

static void owned_lists_filter_and_count(struct db_session *s)
{
    publish(s);
    for (int i = 0; i < 8; i++)
        start(s, str_cstr(s->arena, str_printf(s->arena, "TX%d", i)));
    struct task_page page;
    struct task_filter f = {.limit = 3};
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    assert_int_equal(page.count, 3);
    f.offset = 10;
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    assert_int_equal(page.count, 0);
    f = (struct task_filter){.limit = 10, .search = STR("vpn"), .priority = STR("High")};
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    f.search = STR("%");
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 0);
    f = (struct task_filter){.limit = 10, .category = STR("it support"), .status = STR("active")};
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 4);
    f.status = STR("resolved");
    OK(task_store_owned(s, COORDINATOR_A, &f, &page));
    assert_int_equal(page.total, 0);
}

static void lists_show_what_one_is_involved_in(struct db_session *s)
{
    publish(s);
    for (int i = 0; i < 4; i++)
        start(s, str_cstr(s->arena, str_printf(s->arena, "TX%d", i)));
    struct task_page page;
    struct task_filter f = {.limit = 10};
    OK(task_store_list(s, NO_PERSON, &f, &page));
    assert_int_equal(page.total, 4);
    assert_int_equal(page.exits[0].count, 2);
    OK(task_store_list(s, EMPLOYEE, &f, &page));
    assert_int_equal(page.total, 4);
    OK(task_store_list(s, REVIEWER_A, &f, &page));
    assert_int_equal(page.total, 2);
    OK(task_store_list(s, APPROVER, &f, &page));
    assert_int_equal(page.total, 0);
    f.ticket_number = STR("TX2");
    OK(task_store_list(s, NO_PERSON, &f, &page));
    assert_int_equal(page.total, 1);

    struct item_page items;
    struct item_filter open = {.open = true, .limit = 10};
    struct item_filter done = {.done = true, .limit = 10};
    OK(task_store_items_of(s, REVIEWER_A, &open, &items));
    assert_int_equal(items.total, 2);
    assert_int_equal(items.items[0].exits.count, 2);
    act(s, items.items[0].task_id, "approve", NO_PERSON, NOW);
    OK(task_store_items_of(s, REVIEWER_A, &done, &items));
    assert_int_equal(items.total, 1);
    assert_int_equal(items.items[0].exits.count, 0);
}

/* ---- owners ------------------------------------------------------------------------------- */

static void owners_escalate_and_transfer(struct db_session *s)
{
    publish(s);
    int64_t first = start(s, "TX1").owner_id, second = other_coordinator(first);
    struct ownership o;
    int64_t admin;
    struct str name;
    OK(owner_store_lock(s, STR("TX1"), first, &o));
    OK(owner_check_escalation(&o.facts));
    OK(owner_store_pick_admin(s, &o, first, NOW, &admin, &name));
    assert_int_equal(admin, ADMIN);
    assert_int_equal(owner_store_pick_admin(s, &o, ADMIN, NOW, &admin, &name), ERR_USER_NOT_FOUND);
    struct owner_change change = {true, ADMIN, first, STR("hard"), STR("High"), NOW};
    OK(owner_store_change(s, &o, &change));
    OK(owner_store_lock(s, STR("TX1"), first, &o));
    assert_int_equal(owner_check_escalation(&o.facts), ERR_ALREADY_ESCALATED);

    struct owner_candidate to;
    OK(owner_store_candidate(s, second, &to, &name));
    OK(owner_check_transfer(&o.facts, &to));
    change = (struct owner_change){false, second, ADMIN, STR(""), STR_NULL, NOW};
    OK(owner_store_change(s, &o, &change));
    OK(owner_store_lock(s, STR("TX1"), second, &o));
    OK(owner_check_escalation(&o.facts));
    OK(owner_store_candidate(s, REVIEWER_A, &to, &name));
    assert_false(to.may_own);
    assert_int_equal(owner_store_candidate(s, 999, &to, &name), ERR_USER_NOT_FOUND);
    assert_int_equal(owner_store_lock(s, STR("TX9"), 1, &o), ERR_TICKET_NOT_FOUND);
}

/* ---- the pool ----------------------------------------------------------------------------- */

static void set_person(struct db_session *s, int64_t id, const char *role, bool active)
{
    static int64_t version = 1;
    struct event_user_role held = {STR("tts"), str_from(role), id};
    struct event_user u = {
        .id = id,
        .email = STR("x@example.com"),
        .name = STR("Somebody"),
        .active = active ? JSON_TRUE : JSON_FALSE,
        .version = ++version,
        .roles = {&held, role ? 1 : 0},
    };
    OK(people_apply(s, &u));
}

/* The next item that finds somebody, as the job would give it. */
static enum err assign_waiting(struct db_session *s, struct pooled_item *out)
{
    struct drain_pass pass = {.arena = s->arena};
    bool is_given = false;
    enum err rc = ERR_OK;
    while (rc == ERR_OK && !is_given)
        rc = drain_store_item(s, &pass, NOW, out, &is_given);
    return rc;
}

static enum err own_waiting(struct db_session *s, struct ownerless_task *out)
{
    struct drain_pass pass = {.arena = s->arena};
    return drain_store_owner(s, &pass, NOW, out);
}

static void work_waits_for_people(struct db_session *s)
{
    publish(s);
    set_person(s, APPROVER, NULL, true);
    set_person(s, COORDINATOR_A, NULL, true);
    set_person(s, COORDINATOR_B, NULL, true);
    struct started_task task = start(s, "TX1");
    assert_int_equal(task.owner_id, NO_PERSON);
    struct next_item next = act(s, task.task_id, "approve", NO_PERSON, NOW);
    assert_int_equal(next.assignee_id, NO_PERSON);
    struct pooled_item item;
    struct ownerless_task own;
    assert_int_equal(assign_waiting(s, &item), ERR_TASK_NOT_FOUND);
    assert_int_equal(own_waiting(s, &own), ERR_TASK_NOT_FOUND);

    set_person(s, APPROVER, "Approver", true);
    OK(assign_waiting(s, &item));
    assert_int_equal(item.item_id, next.item_id);
    assert_int_equal(item.assignee_id, APPROVER);
    assert_int_equal(assign_waiting(s, &item), ERR_TASK_NOT_FOUND);
}

static void whoever_leaves_hands_back(struct db_session *s)
{
    publish(s);
    struct started_task task = start(s, "TX1");
    int64_t released;
    OK(pool_store_release(s, task.assignee_id, NOW, &released));
    assert_int_equal(released, 0);
    set_person(s, task.assignee_id, "Reviewer", false);
    OK(pool_store_release(s, task.assignee_id, NOW, &released));
    assert_int_equal(released, 1);
    struct pooled_item item;
    OK(assign_waiting(s, &item));
    assert_int_equal(item.assignee_id, other_reviewer(task.assignee_id));
    set_person(s, task.owner_id, NULL, true);
    OK(pool_store_release(s, task.owner_id, NOW, &released));
    assert_int_equal(released, 1);
    struct ownerless_task own;
    OK(own_waiting(s, &own));
    assert_int_equal(own.owner_id, other_coordinator(task.owner_id));
    assert_int_equal(own.task_id, task.task_id);
}

STORE_TEST(owned_lists_filter_and_count)
STORE_TEST(lists_show_what_one_is_involved_in)
STORE_TEST(owners_escalate_and_transfer)
STORE_TEST(work_waits_for_people)
STORE_TEST(whoever_leaves_hands_back)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owned_lists_filter_and_count),
        cmocka_unit_test(test_lists_show_what_one_is_involved_in),
        cmocka_unit_test(test_owners_escalate_and_transfer),
        cmocka_unit_test(test_work_waits_for_people),
        cmocka_unit_test(test_whoever_leaves_hands_back),
    };
    return cmocka_run_group_tests(tests, open_group, close_frame);
}
