#include "api/escalation.h"

#include "events/publish.h"
#include "log.h"
#include "store/owner_store.h"
#include "store/pool_store.h"

#define REASON STR("The deadline has passed")

enum err escalate_owner(struct db_session *s, const struct cause *c, struct str ticket_number)
{
    struct ownership before;
    struct owner_change change = {
        .is_escalation = true, .actor_id = CAUSE_SYSTEM, .reason = REASON, .now = c->now};
    struct str name;
    enum err rc = owner_store_lock(s, ticket_number, CAUSE_SYSTEM, &before);
    if (rc || before.facts.is_escalated || !task_status_is_running(before.facts.task))
        return rc;
    int64_t except = before.facts.owner_id == NO_PERSON ? 0 : before.facts.owner_id;
    rc = owner_store_pick_admin(s, &before, except, c->now, &change.new_owner_id, &name);
    if (rc == ERR_USER_NOT_FOUND) {
        log_warn("nobody can take a ticket whose deadline has passed",
                 LOG_STR("ticket_number", ticket_number));
        return ERR_OK;
    }
    if (rc == ERR_OK)
        rc = owner_store_change(s, &before, &change);
    return rc ? rc : publish_owner(s, c, ticket_number, change.new_owner_id);
}

enum err escalate_step(struct db_session *s, const struct cause *c, int64_t task_id)
{
    struct pooled_item i;
    enum err rc = pool_store_escalate(s, task_id, REASON, c->now, &i);
    if (rc == ERR_TASK_NOT_FOUND) {
        log_warn("nobody can take a step whose deadline has passed", LOG_I("task_id", task_id));
        return ERR_OK;
    }
    return rc ? rc : publish_assigned(s, c, &i);
}
