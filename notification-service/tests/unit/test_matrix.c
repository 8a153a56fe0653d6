#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/matrix.h"

static struct wishes everything_on(void)
{
    struct wishes w = {0};
    for (int c = 0; c < CHANNEL_COUNT; c++)
        w.is_channel_on[c] = true;
    return w;
}

static void words_lead_back_to_what_they_name(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    for (int g = 0; g < GROUP_COUNT; g++) {
        assert_int_equal(group_parse(group_word((enum event_group)g)), g);
        for (int c = 0; c < CHANNEL_COUNT; c++) {
            struct matrix m = {0};
            assert_true(matrix_set(&m, matrix_name(a, (enum event_group)g, (enum channel)c), true));
            assert_int_equal(m.cell[g][c], CELL_ON);
        }
    }
    arena_free(a);
}

static void other_words_name_nothing(void **state)
{
    (void)state;
    static const char *const NAMES[] = {
        "",        ".",          "comments",         "comments.",      ".email",
        "x.email", "comments.x", "comments.email.x", "COMMENTS.email", "comments email"};
    struct matrix m = {0};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        assert_false(matrix_set(&m, str_from(NAMES[i]), true));
    assert_int_equal(group_parse(STR_NULL), GROUP_COUNT);
    assert_int_equal(channel_parse(STR_NULL), CHANNEL_COUNT);
}

static void ones_own_word_wins_over_the_default_and_that_over_what_is_shipped(void **state)
{
    (void)state;
    struct wishes w = everything_on();
    assert_true(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_EMAIL));
    assert_false(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_SMS));
    assert_true(matrix_set(&w.defaults, STR("comments.email"), false));
    assert_true(matrix_set(&w.defaults, STR("comments.sms"), true));
    assert_false(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_EMAIL));
    assert_true(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_SMS));
    assert_true(matrix_set(&w.own, STR("comments.email"), true));
    assert_true(matrix_set(&w.own, STR("comments.sms"), false));
    assert_true(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_EMAIL));
    assert_false(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_SMS));
}

static void a_channel_can_be_off_altogether(void **state)
{
    (void)state;
    struct wishes w = everything_on();
    w.is_channel_on[CHANNEL_EMAIL] = false;
    assert_true(matrix_set(&w.own, STR("comments.email"), true));
    assert_false(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_EMAIL));
}

static void what_is_locked_stays_on(void **state)
{
    (void)state;
    struct wishes w = everything_on();
    w.is_channel_on[CHANNEL_EMAIL] = false;
    assert_true(matrix_set(&w.own, STR("account.email"), false));
    assert_true(matrix_is_on(&w, GROUP_ACCOUNT, CHANNEL_EMAIL));
    assert_true(matrix_set(&w.own, STR("comments.email"), false));
    assert_true(matrix_set(&w.locked, STR("comments.email"), true));
    assert_true(matrix_is_on(&w, GROUP_COMMENTS, CHANNEL_EMAIL));
}

static void of_the_channels_offered_those_that_are_on_are_taken(void **state)
{
    (void)state;
    struct wishes w = everything_on();
    unsigned all = CHANNEL_BIT(CHANNEL_COUNT) - 1;
    assert_int_equal(matrix_channels(&w, GROUP_TICKETS, all), all & ~CHANNEL_BIT(CHANNEL_SMS));
    assert_int_equal(matrix_channels(&w, GROUP_TICKETS, CHANNEL_BIT(CHANNEL_EMAIL)),
                     CHANNEL_BIT(CHANNEL_EMAIL));
    assert_int_equal(matrix_channels(&w, GROUP_TICKETS, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_lead_back_to_what_they_name),
        cmocka_unit_test(other_words_name_nothing),
        cmocka_unit_test(ones_own_word_wins_over_the_default_and_that_over_what_is_shipped),
        cmocka_unit_test(a_channel_can_be_off_altogether),
        cmocka_unit_test(what_is_locked_stays_on),
        cmocka_unit_test(of_the_channels_offered_those_that_are_on_are_taken),
    };
    return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
