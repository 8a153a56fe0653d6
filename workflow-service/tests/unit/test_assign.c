#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/assign.h"

#define MAX 12
#define NOW 1000

static struct assign_candidate agent(int64_t id)
{
    return (struct assign_candidate){
        .id = id,
        .is_present = true,
        .out_from = ASSIGN_NEVER,
        .out_until = ASSIGN_NEVER,
        .substitute_id = NO_PERSON,
        .capacity = ASSIGN_UNLIMITED,
        .weight = 1,
    };
}

/* Ids 10, 20, 30, … */
static void team(struct assign_candidate *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c[i] = agent(10 * (int64_t)(i + 1));
}

static void send_out(struct assign_candidate *c, int64_t substitute_id)
{
    c->has_out = true;
    c->substitute_id = substitute_id;
}

static int64_t pick(const struct assign_policy *p, struct assign_candidate *c, size_t n,
                    int64_t turn)
{
    struct assign_case k = {NOW, turn, NO_PERSON};
    struct assign_decision d = assign_decide(p, c, n, &k);
    assert_non_null(d.reason);
    return d.chosen < 0 ? NO_PERSON : c[d.chosen].id;
}

static const struct assign_policy ROUND_ROBIN = {.kind = ASSIGN_ROUND_ROBIN};
static const struct assign_policy LEAST_LOADED = {.kind = ASSIGN_LEAST_LOADED};
static const struct assign_policy WEIGHTED = {.kind = ASSIGN_WEIGHTED};
static const struct assign_policy MANUAL = {.kind = ASSIGN_MANUAL};

/* ---- words -------------------------------------------------------------------------------- */

static void words_are_read_as_written(void **state)
{
    (void)state;
    for (int k = 0; k < ASSIGN_KIND_COUNT; k++)
        assert_int_equal(assign_kind_parse(assign_kind_word((enum assign_kind)k)), k);
    assert_int_equal(assign_kind_parse(STR("Least_Loaded")), ASSIGN_LEAST_LOADED);
    assert_int_equal(assign_kind_parse(STR("random")), ASSIGN_KIND_COUNT);
    assert_int_equal(assign_kind_parse(STR_NULL), ASSIGN_KIND_COUNT);
    for (int s = 0; s < STANDING_COUNT; s++)
        assert_true(assign_standing_word((enum assign_standing)s).len > 0);
}

/* ---- who may be given anything ------------------------------------------------------------ */

