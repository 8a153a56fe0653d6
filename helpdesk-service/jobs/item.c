#include "jobs/item.h"

#include "clock.h"
#include "service.h"
#include "store/actor_store.h"

bool job_error_passes(enum err e)
{
    return e == ERR_SERVICE_UNAVAILABLE || e == ERR_SERIALIZATION || e == ERR_CANCELLED;
}

void job_item_fail(struct job_item *i, enum err e, const char *message, int64_t now)
{
    i->state = JOB_ITEM_FAILED;
    i->code = str_from(err_code(e));
    i->message = str_from(message ? message : err_text(e));
    i->changes_json = STR_NULL;
    i->at = now;
}

enum err job_actor(const struct job_run *run, struct db_session *s, struct actor *room,
                   const struct actor **out)
{
    enum err rc = actor_store_get(s, run->job->created_by, room);

    *out = NULL;
    if (rc)
        return rc == ERR_FORBIDDEN ? ERR_OK : rc;
    room->scope = run->job->scope;
    *out = room;
    return ERR_OK;
}

enum err job_item_deal(struct job_run *run, const struct job_kind *kind, struct db_session *s,
                       const struct actor *actor, struct job_item *i)
{
    struct job_outcome o = {.refusal = ERR_FORBIDDEN, .version = JOB_NONE};
    enum err rc = ERR_OK;

    if (actor) {
        o.refusal = ERR_OK;
        rc = kind->item(run, s, actor, i->subject, &o);
    }
    i->state = JOB_ITEM_DONE;
    i->version = o.version;
    i->changes_json = o.changes_json;
    i->at = clock_wall_us();
    if (o.refusal)
        job_item_fail(i, o.refusal, o.message, i->at);
    return rc;
}

struct dealing {
    struct job_run *run;
    const struct job_kind *kind;
    int64_t after;
    struct job_item item;
    bool found;
};

static enum err CO_FN deal(struct db_session *s, void *arg)
{
    struct dealing *d = arg;
    const struct actor *actor;
    struct actor room;
    enum err rc = job_item_store_claim(s, d->run->job->id, d->after, &d->item, &d->found);

    if (rc || !d->found)
        return rc;
    rc = job_actor(d->run, s, &room, &actor);
    if (rc == ERR_OK)
        rc = job_item_deal(d->run, d->kind, s, actor, &d->item);
    return rc ? rc : job_item_store_put(s, d->run->job->id, &d->item);
}

/* What the database refuses now it would refuse again. */
static enum err CO_FN give_up(struct db_session *s, struct dealing *d, enum err why)
{
    log_warn("an item of a job failed", LOG_STR("job", d->run->job->id),
             LOG_STR("subject", d->item.subject), LOG_CSTR("error", err_code(why)));
    job_item_fail(&d->item, why, NULL, clock_wall_us());
    return job_item_store_put(s, d->run->job->id, &d->item);
}

enum err job_item_run(struct job_run *run, const struct job_kind *kind, int64_t *last, bool *found)
{
    struct dealing d = {.run = run, .kind = kind, .after = *last};
    struct arena *a = arena_new();
    struct db_session s;
    enum err rc;

    db_session_init(&s, run->service->db, a);
    rc = db_transact(&s, deal, &d);
    if (rc && d.found && !job_error_passes(rc))
        rc = give_up(&s, &d, rc);
    *found = d.found;
    *last = d.item.ordinal;
    arena_free(a);
    return rc;
}
