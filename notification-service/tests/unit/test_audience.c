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

static struct occasion occasion(const char *type)
{
    return (struct occasion){.type = str_from(type),
                             .actor = 9,
                             .requester = 1,
                             .owner = 2,
                             .assignee = 3,
                             .actor_name = STR("Ann"),
                             .owner_name = STR("Jane"),
                             .ticket_number = STR("TX20260112000001"),
                             .subject = STR("VPN {n} <b>"),
                             .status = STR("In Progress"),
                             .step = STR("Review"),
                             .role = STR("Reviewer"),
                             .text = STR("hello")};
}

static void each_event_reaches_its_people(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        int64_t people[MAX_NOTICES];
    } CASES[] = {
        {"ticket.created", {1}},
        {"ticket.assigned", {2, 1}},
        {"ticket.status_changed", {1, 2}},
        {"ticket.commented", {1, 2}},
        {"ticket.closed", {2, 1}},
        {"task.assigned", {3}},
        {"task.transitioned", {2}},
        {"task.completed", {2}},
        {"sla.warning", {3, 2}},
        {"sla.breached", {3, 2}},
        {"feedback.received", {2}},
        {"job.completed", {9}},
        {"job.progress", {0}},
        {"ticket.updated", {0}},
        {"no.such.event", {0}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct notice n[MAX_NOTICES];
        struct occasion o = occasion(CASES[i].event);
        int count = audience_of(arena, &o, n), expected = 0;
        while (expected < MAX_NOTICES && CASES[i].people[expected])
            expected++;
        assert_int_equal(count, expected);
        for (int k = 0; k < count; k++)
            assert_int_equal(n[k].user_id, CASES[i].people[k]);
    }
}

static void nobody_is_told_of_their_own_doing(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = occasion("ticket.commented");
    o.actor = 1;
    assert_int_equal(audience_of(arena, &o, n), 1);
    assert_int_equal(n[0].user_id, 2);
}

static void what_is_to_be_done_is_told_even_to_who_caused_it(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = occasion("task.assigned");
    o.actor = o.assignee;
    assert_int_equal(audience_of(arena, &o, n), 1);
    o = occasion("ticket.created");
    o.actor = o.requester;
    assert_int_equal(audience_of(arena, &o, n), 1);
    o = occasion("ticket.assigned");
    o.actor = o.owner;
    assert_int_equal(audience_of(arena, &o, n), 1);
    assert_int_equal(n[0].user_id, o.requester);
}

static void nobody_is_not_told(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = occasion("sla.breached");
    o.owner = o.assignee = 0;
    assert_int_equal(audience_of(arena, &o, n), 0);
}

static void missing_words_are_replaced(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = {.type = STR("ticket.commented"),
                         .requester = 1,
                         .ticket_number = STR("TX1"),
                         .text = STR("hello")};
    assert_int_equal(audience_of(arena, &o, n), 1);
    assert_true(str_eq(n[0].message, STR("The helpdesk wrote on TX1 \"no subject\": hello")));
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

static void internal_notes_stay_internal(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = occasion("ticket.commented");
    o.is_internal = true;
    assert_int_equal(audience_of(arena, &o, n), 1);
    assert_int_equal(n[0].user_id, 2);
}

static void one_person_is_told_once(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = occasion("sla.breached");
    o.owner = o.assignee;
    assert_int_equal(audience_of(arena, &o, n), 1);
}

static void admins_are_told_what_waits(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = occasion("task.pooled");
    o.text = STR("nobody is available");
    o.actor = 0;
    assert_int_equal(audience_of(arena, &o, n), 1);
    assert_int_equal(n[0].user_id, o.assignee);
    assert_true(str_eq(n[0].type, STR("task_pooled")) && n[0].by_mail);
    assert_true(str_has_suffix(n[0].message, STR(": nobody is available.")));
}

static void texts_are_filled_in_once(void **state)
{
    (void)state;
    struct notice n[MAX_NOTICES];
    struct occasion o = occasion("task.assigned");
    assert_int_equal(audience_of(arena, &o, n), 1);
    assert_true(str_eq(n[0].title, STR("Review: ticket TX20260112000001 waits for you")));
    /* A subject that looks like a placeholder is text. */
    assert_true(str_find(n[0].message, STR("\"VPN {n} <b>\"")) > 0);
    o = occasion("ticket.closed");
    o.rating = 4;
    audience_of(arena, &o, n);
    assert_true(str_find(n[0].message, STR("with 4 of 5 stars")) > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_event_reaches_its_people),
        T(nobody_is_told_of_their_own_doing),
        T(what_is_to_be_done_is_told_even_to_who_caused_it),
        T(nobody_is_not_told),
        T(missing_words_are_replaced),
        T(long_texts_are_quoted_in_part),
        T(internal_notes_stay_internal),
        T(one_person_is_told_once),
        T(admins_are_told_what_waits),
        T(texts_are_filled_in_once),
    };
    return cmocka_run_group_tests_name("audience", tests, NULL, NULL);
}
