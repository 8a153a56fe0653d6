#include "people.h"
#include "events/events.h"
#include "log.h"
#include "store/pool_store.h"

/* Whoever left a role hands back its work; whoever gained one may be awaited. */
static enum err CO_FN on_changed(struct mq_delivery *d, const struct event_user *u)
{
    struct cause c;
    int64_t released;
    cause_from_delivery(&c, d);
    enum err rc = pool_store_release(d->db, u->id, c.now, &released);
    if (rc)
        return rc;
    if (released)
        log_info("work handed back by somebody who lost a role", LOG_I("person_id", u->id),
                 LOG_I("count", released));
    pool_wake(d->db);
    return ERR_OK;
}

void people_follow(struct service *s)
{
    people_consume(s, on_changed);
}
