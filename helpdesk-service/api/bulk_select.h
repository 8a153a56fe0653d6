#pragma once
/* Which tickets a bulk change is about. */
#include "jobs/kind.h"

/* The plan of the job: the next of the numbers given, or of the tickets that match the query and
 * that the person may see now. */
MUST_CHECK enum err CO_FN bulk_select_batch(struct job_run *run, struct db_session *s,
                                            struct job_batch *out);
