#include "jobs/control.h"

#include "jobs/turn.h"
#include "store/job_item_store.h"

enum err job_cancel_now(struct db_session *s, struct job *j, int64_t now, int64_t retention_s)
{
    int64_t skipped;
    enum err rc;

    if (job_is_finished(j->state))
        return ERR_CONFLICT;
    rc = job_item_store_skip(s, j->id, STR("CANCELLED"), STR("The job was cancelled"), now,
                             &skipped);
    if (rc == ERR_OK && skipped == 0 && j->is_planned)
        rc = ERR_CONFLICT; /* all is done: a worker is about to say so */
    if (rc)
        return rc;
    j->state = JOB_CANCELLED;
    return job_turn_end(s, j, now, retention_s);
}

enum err job_resume_now(struct db_session *s, struct job *j, int64_t now, bool with_failed)
{
    bool is_all_or_nothing = j->is_atomic && !j->is_dry_run;
    int64_t renewed = 0;
    enum err rc;

    if (!job_is_finished(j->state))
        return ERR_CONFLICT;
    rc = job_item_store_renew(s, j->id, with_failed || is_all_or_nothing, &renewed);
    if (rc == ERR_OK && renewed == 0 && j->is_planned)
        rc = ERR_CONFLICT;
    if (rc == ERR_OK)
        rc = job_item_store_count(s, j->id, &j->counts);
    return rc ? rc : job_store_requeue(s, j, now);
}
