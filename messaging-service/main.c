/* messaging-service: conversations between the people of a ticket, live. */
#include <stdlib.h>

#include "api/push.h"
#include "events/consume.h"
#include "mem.h"
#include "people.h"
#include "routes.h"
#include "state.h"
#include "ws.h"

extern const struct db_migration SERVICE_MIGRATIONS[];

#define STOP_TIMEOUT_MS 5000
#define TOKEN_CHECK_MS 1000

static enum err init(struct service *s)
{
    struct messaging_state *state = MEM_NEW(struct messaging_state);
    s->state = state;
    state->people = ws_hub_new();
    state->conversations = ws_hub_new();
    events_declare(s);
    push_init(s);
    return ERR_OK;
}

static enum err CO_FN start(struct service *s)
{
    enum err rc = push_begin(s);
    if (rc == ERR_OK)
        rc = people_sync(s);
    if (rc == ERR_OK)
        service_every(s, TOKEN_CHECK_MS, "token check", push_check_tokens, NULL);
    return rc;
}

static void CO_FN stop(struct service *s)
{
    (void)s;
    ws_close_all(WS_GOING_AWAY);
    for (int waited = 0; waited < STOP_TIMEOUT_MS && ws_count() > 0; waited += 10)
        if (co_sleep_ms(10) != ERR_OK)
            break;
}

static void release(struct service *s)
{
    struct messaging_state *state = messaging_state(s);
    ws_hub_free(state->people);
    ws_hub_free(state->conversations);
    free(state);
}

int main(int argc, char **argv)
{
    static const struct db_migration *const MIGRATIONS[] = {PEOPLE_MIGRATIONS, SERVICE_MIGRATIONS,
                                                            NULL};
    static const struct service_desc DESC = {
        .name = "messaging-service",
        .schema = "messaging",
        .default_port = 1002,
        .routes = MESSAGING_ROUTES,
        .migrations = MIGRATIONS,
        .init = init,
        .start = start,
        .stop = stop,
        .release = release,
    };
    return service_main(argc, argv, &DESC);
}
