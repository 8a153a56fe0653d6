#pragma once
/* A job of which everything is done or nothing. */
#include "jobs/kind.h"

/* Deals with all items in one transaction; when one fails nothing stays but how each would have
 * ended. *is_progress: this process did it, and not another one. An error is a passing one. */
MUST_CHECK enum err CO_FN job_run_atomic(struct job_run *run, const struct job_kind *kind,
                                         bool *is_progress);
