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

static size_t count(const struct definition_problem *p)
{
    size_t n = 0;
    for (; p; p = p->next)
        n++;
    return n;
}

static void a_sound_definition_has_no_problem(void **state)
{
    struct definition d = good();
    assert_null(definition_check(*state, &d, NULL, 0));
}

static void the_start_is_unique(void **state)
{
    struct definition d = good();
    struct definition_step steps[] = {STEP("Review", true), STEP("Approve", true)};
    d.steps = steps;
    assert_true(
        complains(definition_check(*state, &d, NULL, 0), "steps[1].is_start", "exactly one step"));
    steps[0].is_start = steps[1].is_start = false;
    struct definition_problem *p = definition_check(*state, &d, NULL, 0);
    assert_true(complains(p, "steps", "exactly one step"));
    assert_int_equal(count(p), 1);
}

static void every_step_is_reached_and_leads_to_an_end(void **state)
{
    struct definition d = good();
    const struct definition_step steps[] = {STEP("Review", true), STEP("Approve", false),
                                            STEP("Island", false), STEP("Rock", false)};
    const struct definition_transition endless[] = {
        {.from = S("Review"), .name = S("go"), .to = S("Approve")},
        {.from = S("Approve"), .name = S("back"), .to = S("Review")},
        {.from = S("Island"), .name = S("stop"), .outcome = S("rejected")},
    };
    d.steps = steps;
    d.step_count = 4;
    d.transitions = endless;
    struct definition_problem *p = definition_check(*state, &d, NULL, 0);
    assert_true(complains(p, "steps[0]", "no path leads from the step to an end"));
    assert_true(complains(p, "steps[1]", "no path leads from the step to an end"));
    assert_true(complains(p, "steps[2]", "no path leads from the start to the step"));
    assert_false(complains(p, "steps[2]", "to an end"));
    assert_true(complains(p, "steps[3]", "from the start to the step, nor"));
    assert_int_equal(count(p), 4);
}

static void all_problems_are_named_at_once(void **state)
{
    const struct definition_step steps[] = {
        {.name = S("A"), .role_system = S("tts"), .weight = 0, .is_start = true},
        {.name = S("a"),
         .role_system = S("tts"),
         .role_name = S("Reviewer"),
         .weight = 1001,
         .escalation_role = S("Admin")},
        STEP(" ", false),
    };
    const struct definition_transition transitions[] = {
        {.from = S("A"), .name = S("x"), .to = S("Nowhere")},
        {.from = S("B"), .name = S("y"), .outcome = S("resolved")},
        {.from = S("A"), .name = S("z"), .outcome = S("perhaps")},
        {.from = S("A"), .name = S("Z"), .to = S("A"), .outcome = S("resolved")},
        {.from = S("A"), .name = S("")},
    };
    struct sla_target target = {STR("High"), 60, 30};
    struct definition d = {
        .name = STR(" "),
        .targets = &target,
        .target_count = 1,
        .steps = steps,
        .step_count = 3,
        .transitions = transitions,
        .transition_count = 5,
    };
    struct definition_problem *p = definition_check(*state, &d, NULL, 0);
    assert_true(complains(p, "name", "no name"));
    assert_true(complains(p, "sla[0].breach_minutes", "breach"));
    assert_true(complains(p, "steps[0].role", "no role"));
    assert_true(complains(p, "steps[0].weight", "weight"));
    assert_true(complains(p, "steps[1].name", "same name"));
    assert_true(complains(p, "steps[1].weight", "weight"));
    assert_true(complains(p, "steps[1].escalation_role", "system and a name"));
    assert_true(complains(p, "steps[2].name", "no name"));
    assert_true(complains(p, "transitions[0].to_step", "unknown step"));
    assert_true(complains(p, "transitions[1].from_step", "unknown step"));
    assert_true(complains(p, "transitions[2].outcome", "resolved or rejected"));
    assert_true(complains(p, "transitions[3].outcome", "both a next step and an outcome"));
    assert_true(complains(p, "transitions[3].to_step", "its own step"));
    assert_true(complains(p, "transitions[3].name", "another transition of this name"));
    assert_true(complains(p, "transitions[4].name", "no name"));
    assert_true(complains(p, "transitions[4].outcome", "needs a next step"));
}

static void sizes_are_bounded(void **state)
{
    struct definition d = {.name = STR("Empty")};
    assert_true(
        complains(definition_check(*state, &d, NULL, 0), "steps", "between 1 and 200 steps"));
    d = good();
    d.step_count = DEFINITION_MAX_STEPS + 1;
    d.transition_count = DEFINITION_MAX_TRANSITIONS + 1;
    struct definition_problem *p = definition_check(*state, &d, NULL, 0);
    assert_true(complains(p, "steps", "between 1 and 200 steps"));
    assert_true(complains(p, "transitions", "at most 1000"));
}

