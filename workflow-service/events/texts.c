/* New tickets go into the index they are searched by; until then they are looked through. */
#include "clock.h"
#include "events/events.h"
#include "log.h"
#include "store/text_store.h"

void texts_job(struct service *s, void *arg)
{
    bool more = true;
    (void)arg;
    while (more && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;
        db_session_init(&session, s->db, a);
        enum err rc = text_store_sort(&session, clock_wall_us(), &more);
        if (rc) {
            log_warn("new texts are sorted in later", LOG_CSTR("reason", err_text(rc)));
            more = false;
        }
        arena_free(a);
    }
}
