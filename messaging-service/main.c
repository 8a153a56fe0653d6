/* messaging-service: conversations between the people of a ticket, live. */
#include <stdlib.h>

#include "api/push.h"
#include "deadletter.h"
#include "events/consume.h"
#include "mem.h"
#include "people.h"
#include "routes.h"
#include "state.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

static enum err init(struct service *s)
{
    struct messaging_state *state = MEM_NEW(struct messaging_state);
    s->state = state;
    live_init(&state->live, s, push_missed);
    state->conversations = ws_hub_new();
    events_declare(s);
    return ERR_OK;
}

static enum err CO_FN start(struct service *s)
{
    enum err rc = push_begin(&messaging_state(s)->live);
    if (rc == ERR_OK)
        rc = deadletters_start(s);
    return rc ? rc : people_sync(s);
}

static void CO_FN stop(struct service *s)
{
    live_stop(&messaging_state(s)->live);
}

static void release(struct service *s)
{
    struct messaging_state *state = messaging_state(s);
    live_release(&state->live);
    ws_hub_free(state->conversations);
    free(state);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const MIGRATIONS[] = {
        PEOPLE_MIGRATIONS, DEADLETTER_MIGRATIONS, SERVICE_MIGRATIONS, NULL};
    static const struct route *const ROUTES[] = {MESSAGING_ROUTES, DEADLETTER_ROUTES, NULL};
    static const struct service_command COMMANDS[] = {DEADLETTER_COMMAND, {0}};
    static const struct service_desc DESC = {
        .name = "messaging-service",
        .schema = "messaging",
        .default_port = 1002,
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
