#pragma once
/*
 * The event loop of a process: libevent's base, timers, signals and calls posted by other threads.
 * One loop, one thread. Durations are milliseconds.
 */
#include <stdbool.h>
#include <stdint.h>

struct event;
struct event_base;
struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *l);
/* For libraries that sit on libevent (bufferevents, curl). */
struct event_base *loop_base(struct loop *l);
/* Runs until loop_stop. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* One turn: runs what is ready; waits for at most timeout_ms (tests). */
void loop_turn(struct loop *l, int timeout_ms);

typedef void (*loop_fn)(void *arg);

/* Runs fn(arg) on the loop thread in a later turn. Thread-safe; the only such call of this header.
 */
void loop_post(struct loop *l, loop_fn fn, void *arg);
/* Runs fn(arg) on the loop thread after the current callback returns. Not thread-safe. */
void loop_defer(struct loop *l, loop_fn fn, void *arg);

struct timer {
    struct event *ev; /* owned */
    loop_fn fn;
    void *arg;
};
void timer_init(struct timer *t, struct loop *l, loop_fn fn, void *arg);
/* Fires once after delay_ms; restarts a running timer. */
void timer_start(struct timer *t, int64_t delay_ms);
void timer_stop(struct timer *t);
bool timer_is_active(const struct timer *t);
void timer_release(struct timer *t);

typedef void (*loop_signal_fn)(int signo, void *arg);
void loop_on_signal(struct loop *l, int signo, loop_signal_fn fn, void *arg);
