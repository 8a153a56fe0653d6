/* The exposition text, cardinality, threads and the process's own figures. */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "metrics.h"

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

static const char *render(struct arena *a)
{
    struct buf b;

    buf_init(&b, a);
    metrics_render(&b);
    return buf_cstr(&b);
}

static void assert_has(struct arena *a, const char *want)
{
    const char *text = render(a);

    if (!strstr(text, want))
        fail_msg("missing:\n%s\nin:\n%s", want, text);
}

/* The value of an unlabelled sample. */
static double sample(struct arena *a, const char *name)
{
    const char *at = strstr(render(a), str_cstr(a, str_printf(a, "\n%s ", name)));

    assert_non_null(at);
    return strtod(strchr(at + 1, ' '), NULL);
}

static void test_counter(void **state)
{
    static struct metric m = {"t_requests_total", "All\\ requests\nso far", METRIC_COUNTER,
                              "method,route"};
    const struct str get[] = {STR("GET"), STR("/t/{id}")}, odd[] = {STR("a\"b\\c\nd"), STR("")};
    struct metric_series *s;

    assert_null(strstr(render(*state), "t_requests_total"));
    s = metric_series(&m, get);
    metric_add(s, 1);
    metric_add(s, 2);
    metric_add(metric_series(&m, odd), 0.5);
    assert_ptr_equal(metric_series(&m, get), s);
    assert_true(metric_value(s) == 3);
    assert_has(*state, "# HELP t_requests_total All\\\\ requests\\nso far\n"
                       "# TYPE t_requests_total counter\n"
                       "t_requests_total{method=\"GET\",route=\"/t/{id}\"} 3\n"
                       "t_requests_total{method=\"a\\\"b\\\\c\\nd\",route=\"\"} 0.5\n");
}

static void test_gauge(void **state)
{
    static struct metric m = {"t_gauge", "A gauge", METRIC_GAUGE};
    struct metric_series *s = metric_series(&m, NULL);

    metric_set(s, 7);
    metric_add(s, -9.25);
    assert_has(*state, "# TYPE t_gauge gauge\nt_gauge -2.25\n");
    metric_set(s, 9007199254740991);
    assert_has(*state, "\nt_gauge 9007199254740991\n");
    metric_set(s, 1e300);
    assert_has(*state, "\nt_gauge 1e+300\n");
    metric_set(s, INFINITY);
    assert_has(*state, "\nt_gauge +Inf\n");
    metric_set(s, NAN);
    assert_has(*state, "\nt_gauge NaN\n");
}

static void test_histogram(void **state)
{
    static const double bounds[] = {0.5, 1, 10};
    static struct metric m = {"t_size", "Sizes", METRIC_HISTOGRAM, "kind", bounds, 3};
    const struct str kind[] = {STR("x")};
    struct metric_series *s = metric_series(&m, kind);

    metric_observe(s, 0.5); /* bounds are inclusive */
    metric_observe(s, 0.75);
    metric_observe(s, 11);
    metric_observe(s, NAN);
    assert_true(metric_value(s) == 3);
    assert_has(*state, "# TYPE t_size histogram\n"
                       "t_size_bucket{kind=\"x\",le=\"0.5\"} 1\n"
                       "t_size_bucket{kind=\"x\",le=\"1\"} 2\n"
                       "t_size_bucket{kind=\"x\",le=\"10\"} 2\n"
                       "t_size_bucket{kind=\"x\",le=\"+Inf\"} 3\n"
                       "t_size_sum{kind=\"x\"} 12.25\n"
                       "t_size_count{kind=\"x\"} 3\n");
}

