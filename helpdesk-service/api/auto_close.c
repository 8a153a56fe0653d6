#include "api/auto_close.h"

#include "api/change.h"
#include "clock.h"
#include "service.h"
#include "state.h"
#include "store/ticket_store.h"

#define LOOK_MIN_MS 250
#define LOOK_MAX_MS 60000

struct closing {
    int64_t untouched_since;
    bool found;
};

/* One ticket a transaction: a crash loses no more than one, which is due again at once. */
static enum err CO_FN close_one(struct db_session *s, void *arg)
{
    struct closing *x = arg;
    struct ticket before, after;
    struct ticket_news news = {&before, &after, .reason = STR("closed automatically"),
                               .tells_workflow = true};
    struct cause cause;
    enum err rc = ticket_store_lock_resolved(s, x->untouched_since, &before);

    x->found = rc == ERR_OK;
    if (rc == ERR_TICKET_NOT_FOUND)
        return ERR_OK;
    if (rc)
        return rc;
    cause_from_system(&cause);
    after = before;
    ticket_set_status(&after, TICKET_STATUS_CLOSED, cause.now);
    return change_apply(s, &news, &after, &cause);
}

static void CO_FN look(struct service *s, void *arg)
{
    struct helpdesk *h = s->state;
    struct closing x = {.found = true};
    enum err rc = ERR_OK;

    while (x.found && rc == ERR_OK) {
        struct arena *a = arena_new();
        struct db_session session;

        x.untouched_since = clock_wall_us() - h->config->auto_close_s * US_PER_S;
        db_session_init(&session, s->db, a);
        rc = db_transact(&session, close_one, &x);
        arena_free(a);
    }
    if (rc)
        log_warn("resolved tickets are closed later", LOG_CSTR("error", err_code(rc)));
}

void auto_close_start(struct service *s)
{
    struct helpdesk *h = s->state;
    int64_t every_ms = h->config->auto_close_s * 100; /* a tenth of the time */

    if (h->config->auto_close_s == 0)
        return;
    every_ms = every_ms < LOOK_MIN_MS ? LOOK_MIN_MS : every_ms;
    service_every(s, (int)(every_ms > LOOK_MAX_MS ? LOOK_MAX_MS : every_ms), "auto-close", look,
                  NULL);
}
