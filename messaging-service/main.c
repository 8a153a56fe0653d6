/* messaging-service: conversations between the people of a ticket, live. */
#include <stdlib.h>

#include "api/presence.h"
#include "api/push.h"
#include "api/typing.h"
#include "clock.h"
#include "deadletter.h"
#include "events/consume.h"
#include "mem.h"
#include "people.h"
#include "routes.h"
#include "state.h"
#include "store/retention_store.h"
#include "write_run.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define PURGE_MS (600 * 1000)

static enum err init(struct service *s)
{
    struct messaging_state *state = MEM_NEW(struct messaging_state);
    s->state = state;
    live_init(&state->live, s, push_missed);
    state->conversations = ws_hub_new();
    state->presence = presence_new(s);
    state->typists = typists_new(s);
    events_declare(s);
    return ERR_OK;
}

struct forgetting {
    int64_t before, count;
};

static enum err CO_FN forget_batch(struct db_session *db, void *arg)
{
    struct forgetting *f = arg;
    return retention_store_messages(db, f->before, &f->count);
}

/* What is kept no longer, batch by batch. */
static void CO_FN purge(struct service *s, void *arg)
{
    int64_t now = clock_wall_us(), retention_s = messaging_config(s)->retention_s;
    struct forgetting f = {.before = now - retention_s * US_PER_S};
    enum err rc = ERR_OK;
    (void)arg;
    do {
        struct arena *a = arena_new();
        struct db_session db;
        db_session_init(&db, s->db, a);
        if (retention_s)
            rc = db_transact(&db, forget_batch, &f);
        if (rc == ERR_OK && !f.count)
            rc = write_purge(&db, now);
        arena_free(a);
    } while (rc == ERR_OK && f.count && !s->is_draining);
    if (rc)
        log_warn("not everything that is kept no longer was removed",
                 LOG_CSTR("error", err_code(rc)));
}

/* What runs in the background from now on. */
static void start_timers(struct service *s)
{
    struct messaging_state *state = messaging_state(s);
    if (state->has_started)
        return;
    state->has_started = true;
    presence_start(state->presence);
    typists_start(state->typists);
    service_every(s, PURGE_MS, "purge", purge, NULL);
}

static enum err CO_FN start(struct service *s)
{
    enum err rc = push_begin(&messaging_state(s)->live);
    if (rc == ERR_OK)
        rc = deadletters_start(s);
    if (rc == ERR_OK)
        rc = people_sync(s);
    if (rc == ERR_OK)
        start_timers(s);
    return rc;
}

static void CO_FN stop(struct service *s)
{
    live_stop(&messaging_state(s)->live);
    presence_stop(messaging_state(s)->presence);
}

static void release(struct service *s)
{
    struct messaging_state *state = messaging_state(s);
    live_release(&state->live);
    ws_hub_free(state->conversations);
    presence_free(state->presence);
    typists_free(state->typists);
    free(state);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const MIGRATIONS[] = {
        PEOPLE_MIGRATIONS, DEADLETTER_MIGRATIONS, WRITE_MIGRATIONS, SERVICE_MIGRATIONS, NULL};
    static const struct route *const ROUTES[] = {
        CONVERSATION_ROUTES, MESSAGE_ROUTES, TICKET_ROUTES, SOCKET_ROUTES, DEADLETTER_ROUTES, NULL};
    static const struct service_command COMMANDS[] = {DEADLETTER_COMMAND, {0}};
    static const struct service_desc DESC = {
        .name = "messaging-service",
        .schema = "messaging",
        .default_port = 1002,
        .settings = MESSAGING_SETTINGS,
        .config_size = sizeof(struct messaging_config),
        .routes = ROUTES,
        .migrations = MIGRATIONS,
        .init = init,
        .start = start,
        .stop = stop,
        .release = release,
        .commands = COMMANDS,
    };
    return service_main(argc, argv, &DESC);
}
