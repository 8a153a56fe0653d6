#pragma once
/* Worker threads for what blocks: password hashing, content sniffing, migrations. */
#include "co.h"
#include "err.h"

struct loop;
struct offload;

/* queue_max bounds the waiting jobs. */
struct offload *offload_new(struct loop *l, int threads, int queue_max);
/* Finishes running jobs, drops none: call it when no coroutine waits any more. */
void offload_free(struct offload *o);
/*
 * Runs fn(arg) on a worker and waits for its end; neither deadline nor cancellation ends the wait,
 * because the worker uses arg. ERR_SERVICE_UNAVAILABLE at once when the queue is full.
 */
MUST_CHECK enum err CO_FN offload_run(struct offload *o, void (*fn)(void *arg), void *arg);
/* The same without a coroutine: done(arg) follows on the loop thread, at the latest when the loop
 * is freed. False when the queue is full. */
MUST_CHECK bool offload_start(struct offload *o, void (*fn)(void *arg), void (*done)(void *arg),
                              void *arg);
int offload_queued(const struct offload *o);
