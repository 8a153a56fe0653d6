#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/layout.h"

#define NODES 9
#define EDGES 20

static uint64_t seed = 4;

static size_t draw(size_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % below;
}

static void a_chain_is_a_column(void **state)
{
    struct layout_edge edges[] = {{2, 0}, {0, 1}, {1, 2}};
    struct layout l;
    layout_arrange(*state, 3, edges, 3, 2, &l);
    assert_int_equal(l.layer_count, 3);
    assert_int_equal(l.layer[2], 0);
    assert_int_equal(l.layer[0], 1);
    assert_int_equal(l.layer[1], 2);
    assert_false(edges[0].is_back || edges[1].is_back);
    assert_true(edges[2].is_back);
}

static void the_longest_way_counts(void **state)
{
    struct layout_edge edges[] = {{0, 1}, {1, 2}, {0, 2}, {0, 3}};
    struct layout l;
    layout_arrange(*state, 4, edges, 4, 0, &l);
    assert_int_equal(l.layer[2], 2);
    assert_int_equal(l.layer[3], 1);
    assert_int_equal(l.width[1], 2);
    assert_int_equal(l.place[1], 0);
    assert_int_equal(l.place[3], 1);
}

static void nodes_stand_below_those_that_lead_to_them(void **state)
{
    /* 4 belongs under 1, 3 under 2, whatever their numbers are. */
    struct layout_edge edges[] = {{0, 1}, {0, 2}, {1, 4}, {2, 3}};
    struct layout l;
    layout_arrange(*state, 5, edges, 4, 0, &l);
    assert_int_equal(l.place[1], 0);
    assert_int_equal(l.place[4], 0);
    assert_int_equal(l.place[3], 1);
}

static void nothing_has_a_layout(void **state)
{
    struct layout l;
    layout_arrange(*state, 0, NULL, 0, 0, &l);
    assert_int_equal(l.layer_count, 0);
}

/* Whether a way leads from one node to another without the edges that lead back. */
static void close_over(bool leads[NODES][NODES], const struct layout_edge *edges, size_t n)
{
    memset(leads, 0, sizeof(bool) * NODES * NODES);
    for (size_t i = 0; i < n; i++)
        if (!edges[i].is_back)
            leads[edges[i].from][edges[i].to] = true;
    for (size_t k = 0; k < NODES; k++)
        for (size_t i = 0; i < NODES; i++)
            for (size_t j = 0; j < NODES; j++)
                leads[i][j] = leads[i][j] || (leads[i][k] && leads[k][j]);
}

static void random_graphs_are_in_order(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct arena *a = arena_new();
        struct layout_edge edges[EDGES], again[EDGES];
        size_t nodes = 1 + draw(NODES), n = draw(EDGES + 1), first = draw(nodes);
        bool leads[NODES][NODES], is_taken[NODES][NODES] = {0};
        struct layout l, same;
        for (size_t i = 0; i < n; i++)
            edges[i] = again[i] = (struct layout_edge){draw(nodes), draw(nodes), false};
        layout_arrange(a, nodes, edges, n, first, &l);
        layout_arrange(a, nodes, again, n, first, &same);
        close_over(leads, edges, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(edges[i].is_back || l.layer[edges[i].from] < l.layer[edges[i].to]);
            /* Only what would close a circle leads back. */
            assert_true(!edges[i].is_back || edges[i].from == edges[i].to ||
                        leads[edges[i].to][edges[i].from]);
            assert_int_equal(edges[i].is_back, again[i].is_back);
        }
        for (size_t v = 0; v < nodes; v++) {
            assert_true(l.layer[v] < l.layer_count && l.place[v] < l.width[l.layer[v]]);
            assert_false(is_taken[l.layer[v]][l.place[v]]);
            is_taken[l.layer[v]][l.place[v]] = true;
            assert_true(l.layer[v] == same.layer[v] && l.place[v] == same.place[v]);
            bool is_below = l.layer[v] == 0;
            for (size_t i = 0; i < n; i++)
                is_below = is_below || (!edges[i].is_back && edges[i].to == v &&
                                        l.layer[edges[i].from] + 1 == l.layer[v]);
            assert_true(is_below);
        }
        arena_free(a);
    }
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
        CASE(a_chain_is_a_column),
        CASE(the_longest_way_counts),
        CASE(nodes_stand_below_those_that_lead_to_them),
        CASE(nothing_has_a_layout),
        CASE(random_graphs_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