static void test_histogram_has_duration_buckets_by_default(void **state)
{
    static struct metric m = {"t_duration_seconds", "Durations", METRIC_HISTOGRAM};

    metric_observe(metric_series(&m, NULL), 0.03);
    assert_has(*state, "t_duration_seconds_bucket{le=\"0.005\"} 0\n");
    assert_has(*state, "t_duration_seconds_bucket{le=\"0.025\"} 0\n"
                       "t_duration_seconds_bucket{le=\"0.05\"} 1\n");
    assert_has(*state, "t_duration_seconds_bucket{le=\"10\"} 1\n"
                       "t_duration_seconds_bucket{le=\"+Inf\"} 1\n");
}

static void test_families_are_sorted(void **state)
{
    static struct metric b = {"t_order_b", "b", METRIC_COUNTER},
                         a = {"t_order_a", "a", METRIC_COUNTER},
                         c = {"t_order_c", "c", METRIC_COUNTER};
    const char *text;

    metric_add(metric_series(&b, NULL), 1);
    metric_add(metric_series(&a, NULL), 1);
    metric_add(metric_series(&c, NULL), 1);
    text = render(*state);
    assert_true(strstr(text, "\nt_order_a ") < strstr(text, "\nt_order_b "));
    assert_true(strstr(text, "\nt_order_b ") < strstr(text, "\nt_order_c "));
}

static void test_cardinality_is_bounded(void **state)
{
    static struct metric m = {"t_many_total", "Many", METRIC_COUNTER, "user"};
    struct metric_series *overflow = NULL;
    const char *at;
    int lines = 0;

    for (int i = 0; i < 5000; i++) {
        struct str user = str_printf(*state, "user-%d", i);
        struct metric_series *s = metric_series(&m, &user);

        metric_add(s, 1);
        if (i == 1998)
            assert_true(metric_value(s) == 1);
        if (i >= 1999) {
            if (overflow)
                assert_ptr_equal(s, overflow);
            overflow = s;
        }
    }
    assert_true(metric_value(overflow) == 5000 - 1999);
    assert_has(*state, "t_many_total{user=\"other\"} 3001\n");
    at = render(*state);
    while ((at = strstr(at, "\nt_many_total{"))) {
        lines++;
        at++;
    }
    assert_int_equal(lines, 2000);
}

enum { THREADS = 4, ADDS = 20000 };

static void *add_many(void *arg)
{
    for (int i = 0; i < ADDS; i++)
        metric_counter_add_atomic(arg, 1);
    return NULL;
}

static void test_atomic_adds(void **state)
{
    static struct metric m = {"t_atomic_total", "Atomic", METRIC_COUNTER};
    struct metric_series *s = metric_series(&m, NULL);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, s), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(metric_value(s) == THREADS * ADDS);
}

static void count_call(void *arg)
{
    ++*(int *)arg;
}

static void test_hooks_run_before_rendering(void **state)
{
    static int calls; /* hooks live as long as the process */

    metrics_on_render(count_call, &calls);
    assert_int_equal(calls, 0);
    render(*state);
    render(*state);
    assert_int_equal(calls, 2);
}

static void test_process(void **state)
{
    double fds, now = (double)clock_wall_us() / US_PER_S, start;
    volatile double spin = 0;
    int extra;

    metrics_register_process();
    assert_in_range((long)sample(*state, "process_resident_memory_bytes"), 100 * 1024, 4L << 30);

    fds = sample(*state, "process_open_fds");
    extra = open("/dev/null", O_RDONLY);
    assert_true(sample(*state, "process_open_fds") == fds + 1);
    close(extra);

    start = sample(*state, "process_start_time_seconds");
    assert_true(start <= now + 1 && start > now - 600);

    while (sample(*state, "process_cpu_seconds_total") <= 0)
        for (int i = 0; i < 1000000; i++)
            spin += i;
    assert_true(sample(*state, "process_cpu_seconds_total") < 600);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_counter),
        CASE(test_gauge),
        CASE(test_histogram),
        CASE(test_histogram_has_duration_buckets_by_default),
        CASE(test_families_are_sorted),
        CASE(test_cardinality_is_bounded),
        CASE(test_atomic_adds),
        CASE(test_hooks_run_before_rendering),
        CASE(test_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
