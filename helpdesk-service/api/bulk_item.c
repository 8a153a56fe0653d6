#include "api/bulk_item.h"

#include "api/bulk_change.h"
#include "api/bulk_schemas.h"
#include "api/bulk_select.h"
#include "cause.h"
#include "clock.h"
#include "service.h"
#include "state.h"
#include "store/ticket_store.h"

static const char *prepare(struct job_run *run)
{
    struct bulk_body *b = ARENA_NEW(run->arena, struct bulk_body);
    struct json_problem *problems;
    const struct json *params;
    const char *why;

    if (json_parse(run->arena, run->job->params, &params, &why) ||
        json_decode(run->arena, &BULK_BODY, params, b, &problems))
        return "The order cannot be read";
    run->order = b;
    return NULL;
}

static struct cause cause_of(const struct job *j, const struct actor *actor)
{
    struct str name = actor->name.len ? actor->name : j->created_by_name;

    return (struct cause){
        .actor_id = actor->user_id,
        .actor_name = name.p ? name : STR(""),
        .now = clock_wall_us(),
        .log = {.trace_id = j->trace_id, .request_id = j->request_id, .user_id = actor->user_id},
    };
}

static enum err refuse_item(struct job_outcome *out, enum err e, const char *message)
{
    out->refusal = e;
    out->message = message;
    return ERR_OK;
}

static enum err CO_FN item(struct job_run *run, struct db_session *s, const struct actor *actor,
                           struct str subject, struct job_outcome *out)
{
    const struct bulk_body *b = run->order;
    struct cause cause = cause_of(run->job, actor);
    struct bulk_change x = {
        .helpdesk = run->service->state, .session = s, .actor = actor, .cause = &cause};
    enum err rc = ticket_store_lock_number(s, subject, actor->user_id, &x.before);

    if (rc == ERR_TICKET_NOT_FOUND)
        return refuse_item(out, rc, NULL);
    if (rc)
        return rc;
    if (!ticket_may_view(actor, &x.before) || !actor_may(actor, PERM_TICKET_COMMENT))
        return refuse_item(out, ERR_FORBIDDEN, NULL);
    rc = bulk_change_decide(&x, b);
    if (rc || x.refusal)
        return rc ? rc : refuse_item(out, x.refusal, x.message);
    out->version = x.before.version;
    if (run->job->is_dry_run) {
        out->changes_json = bulk_change_describe(&x);
        return ERR_OK;
    }
    rc = bulk_change_write(&x, b->reason);
    out->version = x.after.version;
    return rc;
}

const struct job_kind BULK_JOB = {
    .name = "ticket.bulk", .prepare = prepare, .plan = bulk_select_batch, .item = item};
