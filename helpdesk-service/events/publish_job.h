#pragma once
/* What helpdesk tells of jobs, by the outbox of the current transaction. */
#include "store/job_store.h"

/* job.progress */
MUST_CHECK enum err CO_FN publish_job_progress(struct db_session *s, const struct job *j,
                                               int64_t now);
/* job.completed: a job that has ended, however. */
MUST_CHECK enum err CO_FN publish_job_completed(struct db_session *s, const struct job *j,
                                                int64_t now);
