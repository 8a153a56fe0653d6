#pragma once
/*
 * Works on jobs, together with the workers of all replicas: one chunk of one job at a time, then
 * the job that has waited longest. An item is claimed by its row lock and dealt with in the
 * transaction that writes its result, so whatever dies at any moment leaves it done or not begun.
 */
#include "jobs/kind.h"

struct job_worker;

/* kinds: borrowed. Finished jobs are kept for retention_s. */
struct job_worker *job_worker_new(struct service *s, const struct job_kind *const *kinds,
                                  size_t count, int64_t retention_s);
/* Call from start. */
void job_worker_start(struct job_worker *w);
/* There may be something to do: for db_on_commit. */
void job_worker_kick(void *worker);
/* Call from stop: returns when the item in hand is done. */
void CO_FN job_worker_stop(struct job_worker *w);
/* NULL is accepted. */
void job_worker_free(struct job_worker *w);
