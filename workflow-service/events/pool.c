#include "events/events.h"
#include "events/publish.h"
#include "log.h"
#include "store/pool_store.h"

#define ROUND 20

static enum err CO_FN assign_one(struct db_session *s, const struct cause *c)
{
    struct pooled_item i;
    enum err rc = pool_store_assign(s, c->now, &i);
    if (rc)
        return rc;
    log_info("a waiting item has found its assignee", LOG_STR("ticket_number", i.ticket_number),
             LOG_STR("role", i.role), LOG_I("assignee_id", i.assignee_id));
    return publish_assigned(s, c, &i);
}

static enum err CO_FN own_one(struct db_session *s, const struct cause *c)
{
    struct ownerless_task t;
    enum err rc = pool_store_own(s, c->now, &t);
    if (rc)
        return rc;
    log_info("a ticket has found its owner", LOG_STR("ticket_number", t.ticket_number),
             LOG_I("owner_id", t.owner_id));
    return publish_owner(s, c, t.ticket_number, t.owner_id);
}

/* Owners before assignees, the order in which a ticket's start takes the cursors. */
enum err pool_drain(struct db_session *s, const struct cause *c, int limit, int *given)
{
    static enum err (*const STEPS[])(struct db_session * s, const struct cause *c) = {own_one,
                                                                                      assign_one};
    *given = 0;
    for (size_t k = 0; k < sizeof STEPS / sizeof STEPS[0]; k++) {
        for (int i = 0; i < limit; i++) {
            enum err rc = STEPS[k](s, c);
            if (rc == ERR_TASK_NOT_FOUND)
                break;
            if (rc)
                return rc;
            ++*given;
        }
    }
    return ERR_OK;
}

struct round {
    struct cause cause;
    int given;
};

static enum err CO_FN drain_round(struct db_session *s, void *arg)
{
    struct round *r = arg;
    return pool_drain(s, &r->cause, ROUND, &r->given);
}

void pool_job(struct service *s, void *arg)
{
    struct round r = {.given = ROUND};
    while (r.given >= ROUND && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        cause_from_system(&r.cause);
        enum err rc = db_transact(&session, drain_round, &r);
        arena_free(a);
        if (rc)
            return;
    }
}
