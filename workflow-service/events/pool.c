#include "clock.h"
#include "config.h"
#include "events/events.h"
#include "events/publish.h"
#include "log.h"
#include "store/drain_store.h"

#define SLICE_MS 100
#define TELL_AT_ONCE 20

/* ---- one thing at a time, a transaction each ----------------------------------------------- */

struct drain {
    struct cause cause;
    struct drain_pass pass;
    bool is_given;
};

static enum err CO_FN own_one(struct db_session *s, void *arg)
{
    struct drain *d = arg;
    struct ownerless_task t;
    enum err rc = drain_store_owner(s, &d->pass, d->cause.now, &t);
    if (rc)
        return rc;
    log_info("a ticket has found its owner", LOG_STR("ticket_number", t.ticket_number),
             LOG_I("owner_id", t.owner_id));
    return publish_owner(s, &d->cause, t.ticket_number, t.owner_id);
}

static enum err CO_FN assign_one(struct db_session *s, void *arg)
{
    struct drain *d = arg;
    struct pooled_item i;
    enum err rc = drain_store_item(s, &d->pass, d->cause.now, &i, &d->is_given);
    if (rc || !d->is_given)
        return rc;
    log_info("a waiting item has found its assignee", LOG_STR("ticket_number", i.ticket_number),
             LOG_STR("role", i.role), LOG_I("assignee_id", i.assignee_id));
    return publish_assigned(s, &d->cause, &i);
}

static enum err CO_FN tell_some(struct db_session *s, void *arg)
{
    struct drain *d = arg;
    for (int i = 0; i < TELL_AT_ONCE; i++) {
        struct waiting_item w;
        enum err rc = drain_store_tell(s, &w);
        if (rc == ERR_OK)
            rc = publish_pooled(s, &d->cause, &w);
        if (rc)
            return rc == ERR_TASK_NOT_FOUND && i > 0 ? ERR_OK : rc;
    }
    return ERR_OK;
}

/* ---- everything ---------------------------------------------------------------------------- */

/* Until there is nothing left to do of the kind. */
static enum err CO_FN all_of(struct service *s, struct drain *d, db_tx_fn one)
{
    enum err rc = ERR_OK;
    while (rc == ERR_OK && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        cause_from_system(&d->cause);
        rc = db_transact(&session, one, d);
        arena_free(a);
    }
    return rc == ERR_TASK_NOT_FOUND ? ERR_OK : rc;
}

static void CO_FN drain_all(struct service *s)
{
    struct drain d = {.pass.arena = arena_new()};
    enum err rc = all_of(s, &d, own_one);
    if (rc == ERR_OK)
        rc = all_of(s, &d, assign_one);
    if (rc == ERR_OK)
        rc = all_of(s, &d, tell_some);
    arena_free(d.pass.arena);
    if (rc)
        log_warn("waiting work is looked at again later", LOG_CSTR("reason", err_text(rc)));
}

/* ---- when ---------------------------------------------------------------------------------- */

static struct {
    struct co_wait *sleeper; /* NULL while awake */
    bool is_wanted;
} job;

static void wake(void *arg)
{
    (void)arg;
    job.is_wanted = true;
    if (job.sleeper)
        co_wake(job.sleeper, ERR_OK);
}

void pool_wake(struct db_session *s)
{
    db_on_commit(s, wake, NULL);
}

/* In slices, so that stopping is not kept waiting. False: stop. */
static bool CO_FN sleep_until_wanted(const struct service *s, int64_t ms)
{
    int64_t until = clock_mono_us() + ms * US_PER_MS;
    while (!job.is_wanted && !s->is_draining && clock_mono_us() < until) {
        struct co_wait w;
        co_wait_init(&w);
        job.sleeper = &w;
        enum err rc = co_wait(&w, SLICE_MS);
        job.sleeper = NULL;
        if (rc && rc != ERR_TIMEOUT)
            return false;
    }
    return !s->is_draining;
}

void pool_job(struct service *s, void *arg)
{
    const struct workflow_config *cfg = s->own_config;
    (void)arg;
    do {
        job.is_wanted = false;
        drain_all(s);
    } while (sleep_until_wanted(s, cfg->pool_poll_ms));
}