static void roles_are_held_by_somebody(void **state)
{
    struct definition d = good();
    const struct definition_role nobody[1] = {{STR("tts"), STR("Reviewer"), false}};
    const struct definition_role others[1] = {{STR("tts"), STR("reviewer"), true}};
    const struct definition_role held[1] = {{STR("tts"), STR("Reviewer"), true}};
    struct definition_problem *p = definition_check(*state, &d, nobody, 1);
    assert_true(complains(p, "steps[0].role", "nobody active"));
    assert_true(complains(p, "steps[1].role", "nobody active"));
    assert_int_equal(count(definition_check(*state, &d, others, 1)), 2);
    assert_true(complains(definition_check(*state, &d, others, 1), "steps[0].role", "not known"));
    assert_null(definition_check(*state, &d, held, 1));
    struct definition_step step = STEPS[0];
    const struct definition_transition end = {
        .from = S("Review"), .name = S("x"), .outcome = S("resolved")};
    step.escalation_system = STR("tts");
    step.escalation_role = STR("Admin");
    d.steps = &step;
    d.step_count = 1;
    d.transitions = &end;
    d.transition_count = 1;
    p = definition_check(*state, &d, held, 1);
    assert_true(complains(p, "steps[0].escalation_role", "not known"));
    assert_int_equal(count(p), 1);
}

static void urgent_comes_before_low(void **state)
{
    static const struct {
        struct sla_target targets[2];
        size_t count;
        const char *where, *message;
    } cases[] = {
        {{{S("Urgent"), 60, 120}, {S("Low"), 600000, 600000}}, 2, NULL, NULL},
        {{{S("Urgent"), 481, 482}}, 1, "sla[0].target_minutes", "after that of High"},
        {{{S("Urgent"), 480, 1441}}, 1, "sla[0].breach_minutes", "after that of High"},
        {{{S("Low"), 60, 100000}}, 1, "sla[0].target_minutes", "before that of Medium"},
        {{{S("Low"), 4320, 4319}}, 1, "sla[0].breach_minutes", "before the target"},
        {{{S("High"), 30, 1440}, {S("high"), 30, 1440}}, 2, "sla[1].priority", "twice"},
        {{{S("Immediate"), 30, 60}}, 1, "sla[0].priority", "not known"},
        {{{S("Low"), 0, 60}}, 1, "sla[0].target_minutes", "above 0"},
        {{{S("Medium"), 4000, 5000}, {S("High"), 4001, 4500}},
         2,
         "sla[1].target_minutes",
         "after that of Medium"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct definition d = good();
        d.targets = cases[i].targets;
        d.target_count = cases[i].count;
        struct definition_problem *p = definition_check(*state, &d, NULL, 0);
        if (!cases[i].where)
            assert_null(p);
        else
            assert_true(complains(p, cases[i].where, cases[i].message));
    }
}

/* ---- random graphs ------------------------------------------------------------------------ */

#define NODES 7
#define EDGES 12

static uint64_t seed = 20260112;

static unsigned draw(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

struct graph {
    struct definition_step steps[NODES];
    struct definition_transition transitions[EDGES];
    char names[NODES][4], edges[EDGES][4];
    bool leads[NODES + 1][NODES + 1]; /* closed under composition; NODES is the end */
    struct definition d;
};

static void draw_graph(struct graph *g)
{
    unsigned nodes = 1 + draw(NODES), edges = draw(EDGES + 1);
    *g = (struct graph){0};
    for (unsigned i = 0; i < nodes; i++) {
        g->names[i][0] = (char)('A' + i);
        g->steps[i] = (struct definition_step)STEP("", i == 0);
        g->steps[i].name = str_n(g->names[i], 1);
    }
    for (unsigned i = 0; i < edges; i++) {
        unsigned from = draw(nodes), to = draw(nodes + 1);
        if (to == from)
            to = nodes;
        g->edges[i][0] = (char)('a' + i);
        g->transitions[i] = (struct definition_transition){
            .from = g->steps[from].name,
            .name = str_n(g->edges[i], 1),
            .to = to == nodes ? STR_NULL : g->steps[to].name,
            .outcome = to == nodes ? STR("resolved") : STR_NULL,
        };
        g->leads[from][to == nodes ? NODES : to] = true;
    }
    g->d = (struct definition){
        .name = STR("Random"),
        .steps = g->steps,
        .step_count = nodes,
        .transitions = g->transitions,
        .transition_count = edges,
    };
}

/* Warshall's closure: slow, and nothing like what is tested. */
static void close_graph(struct graph *g)
{
    for (int i = 0; i <= NODES; i++)
        g->leads[i][i] = true;
    for (int k = 0; k <= NODES; k++)
        for (int i = 0; i <= NODES; i++)
            for (int j = 0; j <= NODES; j++)
                g->leads[i][j] = g->leads[i][j] || (g->leads[i][k] && g->leads[k][j]);
}

static void random_graphs_are_judged_as_by_hand(void **state)
{
    size_t sound = 0, unsound = 0;
    for (int round = 0; round < 4000; round++) {
        static struct graph g;
        struct arena *a = arena_new();
        draw_graph(&g);
        close_graph(&g);
        struct definition_problem *p = definition_check(a, &g.d, NULL, 0);
        size_t expected = 0;
        for (size_t i = 0; i < g.d.step_count; i++) {
            const char *where = arena_printf(a, "steps[%zu]", i);
            bool is_lost = !g.leads[0][i], is_endless = !g.leads[i][NODES];
            expected += is_lost || is_endless;
            assert_int_equal(complains(p, where, "from the start to the step"), is_lost);
            assert_int_equal(complains(p, where, "from the step to an end"), is_endless);
        }
        assert_int_equal(count(p), expected);
        sound += !expected;
        unsound += expected > 0;
        arena_free(a);
    }
    assert_true(sound > 200 && unsound > 200);
    (void)state;
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
        CASE(sizes_are_bounded),
        CASE(roles_are_held_by_somebody),
        CASE(urgent_comes_before_low),
        CASE(random_graphs_are_judged_as_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
