#pragma once
/*
 * Stackful coroutines: code that waits reads top to bottom. Only co.c switches stacks.
 *
 * A coroutine runs until it waits; between two waits nothing else runs. It is never killed: when it
 * is cancelled or its deadline passes, every wait returns ERR_CANCELLED or ERR_TIMEOUT and it
 * leaves by its normal path. Stacks are 256 KiB, mapped with a guard page and pooled.
 */
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct co;
struct loop;

/* Marks a function that may suspend; a lint checks that unmarked functions call no marked one. */
#define CO_FN

typedef void (*co_main_fn)(void *arg);

/* Starts fn(arg) at once, on a stack of its own; returns when it first waits or ends. May be called
 * from inside a coroutine. name is borrowed (static). */
void co_start(struct loop *l, co_main_fn fn, void *arg, const char *name);
/* The running coroutine, NULL on the loop's own stack. */
struct co *co_self(void);
/* Makes the current and every later wait of c return ERR_CANCELLED. */
void co_cancel(struct co *c);
bool co_is_cancelled(const struct co *c);
/* Monotonic microseconds after which waits return ERR_TIMEOUT; 0 for none. */
void co_set_deadline(struct co *c, int64_t mono_us);
int64_t co_deadline(const struct co *c);
/* The log context of the coroutine (const struct log_context *), NULL initially; borrowed. */
void co_set_local(void *p);
void *co_local(void);
/* Coroutines alive in this process (tests, metrics). */
int co_count(void);

/* ---- waiting ------------------------------------------------------------------------------ */

/*
 * The meeting point of a waiting coroutine and the event it waits for. Lives on the waiter's stack:
 * when co_wait returns for another reason than co_wake, the waiter must withdraw it from wherever
 * it is registered before it returns.
 */
struct co_wait {
    struct co *co;
    enum err rc;
    bool done;
};

void co_wait_init(struct co_wait *w);
/* Suspends until co_wake, the timeout (ms, <0 none), the deadline or cancellation. */
MUST_CHECK enum err CO_FN co_wait(struct co_wait *w, int64_t timeout_ms);
/* As co_wait, but neither deadline nor cancellation ends it: for work that cannot be abandoned. */
enum err CO_FN co_wait_uncancellable(struct co_wait *w);
/* Completes the wait with rc; the waiter runs in this turn, after the current callback. A second
 * call has no effect. */
void co_wake(struct co_wait *w, enum err rc);

MUST_CHECK enum err CO_FN co_sleep_ms(int64_t ms);
/* Lets everything else that is ready run. */
MUST_CHECK enum err CO_FN co_yield (void);
