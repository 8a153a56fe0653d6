#pragma once
/* Ending a job before its time, and having one that has ended go on. Both inside a transaction,
 * with the job locked; the workers find out by themselves. */
#include "store/job_store.h"

/* Pending items are skipped once those in hand are done. ERR_CONFLICT when it has ended already. */
MUST_CHECK enum err CO_FN job_cancel_now(struct db_session *s, struct job *j, int64_t now,
                                         int64_t retention_s);
/* What was skipped is pending again; so are items that failed, if asked for or if the job does all
 * or nothing. What is done stays done. ERR_CONFLICT when it has not ended or nothing is left. */
MUST_CHECK enum err CO_FN job_resume_now(struct db_session *s, struct job *j, int64_t now,
                                         bool with_failed);
