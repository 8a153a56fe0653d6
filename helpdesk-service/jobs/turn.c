#include "jobs/turn.h"

#include "clock.h"
#include "events/publish_job.h"
#include "jobs/atomic.h"
#include "jobs/item.h"
#include "service.h"
#include "store/job_item_store.h"

#define CHUNK_ITEMS 100
#define CHUNK_US (500 * US_PER_MS)

static void open_session(const struct job_turn *t, struct db_session *s)
{
    db_session_init(s, t->run.service->db, t->run.arena);
}

/* ---- the end ------------------------------------------------------------------------------ */

enum err job_turn_end(struct db_session *s, struct job *j, int64_t now, int64_t retention_s)
{
    enum err rc = job_item_store_count(s, j->id, &j->counts);

    if (rc == ERR_OK)
        rc = job_store_finish(s, j, now, now + retention_s * US_PER_S);
    return rc ? rc : publish_job_completed(s, j, now);
}

/* Somebody else may be ending it just now, or has. */
static enum err CO_FN end_if_done(struct db_session *s, void *arg)
{
    struct job_turn *t = arg;
    struct job *j = t->run.job;
    struct job_counts n;
    bool held;
    enum err rc = job_store_hold(s, j->id, &held);

    if (rc || !held)
        return rc;
    rc = job_item_store_count(s, j->id, &n);
    if (rc || job_pending(&n) > 0)
        return rc;
    j->state = job_outcome(&n);
    if (j->state == JOB_FAILED && j->is_atomic && !j->is_dry_run)
        j->error = STR("Nothing was changed, for not everything could be");
    t->is_progress = true;
    return job_turn_end(s, j, clock_wall_us(), t->retention_s);
}

struct failure {
    struct job_turn *turn;
    const char *why;
};

static enum err CO_FN fail(struct db_session *s, void *arg)
{
    struct failure *f = arg;
    struct job *j = f->turn->run.job;
    int64_t now = clock_wall_us(), skipped;
    bool held;
    enum err rc = job_store_hold(s, j->id, &held);

    if (rc || !held)
        return rc;
    rc = job_item_store_skip(s, j->id, STR("CANCELLED"), STR("The job has failed"), now, &skipped);
    if (rc)
        return rc;
    f->turn->is_progress = true;
    j->state = JOB_FAILED;
    j->error = str_from(f->why);
    return job_turn_end(s, j, now, f->turn->retention_s);
}

static enum err CO_FN fail_job(struct job_turn *t, const char *why)
{
    struct failure f = {t, why};
    struct db_session s;

    open_session(t, &s);
    return db_transact(&s, fail, &f);
}

/* ---- planning ----------------------------------------------------------------------------- */

struct planning {
    struct job_turn *turn;
    const char *problem;
};

static enum err CO_FN plan(struct db_session *s, void *arg)
{
    struct planning *p = arg;
    struct job_turn *t = p->turn;
    struct job *j = t->run.job;
    struct job_batch batch = {0};
    int64_t added = 0;
    bool held;
    enum err rc = job_store_hold(s, j->id, &held);

    p->problem = NULL;
    t->is_progress = false;
    if (rc || !held)
        return rc;
    rc = t->kind->plan(&t->run, s, &batch);
    if (rc || batch.problem) {
        p->problem = batch.problem;
        return rc;
    }
    if (batch.count)
        rc = job_item_store_add(s, j->id, batch.first_ordinal, batch.subjects, batch.count, &added);
    if (rc == ERR_OK)
        rc = job_store_planned(s, j->id, batch.position, batch.is_last, added);
    if (rc)
        return rc;
    t->is_progress = true;
    j->counts.total += added;
    j->is_planned = batch.is_last;
    return ERR_OK;
}

static enum err CO_FN plan_batch(struct job_turn *t)
{
    struct planning p = {.turn = t};
    struct db_session s;
    enum err rc;

    open_session(t, &s);
    rc = db_transact(&s, plan, &p);
    return rc == ERR_OK && p.problem ? fail_job(t, p.problem) : rc;
}

/* ---- items -------------------------------------------------------------------------------- */

static enum err CO_FN run_chunk(struct job_turn *t)
{
    int64_t until = clock_mono_us() + CHUNK_US, last = 0;
    bool found = true;
    enum err rc = ERR_OK;

    for (int n = 0; n < CHUNK_ITEMS && rc == ERR_OK; n++) {
        if (t->run.service->is_draining || clock_mono_us() > until)
            break;
        rc = job_item_run(&t->run, t->kind, &last, &found);
        if (!found)
            break;
        t->is_progress = true;
    }
    return rc;
}

static enum err CO_FN note_progress(struct db_session *s, void *arg)
{
    struct job_turn *t = arg;
    int64_t now = clock_wall_us();
    bool is_due;
    enum err rc = job_store_progress(s, t->run.job, now, &is_due);

    return rc || !is_due ? rc : publish_job_progress(s, t->run.job, now);
}

static enum err CO_FN wrap_up(struct job_turn *t)
{
    struct db_session s;
    enum err rc;

    open_session(t, &s);
    rc = db_transact(&s, note_progress, t);
    if (rc || !t->run.job->is_planned || job_pending(&t->run.job->counts) > 0)
        return rc;
    return db_transact(&s, end_if_done, t);
}

enum err job_turn_run(struct job_turn *t)
{
    struct job *j = t->run.job;
    const char *why = t->kind->prepare(&t->run);
    enum err rc;

    if (why)
        return fail_job(t, why);
    if (!j->is_planned)
        rc = plan_batch(t);
    else if (j->is_atomic && !j->is_dry_run)
        rc = job_run_atomic(&t->run, t->kind, &t->is_progress);
    else
        rc = run_chunk(t);
    return rc || job_is_finished(j->state) ? rc : wrap_up(t);
}
