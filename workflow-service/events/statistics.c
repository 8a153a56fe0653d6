/* Notes and beginnings go into the rollups; until then they are read as they are. */
#include "events/events.h"
#include "log.h"
#include "store/statistics_store.h"

static enum err CO_FN fold(struct db_session *s, void *more)
{
    return statistics_store_fold(s, more);
}

void statistics_job(struct service *s, void *arg)
{
    bool more = true;
    (void)arg;
    while (more && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        enum err rc = db_transact(&session, fold, &more);
        if (rc) {
            log_warn("figures are folded later", LOG_CSTR("reason", err_text(rc)));
            more = false;
        }
        arena_free(a);
    }
}
