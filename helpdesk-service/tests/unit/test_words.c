/* Numbers, file names and the words of the simple surface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "domain/filename.h"
#include "domain/number.h"
#include "domain/simple.h"

#define NOW INT64_C(1767225600000000)

static void numbers_have_their_form(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    static const char *const GOOD[] = {"TX20260112123456", "TX202601121234567", "TX20260112000001"};
    static const char *const BAD[] = {"",
                                      "TX",
                                      "TX2026011212345",
                                      "tx20260112123456",
                                      "TX20260112123456 ",
                                      "TX2026011212345a",
                                      "XT20260112123456",
                                      "TX202601121234567890123"};

    assert_true(str_eq(ticket_number_format(a, "20260112", 7), STR("TX20260112000007")));
    assert_true(str_eq(ticket_number_format(a, "20260112", 999999), STR("TX20260112999999")));
    assert_true(str_eq(ticket_number_format(a, "20260112", 1000000), STR("TX202601121000000")));
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_true(ticket_number_is_valid(str_from(GOOD[i])));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(ticket_number_is_valid(str_from(BAD[i])));
    assert_false(ticket_number_is_valid(STR_NULL));
    arena_free(a);
}

static void numbers_are_found_in_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *number;
    } cases[] = {
        {"[[\"TX20260112123456\", 456], {}, {}]", "TX20260112123456"},
        {"{\"t\":\"TXTX20260112123456\"}", "TX20260112123456"},
        {"TX1 TX20260112123456 TX20260112999999", "TX20260112123456"},
        {"TX2026011212345", NULL},
        {"TX", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str found = ticket_number_find(str_from(cases[i].text));

        assert_true(str_eq(found, str_from(cases[i].number)));
    }
}

static void file_names_are_cleaned(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    static const struct {
        const char *given, *kept;
    } cases[] = {
        {"a.png", "a.png"},
        {"../../etc/passwd", "passwd"},
        {"C:\\x\\boot.ini", "boot.ini"},
        {"/", "file"},
        {"", "file"},
        {"..", "file"},
        {"\x01\x1f\x7f", "file"},
        {" a\r\n.png\t", "a.png"},
        {"\xc3\xbc\xe2\x82\xac", "\xc3\xbc\xe2\x82\xac"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(str_eq(filename_clean(a, str_from(cases[i].given)), str_from(cases[i].kept)));
    arena_free(a);
}

static void long_file_names_end_at_a_character(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    char text[301];

    for (size_t i = 0; i < 300; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    struct str kept = filename_clean(a, str_n(text, 300));
    assert_int_equal(kept.len, 198);
    assert_true(str_is_utf8(kept));
    arena_free(a);
}

static void file_names_are_told_apart(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    const struct str taken[] = {STR("a.png"), STR("a-2.png"), STR("b"), STR(".x")};

    assert_true(str_eq(filename_unique(a, STR("a.png"), taken, 4), STR("a-3.png")));
    assert_true(str_eq(filename_unique(a, STR("b"), taken, 4), STR("b-2")));
    assert_true(str_eq(filename_unique(a, STR(".x"), taken, 4), STR(".x-2")));
    assert_true(str_eq(filename_unique(a, STR("c.png"), taken, 4), STR("c.png")));
    arena_free(a);
}

static void simple_words_are_a_view(void **state)
{
    (void)state;
    static const struct {
        enum ticket_status status;
        bool is_assigned;
        const char *word;
    } cases[] = {
        {TICKET_STATUS_OPEN, false, "new"},
        {TICKET_STATUS_OPEN, true, "assigned"},
        {TICKET_STATUS_IN_PROGRESS, true, "in_progress"},
        {TICKET_STATUS_ON_HOLD, false, "in_progress"},
        {TICKET_STATUS_RESOLVED, true, "resolved"},
        {TICKET_STATUS_CLOSED, true, "closed"},
        {TICKET_STATUS_REJECTED, false, "closed"},
        {TICKET_STATUS_WITHDRAWN, false, "closed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ticket t = {.status = cases[i].status, .is_assigned = cases[i].is_assigned};

        assert_string_equal(simple_status_word(simple_status_of(&t)), cases[i].word);
    }
}

static void simple_statuses_are_applied(void **state)
{
    (void)state;
    for (int from = 0; from < SIMPLE_STATUS_COUNT; from++)
        for (int to = 0; to < SIMPLE_STATUS_COUNT; to++) {
            struct ticket t = {.completed_at = TICKET_NONE, .closed_at = TICKET_NONE};

            simple_status_apply(&t, (enum simple_status)from, NOW);
            assert_int_equal(simple_status_of(&t), from);
            simple_status_apply(&t, (enum simple_status)to, NOW);
            assert_int_equal(simple_status_of(&t), to);
            assert_int_equal(
                simple_status_may_follow((enum simple_status)from, (enum simple_status)to),
                from != to && from != SIMPLE_CLOSED && to != SIMPLE_CLOSED);
        }
}

static void applying_the_same_simple_status_keeps_what_it_hides(void **state)
{
    (void)state;
    struct ticket t = {.status = TICKET_STATUS_ON_HOLD, .held_status = TICKET_STATUS_OPEN};

    simple_status_apply(&t, SIMPLE_IN_PROGRESS, NOW);
    assert_int_equal(t.status, TICKET_STATUS_ON_HOLD);
}

static void simple_categories(void **state)
{
    (void)state;
    assert_true(str_eq(simple_category(STR("BuG")), STR("bug")));
    assert_null(simple_category(STR("bugs")).p);
    assert_null(simple_category(STR("")).p);
    assert_int_equal(simple_auto_priority(STR("Bug")), PRIORITY_HIGH);
    assert_int_equal(simple_auto_priority(STR("other")), PRIORITY_LOW);
    assert_int_equal(simple_auto_priority(STR_NULL), PRIORITY_MEDIUM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_their_form),
        cmocka_unit_test(numbers_are_found_in_texts),
        cmocka_unit_test(file_names_are_cleaned),
        cmocka_unit_test(long_file_names_end_at_a_character),
        cmocka_unit_test(file_names_are_told_apart),
        cmocka_unit_test(simple_words_are_a_view),
        cmocka_unit_test(simple_statuses_are_applied),
        cmocka_unit_test(applying_the_same_simple_status_keeps_what_it_hides),
        cmocka_unit_test(simple_categories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