static void only_whoever_is_there_is_given_work(void **state)
{
    (void)state;
    const struct {
        bool is_present;
        bool has_out;
        int64_t from, until, capacity, open;
        enum assign_standing expected;
    } cases[] = {
        {true, false, ASSIGN_NEVER, ASSIGN_NEVER, ASSIGN_UNLIMITED, 9999, STANDING_FREE},
        {false, false, ASSIGN_NEVER, ASSIGN_NEVER, ASSIGN_UNLIMITED, 0, STANDING_ABSENT},
        {true, true, ASSIGN_NEVER, ASSIGN_NEVER, ASSIGN_UNLIMITED, 0, STANDING_OUT},
        {true, true, NOW, ASSIGN_NEVER, ASSIGN_UNLIMITED, 0, STANDING_OUT},
        {true, true, NOW + 1, ASSIGN_NEVER, ASSIGN_UNLIMITED, 0, STANDING_FREE},
        {true, true, ASSIGN_NEVER, NOW, ASSIGN_UNLIMITED, 0, STANDING_FREE},
        {true, true, NOW - 9, NOW + 1, ASSIGN_UNLIMITED, 0, STANDING_OUT},
        {true, false, ASSIGN_NEVER, ASSIGN_NEVER, 3, 2, STANDING_FREE},
        {true, false, ASSIGN_NEVER, ASSIGN_NEVER, 3, 3, STANDING_FULL},
        {true, false, ASSIGN_NEVER, ASSIGN_NEVER, 3, 4, STANDING_FULL},
        {true, false, ASSIGN_NEVER, ASSIGN_NEVER, 0, 0, STANDING_FULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct assign_candidate c = agent(10);
        c.is_present = cases[i].is_present;
        c.has_out = cases[i].has_out;
        c.out_from = cases[i].from;
        c.out_until = cases[i].until;
        c.capacity = cases[i].capacity;
        c.open = cases[i].open;
        bool is_free = assign_anybody(&c, 1, NOW);
        assert_int_equal(c.standing, cases[i].expected);
        assert_int_equal(is_free, cases[i].expected == STANDING_FREE);
        assert_int_equal(pick(&ROUND_ROBIN, &c, 1, 0) == 10, is_free);
    }
}

static void substitutes_stand_in(void **state)
{
    (void)state;
    struct assign_candidate c[MAX];
    team(c, 3);
    send_out(&c[0], 30);
    assert_true(assign_anybody(c, 3, NOW));
    assert_int_equal(c[0].standing, STANDING_REPLACED);
    assert_int_equal(c[0].taker, 2);
    /* The turn of whoever is out is the substitute's. */
    assert_int_equal(pick(&ROUND_ROBIN, c, 3, 0), 30);
    assert_int_equal(pick(&ROUND_ROBIN, c, 3, 1), 20);
    assert_int_equal(pick(&ROUND_ROBIN, c, 3, 2), 30);
    /* One who is absent, full or not of the role stands in for nobody. */
    c[2].is_present = false;
    assert_int_equal(pick(&ROUND_ROBIN, c, 3, 0), 20);
    assert_int_equal(c[0].standing, STANDING_OUT);
    c[0].substitute_id = 99;
    c[2].is_present = true;
    assert_int_equal(pick(&ROUND_ROBIN, c, 3, 0), 20);
}

static void chains_of_substitutes_end(void **state)
{
    (void)state;
    struct assign_candidate c[MAX];
    team(c, MAX);
    for (int i = 0; i < 4; i++)
        send_out(&c[i], c[i + 1].id);
    assert_true(assign_anybody(c, MAX, NOW));
    for (int i = 0; i < 4; i++)
        assert_int_equal(c[i].taker, 4);
    /* A circle finds nobody, and is left. */
    team(c, 3);
    for (int i = 0; i < 3; i++)
        send_out(&c[i], c[(i + 1) % 3].id);
    assert_false(assign_anybody(c, 3, NOW));
    send_out(&c[0], 10);
    assert_false(assign_anybody(c, 3, NOW));
    /* So does a chain over the bound, from its far end. */
    team(c, MAX);
    for (int i = 0; i + 1 < MAX; i++)
        send_out(&c[i], c[i + 1].id);
    assert_true(assign_anybody(c, MAX, NOW));
    for (int i = 0; i < MAX; i++)
        assert_int_equal(c[i].taker >= 0, MAX - 1 - i <= ASSIGN_MAX_CHAIN);
}

/* ---- policies ----------------------------------------------------------------------------- */

static void turns_go_round(void **state)
{
    (void)state;
    struct assign_candidate c[MAX];
    team(c, 4);
    for (int64_t turn = 0; turn < 40; turn++)
        assert_int_equal(pick(&ROUND_ROBIN, c, 4, turn), 10 * (turn % 4 + 1));
    c[1].is_present = false;
    for (int64_t turn = 0; turn < 9; turn++) {
        static const int64_t REST[] = {10, 30, 40};
        assert_int_equal(pick(&ROUND_ROBIN, c, 4, turn), REST[turn % 3]);
    }
    assert_int_equal(pick(&ROUND_ROBIN, c, 0, 7), NO_PERSON);
}

static void the_least_loaded_is_chosen(void **state)
{
    (void)state;
    struct assign_candidate c[MAX];
    team(c, 3);
    c[0].open_weight = 3000;
    c[1].open_weight = 2000;
    c[2].open_weight = 2500;
    assert_int_equal(pick(&LEAST_LOADED, c, 3, 0), 20);
    assert_true(fabs(c[0].score - 0.3) < 1e-9);
    /* In proportion to what each can take: 2 of 4 is more than 3 of 10. */
    c[1].capacity = 4;
    c[1].open = 2;
    assert_int_equal(pick(&LEAST_LOADED, c, 3, 0), 30);
    c[2].is_present = false;
    assert_int_equal(pick(&LEAST_LOADED, c, 3, 0), 10);
    /* Of equals each in turn. */
    team(c, 3);
    c[1].open_weight = 1000;
    assert_int_equal(pick(&LEAST_LOADED, c, 3, 0), 10);
    assert_int_equal(pick(&LEAST_LOADED, c, 3, 1), 30);
    assert_int_equal(pick(&LEAST_LOADED, c, 3, 2), 10);
    /* Standing in makes nobody more likely. */
    send_out(&c[0], 20);
    assert_int_equal(pick(&LEAST_LOADED, c, 3, 0), 30);
}

static void weights_are_shares(void **state)
{
    (void)state;
    static const int64_t WEIGHTS[][4] = {{1, 1, 1, 1},    {5, 1, 0, 2},         {100, 1, 1, 1},
                                         {7, 13, 29, 51}, {1000, 999, 1000, 1}, {0, 0, 0, 3}};
    for (size_t k = 0; k < sizeof WEIGHTS / sizeof WEIGHTS[0]; k++) {
        struct assign_candidate c[MAX];
        int64_t sum = 0;
        team(c, 4);
        for (int i = 0; i < 4; i++) {
            c[i].weight = WEIGHTS[k][i];
            sum += c[i].weight;
        }
        /* Exactly the share, over as many turns as the sum, from wherever one begins. */
        for (int64_t first = 0; first < 2 * sum; first += sum / 2 + 1) {
            int64_t got[4] = {0};
            for (int64_t turn = first; turn < first + sum; turn++)
                got[pick(&WEIGHTED, c, 4, turn) / 10 - 1]++;
            for (int i = 0; i < 4; i++)
                assert_int_equal(got[i], WEIGHTS[k][i]);
        }
    }
}

static void weights_are_spread(void **state)
{
    (void)state;
    struct assign_candidate c[MAX];
    team(c, 2);
    c[0].weight = c[1].weight = 50;
    int run = 0, longest = 0;
    int64_t before = 0;
    for (int64_t turn = 0; turn < 100; turn++) {
        int64_t now = pick(&WEIGHTED, c, 2, turn);
        run = now == before ? run + 1 : 1;
        longest = run > longest ? run : longest;
        before = now;
    }
    assert_true(longest <= 3);
    /* Without any weight everybody has the same. */
    c[0].weight = c[1].weight = 0;
    assert_int_equal(pick(&WEIGHTED, c, 2, 0), 10);
    assert_int_equal(pick(&WEIGHTED, c, 2, 1), 20);
    assert_int_equal(pick(&WEIGHTED, c, 2, INT64_MAX), 20);
}

static void skills_filter_and_count(void **state)
{
    (void)state;
    static const struct str NETWORK[] = {{"Network", 7}};
    static const struct str BOTH[] = {{"network", 7}, {"german", 6}};
    static const struct str VPN_GERMAN[] = {{"vpn", 3}, {"german", 6}};
    struct assign_policy p = {.kind = ASSIGN_SKILLS,
                              .must = BOTH,
                              .must_count = 1,
                              .should = VPN_GERMAN,
                              .should_count = 2};
    struct assign_candidate c[MAX];
    team(c, 3);
    assert_int_equal(pick(&p, c, 3, 0), NO_PERSON);
    assert_int_equal(c[0].standing, STANDING_UNFIT);
    c[0].skills = NETWORK;
    c[0].skill_count = 1;
    assert_int_equal(pick(&p, c, 3, 5), 10);
    c[2].skills = BOTH;
    c[2].skill_count = 2;
    c[2].open_weight = 9000;
    assert_int_equal(pick(&p, c, 3, 0), 30);
    assert_true(c[2].score == 1 && c[0].score == 0);
    /* Of equal skills the less loaded. */
    p.should_count = 0;
    assert_int_equal(pick(&p, c, 3, 0), 10);
    c[0].open_weight = 9000;
    assert_int_equal(pick(&p, c, 3, 0), 10);
    assert_int_equal(pick(&p, c, 3, 1), 30);
    c[0].is_present = c[2].is_present = false;
    assert_int_equal(pick(&p, c, 3, 0), NO_PERSON);
}

static void who_knows_the_requester_goes_on(void **state)
{
    (void)state;
    struct assign_policy p = {.kind = ASSIGN_STICKY, .fallback = ASSIGN_ROUND_ROBIN};
    struct assign_candidate c[MAX];
    team(c, 3);
    struct assign_case k = {NOW, 0, 20};
    assert_int_equal(assign_decide(&p, c, 3, &k).chosen, 1);
    c[1].is_present = false;
    assert_int_equal(assign_decide(&p, c, 3, &k).chosen, 0);
    k.last_id = 77;
    k.turn = 1;
    assert_int_equal(assign_decide(&p, c, 3, &k).chosen, 2);
    p.fallback = ASSIGN_MANUAL;
    assert_int_equal(assign_decide(&p, c, 3, &k).chosen, -1);
    p.fallback = ASSIGN_STICKY;
    assert_true(assign_decide(&p, c, 3, &k).chosen >= 0);
}

static void by_hand_means_nobody(void **state)
{
    (void)state;
    struct assign_candidate c[MAX];
    team(c, 3);
    assert_int_equal(pick(&MANUAL, c, 3, 0), NO_PERSON);
    assert_int_equal(pick(&MANUAL, c, 0, 0), NO_PERSON);
    assert_int_equal(c[0].standing, STANDING_FREE);
}

static void loads_matter_to_some(void **state)
{
    (void)state;
    for (int k = 0; k < ASSIGN_KIND_COUNT; k++) {
        struct assign_policy p = {.kind = (enum assign_kind)k};
        assert_int_equal(assign_needs_load(&p), k == ASSIGN_LEAST_LOADED || k == ASSIGN_SKILLS);
        struct assign_policy sticky = {.kind = ASSIGN_STICKY, .fallback = (enum assign_kind)k};
        assert_int_equal(assign_needs_load(&sticky),
                         k == ASSIGN_LEAST_LOADED || k == ASSIGN_SKILLS);
    }
}

/* ---- properties --------------------------------------------------------------------------- */

static uint64_t seed;

static int64_t random_below(int64_t n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (int64_t)((seed >> 33) % (uint64_t)n);
}

static size_t random_team(struct assign_candidate *c)
{
    static const struct str SKILLS[] = {{"network", 7}, {"german", 6}, {"vpn", 3}};
    size_t n = (size_t)random_below(MAX + 1);
    team(c, n);
    for (size_t i = 0; i < n; i++) {
        c[i].is_present = random_below(4) > 0;
        if (random_below(3) == 0)
            send_out(&c[i], random_below(2) ? 10 * random_below(MAX + 2) : NO_PERSON);
        if (random_below(2))
            c[i].capacity = random_below(4);
        c[i].weight = random_below(5);
        c[i].open = random_below(4);
        c[i].open_weight = c[i].open * 500;
        c[i].skills = SKILLS;
        c[i].skill_count = (size_t)random_below(4);
    }
    return n;
}

/* Whatever the circumstances: the same twice; only somebody free; nobody only for a reason. */
static void choices_keep_their_word(void **state)
{
    (void)state;
    static const struct str MUST[] = {{"network", 7}, {"german", 6}};
    seed = 20260112;
    for (int round = 0; round < 200000; round++) {
        struct assign_candidate c[MAX], twin[MAX];
        size_t n = random_team(c);
        struct assign_policy p = {
            .kind = (enum assign_kind)random_below(ASSIGN_KIND_COUNT),
            .fallback = (enum assign_kind)random_below(ASSIGN_KIND_COUNT),
            .must = MUST,
            .must_count = (size_t)random_below(3),
            .should = MUST,
            .should_count = (size_t)random_below(3),
        };
        struct assign_case k = {NOW, random_below(1000000), 10 * random_below(MAX + 2)};
        memcpy(twin, c, sizeof c);
        struct assign_decision d = assign_decide(&p, c, n, &k);
        assert_int_equal(assign_decide(&p, twin, n, &k).chosen, d.chosen);
        if (d.chosen >= 0) {
            const struct assign_candidate *who = &c[d.chosen];
            assert_true((size_t)d.chosen < n);
            assert_int_equal(who->standing, STANDING_FREE);
            assert_true(who->is_present && !who->has_out);
            assert_true(who->capacity == ASSIGN_UNLIMITED || who->open < who->capacity);
            continue;
        }
        bool may_refuse = p.kind == ASSIGN_MANUAL || p.kind == ASSIGN_SKILLS ||
                          (p.kind == ASSIGN_STICKY &&
                           (p.fallback == ASSIGN_MANUAL || p.fallback == ASSIGN_SKILLS));
        assert_true(may_refuse || !assign_anybody(c, n, NOW));
    }
}

/* ---- by hand ------------------------------------------------------------------------------ */

static void what_can_be_taken(void **state)
{
    (void)state;
    const struct claim_facts fine = {
        ITEM_STATUS_POOL, TASK_STATUS_ACTIVE, true, false, ASSIGN_UNLIMITED, 7};
    struct claim_facts f = fine;
    assert_int_equal(assign_check_claim(&f), ERR_OK);
    f.holds_role = false;
    assert_int_equal(assign_check_claim(&f), ERR_FORBIDDEN);
    f = fine;
    f.item = ITEM_STATUS_NEW;
    assert_int_equal(assign_check_claim(&f), ERR_CONFLICT);
    f.item = ITEM_STATUS_CANCELLED;
    assert_int_equal(assign_check_claim(&f), ERR_ALREADY_COMPLETED);
    f = fine;
    f.task = TASK_STATUS_ON_HOLD;
    assert_int_equal(assign_check_claim(&f), ERR_CONFLICT);
    f.task = TASK_STATUS_CANCELLED;
    assert_int_equal(assign_check_claim(&f), ERR_ALREADY_COMPLETED);
    f = fine;
    f.capacity = 7;
    assert_int_equal(assign_check_claim(&f), ERR_CONFLICT);
    f.is_named_by_admin = true;
    assert_int_equal(assign_check_claim(&f), ERR_OK);
    f.is_named_by_admin = false;
    f.capacity = 8;
    assert_int_equal(assign_check_claim(&f), ERR_OK);
    assert_int_equal(assign_item_status(NO_PERSON), ITEM_STATUS_POOL);
    assert_int_equal(assign_item_status(7), ITEM_STATUS_NEW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_read_as_written),
        cmocka_unit_test(only_whoever_is_there_is_given_work),
        cmocka_unit_test(substitutes_stand_in),
        cmocka_unit_test(chains_of_substitutes_end),
        cmocka_unit_test(turns_go_round),
        cmocka_unit_test(the_least_loaded_is_chosen),
        cmocka_unit_test(weights_are_shares),
        cmocka_unit_test(weights_are_spread),
        cmocka_unit_test(skills_filter_and_count),
        cmocka_unit_test(who_knows_the_requester_goes_on),
        cmocka_unit_test(by_hand_means_nobody),
        cmocka_unit_test(loads_matter_to_some),
        cmocka_unit_test(choices_keep_their_word),
        cmocka_unit_test(what_can_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
