#include "jobs/atomic.h"

#include "clock.h"
#include "jobs/item.h"
#include "service.h"

struct attempt {
    struct job_run *run;
    const struct job_kind *kind;
    struct job_item *items;
    size_t count;
    bool held, is_refused;
};

/* Errors of the database end the transaction: what comes after such an item is not looked at. */
static enum err CO_FN deal_with_all(struct attempt *x, struct db_session *s,
                                    const struct actor *actor)
{
    for (size_t i = 0; i < x->count; i++) {
        enum err rc = job_item_deal(x->run, x->kind, s, actor, &x->items[i]);

        if (rc && job_error_passes(rc))
            return rc;
        if (rc)
            job_item_fail(&x->items[i], rc, NULL, clock_wall_us());
        x->is_refused |= x->items[i].state == JOB_ITEM_FAILED;
        if (rc)
            break;
    }
    return ERR_OK;
}

static enum err CO_FN attempt(struct db_session *s, void *arg)
{
    struct attempt *x = arg;
    struct str job_id = x->run->job->id;
    const struct actor *actor;
    struct actor room;
    enum err rc = job_store_hold(s, job_id, &x->held);

    x->is_refused = false;
    if (rc || !x->held)
        return rc;
    rc = job_item_store_claim_all(s, job_id, &x->items, &x->count);
    if (rc == ERR_OK)
        rc = job_actor(x->run, s, &room, &actor);
    if (rc == ERR_OK)
        rc = deal_with_all(x, s, actor);
    if (rc == ERR_OK && x->is_refused)
        return ERR_CONFLICT; /* takes back what was written */
    for (size_t i = 0; i < x->count && rc == ERR_OK; i++)
        rc = job_item_store_put(s, job_id, &x->items[i]);
    return rc;
}

static enum err CO_FN record(struct db_session *s, void *arg)
{
    struct attempt *x = arg;
    struct str job_id = x->run->job->id;
    int64_t skipped;
    enum err rc = ERR_OK;

    for (size_t i = 0; i < x->count && rc == ERR_OK; i++)
        if (x->items[i].state == JOB_ITEM_FAILED)
            rc = job_item_store_put(s, job_id, &x->items[i]);
    return rc ? rc
              : job_item_store_skip(s, job_id, STR("ROLLED_BACK"),
                                    STR("Another item of the job could not be done"),
                                    clock_wall_us(), &skipped);
}

enum err job_run_atomic(struct job_run *run, const struct job_kind *kind, bool *is_progress)
{
    struct attempt x = {.run = run, .kind = kind};
    struct db_session s;
    enum err rc;

    db_session_init(&s, run->service->db, run->arena);
    rc = db_transact(&s, attempt, &x);
    *is_progress = x.held && x.count > 0;
    if (rc && x.is_refused)
        rc = db_transact(&s, record, &x);
    return rc;
}
