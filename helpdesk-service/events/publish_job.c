#include "events/publish_job.h"

#include "event.h"

_Static_assert(JOB_NONE == JSON_NO_TIME, "an absent time is written the same way everywhere");

static enum err CO_FN publish(struct db_session *s, const char *type, const struct job *j,
                              int64_t now)
{
    struct event_meta meta = {
        .source = "helpdesk-service",
        .type = type,
        .subject = j->id,
        .time = now,
        .log = {.trace_id = j->trace_id, .request_id = j->request_id},
    };
    struct event_job payload = {
        .job_id = j->id,
        .kind = j->kind,
        .state = job_state_word(j->state),
        .is_dry_run = j->is_dry_run ? JSON_TRUE : JSON_FALSE,
        .total = j->counts.total,
        .done = j->counts.done,
        .failed = j->counts.failed,
        .skipped = j->counts.skipped,
        .error = j->error,
        .created_by = j->created_by,
        .created_by_name = j->created_by_name,
        .created_at = j->created_at,
        .finished_at = j->finished_at,
    };

    return event_put(s, &meta, &EVENT_JOB, &payload);
}

enum err publish_job_progress(struct db_session *s, const struct job *j, int64_t now)
{
    return publish(s, "job.progress", j, now);
}

enum err publish_job_completed(struct db_session *s, const struct job *j, int64_t now)
{
    return publish(s, "job.completed", j, now);
}
