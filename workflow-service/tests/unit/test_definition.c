#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/definition.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#define STEP(name_, start)                                                                         \
    {                                                                                              \
        .name = S(name_), .role_system = S("tts"), .role_name = S("Reviewer"), .weight = 1,        \
        .is_start = start                                                                          \
    }

static const struct definition_step STEPS[] = {STEP("Review", true), STEP("Approve", false)};
static const struct definition_transition TRANSITIONS[] = {
    {.from = S("Review"), .name = S("approve"), .to = S("Approve")},
    {.from = S("Approve"), .name = S("return"), .to = S("Review")},
    {.from = S("Approve"), .name = S("approve"), .outcome = S("resolved")},
};

static struct definition good(void)
{
    return (struct definition){
        .name = STR("Simple"),
        .steps = STEPS,
        .step_count = 2,
        .transitions = TRANSITIONS,
        .transition_count = 3,
    };
}

static bool complains(const struct definition_problem *p, const char *where, const char *message)
{
    for (; p; p = p->next)
        if (str_eq(p->where, str_from(where)) && strstr(p->message, message))
            return true;
    return false;
}

static void a_sound_definition_has_no_problem(void **state)
{
    struct definition d = good();
    assert_null(definition_check(*state, &d));
}

static void the_start_is_unique(void **state)
{
    struct definition d = good();
    struct definition_step steps[] = {STEP("Review", true), STEP("Approve", true)};
    d.steps = steps;
    assert_true(complains(definition_check(*state, &d), "workflow", "exactly one step"));
    steps[0].is_start = steps[1].is_start = false;
    assert_true(complains(definition_check(*state, &d), "workflow", "exactly one step"));
}

static void every_step_is_reached_and_leads_to_an_end(void **state)
{
    struct definition d = good();
    const struct definition_step steps[] = {STEP("Review", true), STEP("Approve", false),
                                            STEP("Island", false)};
    const struct definition_transition endless[] = {
        {.from = S("Review"), .name = S("go"), .to = S("Approve")},
        {.from = S("Approve"), .name = S("back"), .to = S("Review")},
        {.from = S("Island"), .name = S("stop"), .outcome = S("rejected")},
    };
    d.steps = steps;
    d.step_count = 3;
    d.transitions = endless;
    struct definition_problem *p = definition_check(*state, &d);
    assert_true(complains(p, "Island", "no path leads from the start"));
    assert_true(complains(p, "Review", "no path leads from the step to an end"));
    assert_true(complains(p, "Approve", "no path leads from the step to an end"));
    assert_false(complains(p, "Island", "no path leads from the step to an end"));
}

static void all_problems_are_named_at_once(void **state)
{
    const struct definition_step steps[] = {
        {.name = S("A"), .role_system = S("tts"), .weight = 0, .is_start = true},
        STEP("A", false),
    };
    const struct definition_transition transitions[] = {
        {.from = S("A"), .name = S("x"), .to = S("Nowhere")},
        {.from = S("B"), .name = S("y"), .outcome = S("resolved")},
        {.from = S("A"), .name = S("z"), .outcome = S("perhaps")},
        {.from = S("A"), .name = S("z"), .to = S("A"), .outcome = S("resolved")},
    };
    struct sla_target target = {STR("High"), 60, 30};
    struct definition d = {
        .name = STR(" "),
        .targets = &target,
        .target_count = 1,
        .steps = steps,
        .step_count = 2,
        .transitions = transitions,
        .transition_count = 4,
    };
    struct definition_problem *p = definition_check(*state, &d);
    assert_true(complains(p, "workflow", "no name"));
    assert_true(complains(p, "A", "no role"));
    assert_true(complains(p, "A", "weight"));
    assert_true(complains(p, "A", "same name"));
    assert_true(complains(p, "x", "unknown step"));
    assert_true(complains(p, "y", "starts at an unknown step"));
    assert_true(complains(p, "z", "must be resolved or rejected"));
    assert_true(complains(p, "z", "both a next step and an outcome"));
    assert_true(complains(p, "z", "another transition of this name"));
    assert_true(complains(p, "High", "breach"));
}

static void an_empty_definition_is_refused(void **state)
{
    struct definition d = {.name = STR("Empty")};
    assert_true(complains(definition_check(*state, &d), "workflow", "between 1 and 200 steps"));
}

static int setup(void **state)
{
    *state = arena_new();
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_sound_definition_has_no_problem),
        CASE(the_start_is_unique),
        CASE(every_step_is_reached_and_leads_to_an_end),
        CASE(all_problems_are_named_at_once),
        CASE(an_empty_definition_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
