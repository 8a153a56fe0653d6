#include "cause.h"

#include "actor.h"
#include "clock.h"
#include "mq.h"
#include "req.h"

void cause_from_request(struct cause *c, struct req *r)
{
    const struct actor *a = r->actor;
    *c = (struct cause){
        .actor_id = actor_is_service(a) ? CAUSE_SYSTEM : a->user_id,
        .actor_name = actor_is_service(a) ? a->service : a->name,
        .service = actor_is_service(a) ? a->service : STR_NULL,
        .address = r->peer,
        .now = r->now,
        .time_overridden = r->time_overridden,
        .log = r->log,
        .user_agent = req_header(r, "User-Agent"),
    };
    if (str_is_empty(c->actor_name))
        c->actor_name = a->email.p ? a->email : STR("");
}

void cause_from_delivery(struct cause *c, const struct mq_delivery *d)
{
    *c = (struct cause){
        .actor_id = CAUSE_SYSTEM,
        .actor_name = STR("System"),
        .now = d->now,
        .time_overridden = d->time_overridden,
        .log = d->log,
    };
}

void cause_from_system(struct cause *c)
{
    *c = (struct cause){
        .actor_id = CAUSE_SYSTEM,
        .actor_name = STR("System"),
        .now = clock_wall_us(),
    };
}
