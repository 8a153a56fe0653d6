#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/audience.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static const int64_t WATCHERS[] = {7, 2, 5}, MENTIONED[] = {8, 1}, ADMINS[] = {6, 4};

static struct occasion occasion(const char *type)
{
    return (struct occasion){.type = str_from(type),
                             .actor = 9,
                             .requester = 1,
                             .owner = 2,
                             .assignee = 3,
                             .watchers = {WATCHERS, 3},
                             .admins = {ADMINS, 2}};
}

static struct notice *told(const struct occasion *o, size_t *n)
{
    struct notice *notices;
    *n = audience_of(arena, o, &notices);
    return notices;
}

static void each_event_reaches_its_people_in_order_of_their_ids(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        int64_t people[6];
    } CASES[] = {
        {"ticket.created", {1}},
        {"ticket.assigned", {1, 2}},
        {"ticket.status_changed", {1, 2, 5, 7}},
        {"ticket.commented", {1, 2, 5, 7}},
        {"ticket.closed", {1, 2, 5, 7}},
        {"task.assigned", {3}},
        {"task.pooled", {4, 6}},
        {"task.transitioned", {2}},
        {"task.completed", {2}},
        {"sla.warning", {2, 3}},
        {"sla.breached", {2, 3}},
        {"feedback.received", {2}},
        {"job.completed", {9}},
        {"job.progress", {0}},
        {"ticket.updated", {0}},
        {"no.such.event", {0}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct occasion o = occasion(CASES[i].event);
        size_t count, expected = 0;
        struct notice *n = told(&o, &count);
        while (CASES[i].people[expected])
            expected++;
        assert_int_equal(count, expected);
        for (size_t k = 0; k < count; k++)
            assert_int_equal(n[k].user_id, CASES[i].people[k]);
    }
}

static void nobody_is_told_of_their_own_doing(void **state)
{
    (void)state;
    struct occasion o = occasion("ticket.commented");
    size_t n;
    o.actor = 1;
    o.watchers.count = 0;
    assert_int_equal(told(&o, &n)[0].user_id, 2);
    assert_int_equal(n, 1);
}

static void what_is_to_be_done_is_told_even_to_who_caused_it(void **state)
{
    (void)state;
    struct occasion o = occasion("task.assigned");
    size_t n;
    o.actor = o.assignee;
    told(&o, &n);
    assert_int_equal(n, 1);
    o = occasion("ticket.created");
    o.actor = o.requester;
    told(&o, &n);
    assert_int_equal(n, 1);
    o = occasion("ticket.assigned");
    o.actor = o.owner;
    assert_int_equal(told(&o, &n)[0].user_id, o.requester);
    assert_int_equal(n, 1);
}

static void nobody_is_not_told(void **state)
{
    (void)state;
    struct occasion o = occasion("sla.breached");
    size_t n;
    o.owner = o.assignee = 0;
    told(&o, &n);
    assert_int_equal(n, 0);
}

/* Who is named is told so, whatever else they are; who owns a ticket is told as its owner. */
static void the_first_rule_counts(void **state)
{
    (void)state;
    struct occasion o = occasion("ticket.commented");
    size_t n;
    o.mentioned = (struct people){MENTIONED, 2};
    struct notice *notices = told(&o, &n);
    assert_int_equal(n, 5);
    assert_true(str_eq(notices[0].type, STR("mention")) && notices[0].group == GROUP_MENTIONS);
    assert_true(str_eq(notices[1].template, STR("comment_added")) && notices[1].user_id == 2);
    assert_true(str_eq(notices[4].type, STR("mention")) && notices[4].user_id == 8);
    o = occasion("ticket.closed");
    o.owner = o.requester;
    o.watchers.count = 0;
    assert_true(str_eq(told(&o, &n)[0].template, STR("ticket_closed_other")));
    assert_int_equal(n, 1);
}

static void only_missed_deadlines_are_urgent(void **state)
{
    (void)state;
    struct occasion o = occasion("sla.breached");
    size_t n;
    assert_true(told(&o, &n)[0].is_urgent);
    o = occasion("sla.warning");
    assert_false(told(&o, &n)[0].is_urgent);
}

static void what_is_not_mailed_is_offered_for_push_only(void **state)
{
    (void)state;
    struct occasion o = occasion("ticket.status_changed");
    size_t n;
    struct notice *notices = told(&o, &n);
    assert_true(notices[0].channels & CHANNEL_BIT(CHANNEL_EMAIL));
    assert_int_equal(notices[1].channels, CHANNEL_BIT(CHANNEL_IN_APP) | CHANNEL_BIT(CHANNEL_PUSH));
}

static void internal_notes_stay_internal(void **state)
{
    (void)state;
    struct occasion o = occasion("ticket.commented");
    size_t n;
    o.is_internal = true;
    o.watchers.count = 0;
    assert_int_equal(told(&o, &n)[0].user_id, 2);
    assert_int_equal(n, 1);
}

static void many_watchers_are_told_once_each(void **state)
{
    (void)state;
    struct occasion o = occasion("ticket.closed");
    int64_t ids[200];
    size_t n;
    for (int i = 0; i < 200; i++)
        ids[i] = 300 - i / 2;
    o.watchers = (struct people){ids, 200};
    struct notice *notices = told(&o, &n);
    assert_int_equal(n, 102);
    for (size_t i = 1; i < n; i++)
        assert_true(notices[i - 1].user_id < notices[i].user_id);
}

static void long_texts_are_quoted_in_part(void **state)
{
    (void)state;
    char text[4 * PREVIEW_CHARS];
    for (size_t i = 0; i < sizeof text; i += 2)
        text[i] = '\xC3', text[i + 1] = '\xA9';
    struct str whole = str_n(text, 2 * PREVIEW_CHARS);
    assert_true(notice_preview(arena, whole).p == whole.p);
    struct str part = notice_preview(arena, str_n(text, sizeof text));
    assert_int_equal(part.len, 2 * PREVIEW_CHARS + 3);
    assert_true(str_is_utf8(part));
    assert_true(str_has_suffix(part, STR("\xC3\xA9\xE2\x80\xA6")));
    assert_int_equal(notice_preview(arena, STR_NULL).len, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_event_reaches_its_people_in_order_of_their_ids),
        T(nobody_is_told_of_their_own_doing),
        T(what_is_to_be_done_is_told_even_to_who_caused_it),
        T(nobody_is_not_told),
        T(the_first_rule_counts),
        T(only_missed_deadlines_are_urgent),
        T(what_is_not_mailed_is_offered_for_push_only),
        T(long_texts_are_quoted_in_part),
        T(internal_notes_stay_internal),
        T(many_watchers_are_told_once_each),
    };
    return cmocka_run_group_tests_name("audience", tests, NULL, NULL);
}
