#pragma once
/* Between loop.c and co.c. */
#include "list.h"
#include "loop.h"

/* Coroutines whose wait is over, run after the current callback. */
struct list *loop_ready_queue(struct loop *l);
/* Makes sure the ready queue is drained in this turn. */
void loop_wake_ready(struct loop *l);
/* co.c: resumes every coroutine of the queue. */
void co_run_ready(struct list *queue);
