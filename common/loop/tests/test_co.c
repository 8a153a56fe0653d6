#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "co.h"
#include "loop.h"
#include "offload.h"

static struct loop *loop;
static char trace[256];

static void note(const char *s)
{
    strncat(trace, s, sizeof trace - strlen(trace) - 1);
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new();
    trace[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(loop);
    return co_count();
}

static void turn_until_no_coroutines(void)
{
    int64_t deadline = clock_mono_us() + 60 * US_PER_S;
    while (co_count() && clock_mono_us() < deadline)
        loop_turn(loop, 20);
    assert_int_equal(co_count(), 0);
}

struct meeting {
    struct co_wait wait;
    struct co *co;
    enum err rc;
    int64_t timeout_ms;
};

static void waits(void *arg)
{
    struct meeting *m = arg;
    m->co = co_self();
    co_wait_init(&m->wait);
    note("w");
    m->rc = co_wait(&m->wait, m->timeout_ms);
    note("r");
}

static void a_wake_resumes_after_the_callback(void **state)
{
    (void)state;
    struct meeting m = {.timeout_ms = -1};
    co_start(loop, waits, &m, "waits");
    assert_string_equal(trace, "w");
    co_wake(&m.wait, ERR_CONFLICT);
    co_wake(&m.wait, ERR_OK);
    assert_string_equal(trace, "w");
    turn_until_no_coroutines();
    assert_string_equal(trace, "wr");
    assert_int_equal(m.rc, ERR_CONFLICT);
}

static void waits_time_out(void **state)
{
    (void)state;
    struct meeting m = {.timeout_ms = 5};
    int64_t before = clock_mono_us();
    co_start(loop, waits, &m, "waits");
    turn_until_no_coroutines();
    assert_int_equal(m.rc, ERR_TIMEOUT);
    assert_true(clock_mono_us() - before >= 5000);
}

static void cancelling_ends_the_wait(void **state)
{
    (void)state;
    struct meeting m = {.timeout_ms = -1};
    co_start(loop, waits, &m, "waits");
    co_cancel(m.co);
    turn_until_no_coroutines();
    assert_int_equal(m.rc, ERR_CANCELLED);
}

static void runs_under_deadline(void *arg)
{
    enum err *rc = arg;
    co_set_deadline(co_self(), clock_mono_us() + 10 * US_PER_MS);
    rc[0] = co_sleep_ms(1);
    rc[1] = co_sleep_ms(5000);
    rc[2] = co_sleep_ms(1);
    co_set_deadline(co_self(), 0);
    rc[3] = co_sleep_ms(1);
}

static void the_deadline_covers_every_wait(void **state)
{
    (void)state;
    enum err rc[4];
    co_start(loop, runs_under_deadline, rc, "deadline");
    turn_until_no_coroutines();
    assert_int_equal(rc[0], ERR_OK);
    assert_int_equal(rc[1], ERR_TIMEOUT);
    assert_int_equal(rc[2], ERR_TIMEOUT);
    assert_int_equal(rc[3], ERR_OK);
}

static void inner(void *arg)
{
    (void)arg;
    note("b");
    if (co_sleep_ms(1) == ERR_OK)
        note("e");
}

static void outer(void *arg)
{
    (void)arg;
    note("a");
    co_start(loop, inner, NULL, "inner");
    note("c");
    if (co_yield () == ERR_OK)
        note("d");
}

static void a_coroutine_starts_another(void **state)
{
    (void)state;
    co_start(loop, outer, NULL, "outer");
    turn_until_no_coroutines();
    assert_string_equal(trace, "abcde");
}

static void sleeps(void *arg)
{
    volatile char pad[2000];
    memset((char *)(uintptr_t)pad, (int)(intptr_t)arg, sizeof pad);
    for (int i = 0; i < 3; i++) {
        if (co_sleep_ms((intptr_t)arg % 5) != ERR_OK)
            note("!");
        for (size_t k = 0; k < sizeof pad; k++)
            if (pad[k] != (char)(intptr_t)arg)
                note("?");
    }
}

static void many_coroutines_keep_their_stacks(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (intptr_t i = 0; i < 300; i++)
            co_start(loop, sleeps, (void *)i, "sleeps");
        turn_until_no_coroutines();
    }
    assert_string_equal(trace, "");
}

static void square(void *arg)
{
    int *v = arg;
    *v = *v * *v;
}

struct offloaded {
    struct offload *pool;
    int value;
    enum err rc;
};

static void offloads(void *arg)
{
    struct offloaded *o = arg;
    co_cancel(co_self());
    o->rc = offload_run(o->pool, square, &o->value);
}

static void offloaded_work_ends_even_when_cancelled(void **state)
{
    (void)state;
    struct offloaded jobs[20];
    struct offload *pool = offload_new(loop, 2, 100);
    for (int i = 0; i < 20; i++) {
        jobs[i] = (struct offloaded){pool, i, ERR_COUNT};
        co_start(loop, offloads, &jobs[i], "offloads");
    }
    turn_until_no_coroutines();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(jobs[i].rc, ERR_OK);
        assert_int_equal(jobs[i].value, i * i);
    }
    offload_free(pool);
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    struct offload *pool = offload_new(loop, 1, 0);
    struct offloaded job = {pool, 3, ERR_OK};
    co_start(loop, offloads, &job, "offloads");
    turn_until_no_coroutines();
    assert_int_equal(job.rc, ERR_SERVICE_UNAVAILABLE);
    offload_free(pool);
}

static void count_down(void *arg)
{
    int *n = arg;
    if (--*n == 0)
        loop_stop(loop);
}

static void calls_and_timers_run(void **state)
{
    (void)state;
    int n = 3;
    struct timer t;
    timer_init(&t, loop, count_down, &n);
    timer_start(&t, 1);
    assert_true(timer_is_active(&t));
    loop_post(loop, count_down, &n);
    loop_defer(loop, count_down, &n);
    loop_run(loop);
    assert_int_equal(n, 0);
    assert_false(timer_is_active(&t));
    timer_release(&t);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_wake_resumes_after_the_callback),
        T(waits_time_out),
        T(cancelling_ends_the_wait),
        T(the_deadline_covers_every_wait),
        T(a_coroutine_starts_another),
        T(many_coroutines_keep_their_stacks),
        T(offloaded_work_ends_even_when_cancelled),
        T(a_full_queue_refuses),
        T(calls_and_timers_run),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
