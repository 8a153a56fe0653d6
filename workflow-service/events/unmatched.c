/* Tickets that no workflow had taken, once the rules have changed. */
#include "api/unmatched.h"
#include "events/events.h"

#define BATCH 50

struct round {
    struct cause cause;
    int64_t looked;
};

static enum err CO_FN match_round(struct db_session *s, void *arg)
{
    struct round *r = arg;
    return unmatched_match(s, &r->cause, BATCH, &r->looked);
}

void unmatched_job(struct service *s, void *arg)
{
    struct round r = {.looked = 1};
    while (r.looked > 0 && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        cause_from_system(&r.cause);
        enum err rc = db_transact(&session, match_round, &r);
        arena_free(a);
        if (rc)
            return;
    }
}
